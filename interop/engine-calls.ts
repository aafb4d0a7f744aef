import type { EngineCall } from './json-rpc.ts';

const zero = `0x${'00'.repeat(32)}`;
const other = `0x${'11'.repeat(32)}`;
/** A forkchoice state with a head only. */
export const headOnly = (head: string) => ({
  headBlockHash: head,
  safeBlockHash: zero,
  finalizedBlockHash: zero,
});

type Payload = Record<string, unknown> & { transactions: string[]; blockHash: string };

/** Parameters of a newPayload: payload, versioned hashes, parent beacon block root, requests. */
export function paramsOf(call: EngineCall | undefined) {
  return (call?.params ?? []) as readonly [Payload, string[], string, string[]];
}

export type Call = readonly [method: string, params: readonly unknown[]];

/** Calls that need no execution, with valid and invalid parameters. */
export function callsOf(payloads: readonly EngineCall[]): Call[] {
  const [amsterdam, hashes, root, requests] = paramsOf(payloads[600]);
  const [prague, , pragueRoot, pragueRequests] = paramsOf(payloads[15]);
  const [bpo2, bpo2Hashes, bpo2Root, bpo2Requests] = paramsOf(payloads[35]);
  const [cancun, blobs, cancunRoot] = paramsOf(payloads[11]);
  const [shanghai] = paramsOf(payloads[5]);
  const v5 = (...params: unknown[]): Call => ['newPayloadV5', params];
  const v4 = (...params: unknown[]): Call => ['newPayloadV4', params];
  const v3 = (...params: unknown[]): Call => ['newPayloadV3', params];
  const changed = (change: object): Call => v5({ ...amsterdam, ...change }, hashes, root, requests);
  const without = (field: string): Call => changed({ [field]: undefined });
  const choose = (version: number, state: unknown, ...more: unknown[]): Call => [
    `forkchoiceUpdatedV${version}`,
    [state, ...more],
  ];
  const unknown = headOnly(amsterdam.blockHash);
  return [
    v5(amsterdam, hashes, root, requests),
    v4(bpo2, bpo2Hashes, bpo2Root, bpo2Requests),
    v4(prague, [], pragueRoot, pragueRequests),
    v3(cancun, blobs, cancunRoot),
    ['newPayloadV2', [shanghai]],

    // A block that does not match its hash.
    ...['parentHash', 'stateRoot', 'receiptsRoot', 'prevRandao', 'blockHash'].map((field) =>
      changed({ [field]: other }),
    ),
    changed({ slotNumber: '0x1' }),
    changed({ gasUsed: '0x1' }),
    changed({ transactions: [] }),
    changed({
      withdrawals: [{ index: '0x1', validatorIndex: '0x1', address: `0x${'11'.repeat(20)}`, amount: '0x1' }],
    }),
    changed({ blockAccessList: '0xc0' }),
    v5(amsterdam, hashes, other, requests),
    v5(amsterdam, hashes, root, ['0x0001']),
    v4(prague, [], pragueRoot, []),

    // Payloads that cannot be read.
    changed({ blockAccessList: '0x' }),
    changed({ blockAccessList: '0x80' }),
    changed({ blockAccessList: '0xc1' }),
    changed({ transactions: ['0x'] }),
    changed({ transactions: ['0xc0'] }),
    changed({ transactions: [...amsterdam.transactions, '0x05c0'] }),
    changed({ extraData: `0x${'00'.repeat(33)}` }),

    // Versioned hashes.
    v5(amsterdam, [...hashes, other], root, requests),
    v3(cancun, [], cancunRoot),
    v3(cancun, [...blobs, ...blobs], cancunRoot),
    v3(cancun, [other, ...blobs.slice(1)], cancunRoot),
    v3(cancun, [`0x02${blobs[0]?.slice(4)}`, ...blobs.slice(1)], cancunRoot),

    // Requests.
    v5(amsterdam, hashes, root, ['0x']),
    v5(amsterdam, hashes, root, ['0x01']),
    v5(amsterdam, hashes, root, ['0x0102', '0x0003']),
    v5(amsterdam, hashes, root, ['0x0102', '0x0103']),
    v5(amsterdam, hashes, root, null),

    // Structure.
    ...['withdrawals', 'blobGasUsed', 'excessBlobGas', 'blockAccessList', 'slotNumber'].flatMap((field) => [
      without(field),
      changed({ [field]: null }),
    ]),
    without('stateRoot'),
    changed({ gasUsed: '0x01' }),
    changed({ gasUsed: 1 }),
    changed({ stateRoot: '0x11' }),
    changed({ blockAccessList: '0xc' }),
    changed({ transactions: null }),
    v5(amsterdam, hashes, root),
    v5(amsterdam, hashes),
    v5(amsterdam),
    v5(),
    v5(amsterdam, hashes, root, requests, null),
    v5(amsterdam, null, root, requests),
    v5(amsterdam, hashes, null, requests),

    // Methods and forks.
    v4(amsterdam, hashes, root, requests),
    v4({ ...bpo2, slotNumber: '0x1' }, bpo2Hashes, bpo2Root, bpo2Requests),
    v4({ ...bpo2, blockAccessList: '0xc0' }, bpo2Hashes, bpo2Root, bpo2Requests),
    v4(cancun, blobs, cancunRoot, []),
    v5({ ...bpo2, slotNumber: '0x1', blockAccessList: '0xc0' }, bpo2Hashes, bpo2Root, []),
    v5(bpo2, bpo2Hashes, bpo2Root, bpo2Requests),
    v3(amsterdam, hashes, root),
    v3(bpo2, bpo2Hashes, bpo2Root),
    v3(shanghai, [], root),
    ['newPayloadV1', [shanghai]],
    ['newPayloadV1', [amsterdam]],
    ['newPayloadV2', [{ ...shanghai, withdrawals: null }]],
    ['getNothingV1', []],

    // Forkchoice: an unknown head, and no head.
    ...[1, 2, 3, 4].flatMap((version) => [
      choose(version, unknown, null),
      choose(version, unknown),
      choose(version, headOnly(zero), null),
      choose(version, 7, null),
      choose(version, { ...unknown, headBlockHash: '0x11' }, null),
    ]),
    ['forkchoiceUpdatedV3', []],
    ['forkchoiceUpdatedV4', []],
    choose(4, unknown, null, null),
    choose(4, unknown, null, `0x${'ff'.repeat(16)}`),
    choose(4, unknown, null, `0x${'00'.repeat(16)}`),
    choose(4, unknown, null, `0x${'ff'.repeat(15)}`),
    choose(4, unknown, null, `0x${'ff'.repeat(17)}`),
    choose(4, unknown, null, '0x'),
    choose(4, unknown, null, 7),
    choose(4, unknown, null, null, null),
    choose(3, unknown, null, null),

    // Bodies of unknown blocks.
    ['getPayloadBodiesByHashV1', [[amsterdam.blockHash, other]]],
    ['getPayloadBodiesByHashV2', [[amsterdam.blockHash, other]]],
    ['getPayloadBodiesByHashV1', [[]]],
    ['getPayloadBodiesByRangeV1', ['0x1', '0x10']],
    ['getPayloadBodiesByRangeV2', ['0x1', '0x10']],
    ['getPayloadBodiesByRangeV1', ['0x0', '0x10']],
    ['getPayloadBodiesByRangeV1', ['0x1', '0x0']],
    ['getPayloadBodiesByRangeV1', ['0x1', '0x401']],
    ['getPayloadBodiesByRangeV2', ['0x1', '0x401']],
    ['getPayloadBodiesByRangeV1', [1, 16]],
    ['getPayloadBodiesByRangeV1', ['0x1']],
    [
      'exchangeTransitionConfigurationV1',
      [
        {
          terminalTotalDifficulty: '0x20000',
          terminalBlockHash: zero,
          terminalBlockNumber: '0x0',
        },
      ],
    ],
    ['exchangeCapabilities', [7]],
    ['exchangeCapabilities', []],
  ];
}

/** Calls that our node answers differently from geth. */
export function differencesOf(
  payloads: readonly EngineCall[],
): { call: Call; geth: string; ours: string; reason: string }[] {
  const [amsterdam] = paramsOf(payloads[600]);
  const [cancun] = paramsOf(payloads[11]);
  const headAlone = { headBlockHash: amsterdam.blockHash };
  return [
    {
      call: ['newPayloadV2', [{ ...cancun, blobGasUsed: undefined, excessBlobGas: undefined }]],
      geth: '-32602',
      ours: '-38005',
      reason: 'the specification names this code for a time after the method',
    },
    ...[1, 2, 3, 4].map((version) => ({
      call: [`forkchoiceUpdatedV${version}`, [headAlone, null]] as Call,
      geth: 'SYNCING',
      ours: '-32602',
      reason: 'all three hashes of a forkchoice state are required',
    })),
  ];
}
