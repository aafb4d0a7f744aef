import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Answer, post, token } from './json-rpc.ts';
import { Scene } from './scene.ts';

const scene = new Scene();

interface Server {
  readonly url: string;
  readonly secret: Uint8Array;
}

/** A block as geth's `eth_getBlockByNumber` has it, as far as it matters here. */
interface Block {
  readonly hash: string;
  readonly transactions: readonly { hash: string; blobVersionedHashes?: readonly string[] }[];
  readonly [field: string]: unknown;
}

/** Our node with a port for a consensus client. */
async function startOurs(flags: string[]) {
  const secret = randomBytes(32);
  const file = join(scene.folder, `secret-${secret.toString('hex', 0, 4)}`);
  writeFileSync(file, secret.toString('hex'));
  const authrpc = ['--authrpc', '--authrpc.port=0', `--authrpc.jwtsecret=${file}`];
  const program = scene.startNode(['--nodiscover', ...authrpc, ...flags]);
  const [, endpoint = ''] = await program.line(/authrpc server started endpoint=(\S+)/);
  return { program, server: { url: `http://${endpoint}`, secret } };
}

const ask = ({ url, secret }: Server, method: string, params: unknown[]): Promise<Answer> =>
  post(url, method, params, token(secret));

const zero = `0x${'00'.repeat(32)}`;
const choose = (server: Server, head: string) =>
  ask(server, 'engine_forkchoiceUpdatedV3', [
    { headBlockHash: head, safeBlockHash: zero, finalizedBlockHash: zero },
    null,
  ]);

test('ND-08 ND-09 ND-18 our node comes from geth to one head after another that a consensus client names', async () => {
  const { enode, rpc } = await scene.startGeth({ blocks: true });
  const hashOf = async (number: number) =>
    ((await rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as Block).hash;
  const { program, server } = await startOurs(['--static', enode]);
  for (const number of [300, 301, 600]) {
    const hash = await hashOf(number);
    const { result } = await choose(server, hash);
    expect(result).toEqual({
      payloadStatus: { status: 'SYNCING', latestValidHash: null, validationError: null },
      payloadId: null,
    });
    await program.line(new RegExp(`^synced number=${number} hash=${hash} `));
  }
});

test('ND-09 geth and our node answer payloads alike, but for what takes execution', async () => {
  const source = await scene.startGeth({ blocks: true });
  const geth = (await scene.startGeth({ blocks: false })).authrpc;
  const { server: ours } = await startOurs([]);

  const block = (await source.rpc('eth_getBlockByNumber', ['0x258', true])) as Block;
  const transactions = await Promise.all(
    block.transactions.map(({ hash }) => source.rpc('eth_getRawTransactionByHash', [hash])),
  );
  const { miner, mixHash, number, hash, parentBeaconBlockRoot, requestsHash, ...fields } = block;
  // SHA-256 of nothing: what requests a block has cannot be asked for.
  expect(requestsHash).toMatch(/^0xe3b0c442/);
  const payload = {
    ...fields,
    ...{ feeRecipient: miner, prevRandao: mixHash, blockNumber: number, blockHash: hash },
    transactions,
  };
  const hashes = block.transactions.flatMap(({ blobVersionedHashes = [] }) => blobVersionedHashes);
  const root = parentBeaconBlockRoot as string;
  const other = `0x${'11'.repeat(32)}`;

  /** The status or the error's code, which is what a consensus client goes by. */
  const outcome = ({ status, result, error }: Answer) => {
    if (error !== undefined) return { status, code: error.code };
    const { payloadStatus, ...rest } = result as { payloadStatus?: object };
    const { status: word, latestValidHash } = { ...rest, ...payloadStatus } as {
      status?: string;
      latestValidHash?: unknown;
    };
    return { status, word, latestValidHash };
  };
  const v4 = (...params: unknown[]) => ['engine_newPayloadV4', params] as const;
  const seen: string[] = [];
  for (const [method, params] of [
    v4(payload, hashes, root, []),
    v4({ ...payload, blockHash: other }, hashes, root, []),
    v4({ ...payload, stateRoot: other }, hashes, root, []),
    v4(payload, [...hashes, other], root, []),
    v4(payload, hashes, other, []),
    v4(payload, hashes, root, ['0x0001']),
    v4(payload, hashes, root, ['0x']),
    v4(payload, hashes, root, ['0x0102', '0x0003']),
    v4({ ...payload, transactions: ['0x'] }, hashes, root, []),
    v4({ ...payload, transactions: ['0xc0'] }, hashes, root, []),
    v4({ ...payload, withdrawals: null }, hashes, root, []),
    v4({ ...payload, gasUsed: '0x01' }, hashes, root, []),
    v4({ ...payload, gasUsed: 1 }, hashes, root, []),
    v4({ ...payload, stateRoot: '0x11' }, hashes, root, []),
    v4(payload, hashes, root),
    v4(payload, hashes),
    v4(payload),
    v4(),
    ['engine_newPayloadV3', [payload, hashes, root]],
    ['engine_newPayloadV1', [payload]],
    [
      'engine_forkchoiceUpdatedV3',
      [{ headBlockHash: zero, safeBlockHash: zero, finalizedBlockHash: zero }, null],
    ],
    [
      'engine_forkchoiceUpdatedV3',
      [{ headBlockHash: hash, safeBlockHash: other, finalizedBlockHash: other }, null],
    ],
    ['engine_forkchoiceUpdatedV3', [7, null]],
    ['engine_forkchoiceUpdatedV3', []],
    ['engine_getNothingV1', []],
  ] as const) {
    const [theirs, we] = [
      await ask(geth, method, [...params]),
      await ask(ours, method, [...params]),
    ];
    const shown = `${method} ${JSON.stringify(params).slice(-120)}`;
    seen.push(JSON.stringify(outcome(we)));
    expect({ shown, ...outcome(we) }).toEqual({ shown, ...outcome(theirs) });
  }
  expect(new Set(seen).size).toBeGreaterThan(4);
  // What comes too late for the second version is another thing to geth than to the specification.
  expect((await ask(geth, 'engine_newPayloadV2', [payload])).error?.code).toBe(-32602);
  expect((await ask(ours, 'engine_newPayloadV2', [payload])).error?.code).toBe(-38005);
  const lists = await Promise.all(
    [geth, ours].map((server) => ask(server, 'engine_exchangeCapabilities', [[]])),
  );
  const [theirs, we] = lists.map(({ result }) => result as string[]) as [string[], string[]];
  expect(theirs).toEqual(expect.arrayContaining(we));
});

test('HX-27 ND-09 geth and our node turn away the same tokens', async () => {
  const geth = (await scene.startGeth({ blocks: false })).authrpc;
  const { server: ours } = await startOurs([]);
  const statuses = (server: Server) =>
    Promise.all(
      [
        token(server.secret),
        token(server.secret, 50),
        token(server.secret, -50),
        token(server.secret, 120),
        token(server.secret, -120),
        token(randomBytes(32)),
        `${token(server.secret)}x`,
        'nonsense',
        '',
        undefined,
      ].map(async (bearer) => {
        return (await post(server.url, 'engine_exchangeCapabilities', [[]], bearer)).status;
      }),
    );
  expect(await statuses(ours)).toEqual(await statuses(geth));
  expect(await statuses(ours)).toEqual([200, 200, 200, ...Array(7).fill(401)]);
});
