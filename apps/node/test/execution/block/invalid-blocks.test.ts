import { toHex } from '@devp2p/bytes';
import type { Header } from '@devp2p/eth';
import { describe, expect, test } from 'vitest';
import type { BlockErrorCode } from '../../../src/errors/chain-error.ts';
import { encodeFields } from '../../chain/make-blocks.ts';
import { addressOf, groupOrder, keyOf, signTransaction, type TransactionFields } from './transactions.ts';
import { type Allocation, type Era, rich, richKey, World } from './world.ts';

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const other = bytes(20, 7);
const transfer = (fields: TransactionFields = {}): Uint8Array =>
  signTransaction(richKey, { to: other, value: 1n, ...fields });
const blob = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 5));

const eras = ['work', 'merge', 'shanghai', 'cancun', 'prague', 'osaka', 'amsterdam'] as const;

describe('the header', () => {
  test.each(eras)('ND-07 a block that was built in %s is valid', async (era) => {
    const world = new World(era);
    const { header, body, result } = await world.build({ transactions: [transfer(), transfer({ nonce: 1n })] });
    expect(result.receipts.length).toBe(2);
    expect(await world.check(header, body, result.accessList)).toBeUndefined();
  });

  const wrong: readonly (readonly [keyof Header, BlockErrorCode, Era, unknown])[] = [
    ['stateRoot', 'state-root', 'work', bytes(32)],
    ['stateRoot', 'state-root', 'amsterdam', bytes(32)],
    ['receiptsRoot', 'receipts-root', 'merge', bytes(32)],
    ['logsBloom', 'bloom', 'merge', bytes(256)],
    ['gasUsed', 'gas-used', 'merge', 41_999],
    ['gasUsed', 'gas-used', 'amsterdam', 42_000],
    ['blobGasUsed', 'blob-gas', 'cancun', 131_072],
    ['requestsHash', 'requests-hash', 'prague', bytes(32)],
    ['blockAccessListHash', 'access-list', 'amsterdam', bytes(32)],
  ];
  test.each(wrong)('ND-07 a wrong %s is refused: %s in %s', async (field, code, era, value) => {
    const world = new World(era);
    const { header, body } = await world.build({ transactions: [transfer(), transfer({ nonce: 1n })] });
    const error = await world.check(world.nextHeader({ ...header, [field]: value }), body);
    expect(error).toMatchObject({ code, number: 1 });
  });

  test('FK-06 a received access list that differs from the execution is refused', async () => {
    const world = new World('amsterdam');
    const { header, body, result } = await world.build({ transactions: [transfer()] });
    const list = (result.accessList as Uint8Array).slice();
    list[30] = (list[30] as number) ^ 1;
    expect(await world.check(header, body, list)).toMatchObject({ code: 'access-list' });
  });

  test('FK-06 an access list has at most one item per 2,000 gas of the block', async () => {
    const world = new World('amsterdam', { fields: { gasLimit: 60_000 } });
    const withdrawals = (count: number) =>
      Array.from({ length: count }, (_, i) => [Uint8Array.of(...bytes(18), i >> 8, i & 255), 1] as const);
    // The contracts of the protocol and their slots are items as well.
    const { accessListSize } = (await world.build()).result;
    const most = 30 - accessListSize;
    expect(most).toBeGreaterThan(0);
    const valid = await world.build({ withdrawals: withdrawals(most) });
    expect(await world.check(valid.header, valid.body)).toBeUndefined();
    const large = await world.build({ withdrawals: withdrawals(most + 1) });
    expect(await world.check(large.header, large.body)).toMatchObject({ code: 'access-list-size' });
  });
});

interface InvalidTransaction {
  readonly title: string;
  readonly code: BlockErrorCode;
  readonly era: Era;
  readonly transactions: readonly Uint8Array[];
  readonly alloc?: Record<string, Allocation>;
  readonly fields?: Partial<Record<keyof Header, unknown>>;
  readonly genesis?: Record<string, unknown>;
}

const poorKey = keyOf(2);
const poor = toHex(addressOf(poorKey));
const tooHigh = '0xffffffffffffffff';

const invalid: readonly InvalidTransaction[] = [
  {
    title: 'r of 0',
    code: 'signature',
    era: 'merge',
    transactions: [transfer({ signature: (signature) => ({ ...signature, r: 0n }) })],
  },
  {
    title: 'an s in the upper half',
    code: 'signature',
    era: 'merge',
    transactions: [transfer({ signature: ({ parity, r, s }) => ({ parity: 1n - parity, r, s: groupOrder - s }) })],
  },
  {
    title: 'a parity of 2',
    code: 'signature',
    era: 'merge',
    transactions: [transfer({ type: 2, signature: (signature) => ({ ...signature, parity: 2n }) })],
  },
  {
    title: 'replay protection before EIP-155',
    code: 'signature',
    era: 'work',
    genesis: { config: { ...Object.fromEntries(forksFrom('eip155').map((name) => [`${name}Block`, 5])) } },
    transactions: [transfer()],
  },
  {
    title: 'the chain id of another chain',
    code: 'chain-id',
    era: 'merge',
    transactions: [transfer({ chainId: 1n })],
  },
  {
    title: 'the chain id of another chain, typed',
    code: 'chain-id',
    era: 'merge',
    transactions: [transfer({ type: 1, chainId: 1n })],
  },
  {
    title: 'a nonce that is too high',
    code: 'transaction-nonce',
    era: 'merge',
    transactions: [transfer({ nonce: 1n })],
  },
  {
    title: 'a nonce that was used',
    code: 'transaction-nonce',
    era: 'merge',
    transactions: [transfer(), transfer()],
  },
  {
    title: 'the maximum of a nonce',
    code: 'transaction-nonce',
    era: 'merge',
    alloc: { [poor]: { balance: '0xde0b6b3a7640000', nonce: tooHigh } },
    transactions: [signTransaction(poorKey, { to: other, nonce: 2n ** 64n - 1n })],
  },
  {
    title: 'a contract as sender',
    code: 'sender-code',
    era: 'merge',
    alloc: { [poor]: { balance: '0xde0b6b3a7640000', code: '0x00' } },
    transactions: [signTransaction(poorKey, { to: other })],
  },
  {
    title: 'a sender without a balance',
    code: 'balance',
    era: 'merge',
    transactions: [signTransaction(poorKey, { to: other })],
  },
  {
    title: 'a balance for the present fees, but not for the highest',
    code: 'balance',
    era: 'merge',
    alloc: { [poor]: { balance: `0x${(21_000n * 2_000_000_000n).toString(16)}` } },
    transactions: [signTransaction(poorKey, { type: 2, to: other, gas: 21_000n, maxFeePerGas: 2_000_000_001n })],
  },
  {
    title: 'a balance for the gas, but not for the value',
    code: 'balance',
    era: 'merge',
    alloc: { [poor]: { balance: `0x${(21_000n * 2_000_000_000n).toString(16)}` } },
    transactions: [signTransaction(poorKey, { to: other, gas: 21_000n, gasPrice: 2_000_000_000n, value: 1n })],
  },
  { title: 'a gas limit above 2^24', code: 'gas-cap', era: 'osaka', transactions: [transfer({ gas: 2n ** 24n + 1n })] },
  {
    title: 'too little gas',
    code: 'intrinsic-gas',
    era: 'merge',
    transactions: [transfer({ gas: 20_999n })],
  },
  {
    title: 'too little gas for the floor of its calldata',
    code: 'intrinsic-gas',
    era: 'prague',
    transactions: [transfer({ gas: 21_000n + 39_999n, input: bytes(1000) })],
  },
  {
    title: 'too little gas for its authorization',
    code: 'intrinsic-gas',
    era: 'prague',
    transactions: [transfer({ type: 4, gas: 45_999n, authorizations: [{ address: other, key: poorKey }] })],
  },
  {
    title: 'too little gas for a recipient',
    code: 'intrinsic-gas',
    era: 'amsterdam',
    transactions: [transfer({ gas: 20_999n })],
  },
  {
    title: 'more gas than the block',
    code: 'block-gas',
    era: 'merge',
    transactions: [transfer({ gas: 30_000_001n })],
  },
  {
    title: 'more gas than is left in the block',
    code: 'block-gas',
    era: 'merge',
    transactions: [transfer(), transfer({ nonce: 1n, gas: 30_000_000n })],
  },
  {
    title: 'more gas than is left in the block',
    code: 'block-gas',
    era: 'amsterdam',
    fields: { gasLimit: 100_000 },
    transactions: [transfer({ to: rich, gas: 60_000n }), transfer({ to: rich, nonce: 1n, gas: 90_000n })],
  },
  {
    title: 'a fee below the base fee',
    code: 'fee-cap',
    era: 'merge',
    transactions: [transfer({ gasPrice: 1n })],
  },
  {
    title: 'a maximum fee below the base fee',
    code: 'fee-cap',
    era: 'merge',
    transactions: [transfer({ type: 2, maxFeePerGas: 1n })],
  },
  {
    title: 'a priority fee above the maximum fee',
    code: 'priority-fee',
    era: 'merge',
    transactions: [transfer({ type: 2, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 10n + 1n })],
  },
  {
    title: 'a fee below that of blob gas',
    code: 'blob-fee',
    era: 'cancun',
    transactions: [transfer({ type: 3, blobs: [blob], maxFeePerBlobGas: 0n })],
  },
  { title: 'no blobs', code: 'blobs', era: 'cancun', transactions: [transfer({ type: 3 })] },
  {
    title: 'more blobs than the block may have',
    code: 'blobs',
    era: 'cancun',
    transactions: [
      transfer({ type: 3, blobs: [blob, blob, blob, blob] }),
      transfer({ type: 3, nonce: 1n, blobs: [blob, blob, blob] }),
    ],
  },
  {
    title: 'too much init code',
    code: 'init-code',
    era: 'shanghai',
    transactions: [transfer({ to: undefined, gas: 10n ** 7n, input: bytes(49_153) })],
  },
  {
    title: 'its sidecar',
    code: 'sidecar',
    era: 'cancun',
    transactions: [Uint8Array.of(3, ...encodeFields([[1, 0], [], [], [], 0, 0, 0, 0, 0]))],
  },
  {
    title: 'a type of a later fork',
    code: 'transaction',
    era: 'shanghai',
    transactions: [transfer({ type: 3, blobs: [blob] })],
  },
];

function forksFrom(name: string): readonly string[] {
  const all = ['eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin', 'london'];
  return all.slice(all.indexOf(name));
}

describe('transactions', () => {
  test.each(invalid)(
    'ND-07 $title is refused in $era: $code',
    async ({ code, era, transactions, alloc, fields, genesis }) => {
      const world = new World(era, { alloc: alloc ?? {}, fields: genesis ?? {} });
      const error = await world.errorOf(transactions, fields);
      expect(error).toMatchObject({ code, number: 1 });
      expect(error?.message).toMatch(new RegExp(`^block 1: transaction ${transactions.length - 1}: .`));
    },
  );
});

describe('deposits', () => {
  const contract = 'dede000000000000000000000000000000000001';
  // LOG1 of the calldata, under the topic of deposits.
  const topic = '649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
  const code = `0x366000600037${'7f'}${topic}366000a100`;
  const world = (): World =>
    new World('prague', {
      alloc: { [contract]: { code } },
      fields: { config: { depositContractAddress: `0x${contract}` } },
    });
  const deposit = (change: (data: DataView) => void = () => {}, length = 576): Uint8Array => {
    const data = new Uint8Array(576).fill(3);
    const view = new DataView(data.buffer);
    const word = (at: number, value: number): void => {
      data.fill(0, at, at + 32);
      view.setUint32(at + 28, value);
    };
    let offset = 160;
    for (const [i, size] of [48, 32, 8, 96, 8].entries()) {
      word(32 * i, offset);
      word(offset, size);
      offset += 32 + Math.ceil(size / 32) * 32;
    }
    change(view);
    const input = data.subarray(0, length);
    return transfer({ to: Buffer.from(contract, 'hex'), value: 0n, gas: 500_000n, input });
  };

  test('ND-07 the deposits of a block are its first request', async () => {
    const { result } = await world().build({ transactions: [deposit()] });
    expect(result.requests?.map((request) => [request[0], request.length])).toEqual([[0, 193]]);
    expect(result.requests?.[0]?.subarray(1)).toEqual(new Uint8Array(192).fill(3));
  });

  test.each<[string, Uint8Array]>([
    ['575 bytes', deposit(() => {}, 575)],
    ['another offset', deposit((view) => view.setUint32(28, 161))],
    ['a high offset', deposit((view) => view.setUint32(32, 1))],
    ['another length', deposit((view) => view.setUint32(160 + 28, 47))],
  ])('ND-07 a deposit with %s makes the block invalid', async (_, transaction) => {
    expect(await world().errorOf([transaction])).toMatchObject({ code: 'deposits', number: 1 });
  });
});

describe('contracts of the protocol', () => {
  const contracts = [
    ['withdrawal requests', '00000961ef480eb55e80d19ad83579a64c007002', 'prague'],
    ['consolidation requests', '0000bbddc7ce488642fb579f8b00f3a590007251', 'prague'],
    ['builder deposits', '0000bff46984e3725691fa540a8c7589300d8282', 'amsterdam'],
    ['builder exits', '000064d678505ad48f8ccb093bc65613800e8282', 'amsterdam'],
  ] as const;

  test.each(contracts)('FK-15 without the contract of %s every block is invalid', async (_, address, era) => {
    const world = new World(era, { alloc: { [address]: undefined } as never });
    expect(await world.errorOf([])).toMatchObject({ code: 'system-contract', number: 1 });
  });

  test.each(contracts)('FK-15 when the contract of %s fails the block is invalid', async (_, address, era) => {
    const world = new World(era, { alloc: { [address]: { code: '0xfe' } } });
    expect(await world.errorOf([])).toMatchObject({ code: 'system-contract', number: 1 });
  });

  test.each([
    ['000f3df6d732807ef1319fb7b8bb8522d0beac02', 'cancun'],
    ['0000f90827f1c53a10cb7a02335b175320002935', 'prague'],
  ] as const)('ND-07 without code at %s, or with code that fails, blocks are valid', async (address, era) => {
    for (const account of [undefined, { code: '0xfe' }]) {
      const world = new World(era, { alloc: { [address]: account } as never });
      const { header, body } = await world.build({ transactions: [transfer()] });
      expect(await world.check(header, body)).toBeUndefined();
    }
  });
});
