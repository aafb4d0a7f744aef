import { createVirtualClock } from '@devp2p/clock/virtual';
import type { Log, SealedHeader } from '@devp2p/eth';
import { randomBytes } from '@devp2p/random';
import { expect, test, vi } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { type Backend, headTags } from '../../src/rpc/backend.ts';
import { Filters } from '../../src/rpc/live/filters.ts';
import { ethNamespace } from '../../src/rpc/namespaces/eth.ts';
import type { EncodedPoolTransaction, Pool, PoolTransaction } from '../../src/txpool/interfaces.ts';
import { crypto, makeGenesis, nextBlock, plainReceipt, transfer } from '../chain/make-blocks.ts';
import { openTemporary } from '../chain/temporary.ts';

const genesis = makeGenesis('prague');
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
const addressOf = (n: number): Uint8Array => new Uint8Array(20).fill(n);
const topicOf = (n: number): Uint8Array => new Uint8Array(32).fill(n);

/** Blocks with one log each: of the address and topic of its number, modulo 4. */
function chainOf(count: number, parent: SealedHeader = genesis.header, salt = 0): NewBlock[] {
  const blocks: NewBlock[] = [];
  for (let last = parent; blocks.length < count; last = blocks.at(-1)?.header as SealedHeader) {
    const n = last.number + 1;
    const log: Log = { address: addressOf(n % 4), topics: [topicOf(n % 4)], data: Uint8Array.of(salt) };
    const contents = { transactions: [transfer(100 * n + salt)], receipts: [plainReceipt(21_000, { logs: [log] })] };
    blocks.push(nextBlock(genesis.config, last, contents, { extraData: Uint8Array.of(salt) }));
  }
  return blocks;
}

interface Scene {
  readonly chain: LocalChain;
  readonly clock: ReturnType<typeof createVirtualClock>;
  call(method: string, ...params: unknown[]): Promise<unknown>;
  subscribe(name: string, ...params: unknown[]): { readonly results: unknown[]; end(): void };
}

async function openScene(parts: Partial<Backend> = {}): Promise<Scene> {
  const chain = await openTemporary(genesis);
  const clock = createVirtualClock({ now: 2_000_000_000_000 });
  const eth = ethNamespace({
    chain,
    tags: headTags(chain),
    syncState: async () => undefined,
    crypto,
    clock,
    random: randomBytes,
    ...parts,
  });
  return {
    chain,
    clock,
    call: async (method, ...params) => eth.methods[method]?.(params),
    subscribe(name, ...params) {
      const results: unknown[] = [];
      const end = eth.subscriptions?.[name]?.(params)((result) => results.push(result));
      if (end === undefined) throw new Error(`there is no subscription ${name}`);
      return { results, end };
    },
  };
}

const blocks = chainOf(12);
const branch = chainOf(4, blocks[9]?.header, 1);
const hashes = (some: readonly NewBlock[]): string[] => some.map(({ header }) => hex(header.hash));

/** Polls a filter until it has returned `count` changes. */
async function changes(scene: Scene, id: unknown, count: number): Promise<unknown[]> {
  const all: unknown[] = [];
  await vi.waitFor(
    async () => {
      all.push(...((await scene.call('getFilterChanges', id)) as unknown[]));
      expect(all).toHaveLength(count);
    },
    { timeout: 60_000, interval: 2 },
  );
  return all;
}

const shown = (logs: readonly unknown[]): unknown[] =>
  (logs as { blockNumber: string; data: string; removed: boolean }[]).map(({ blockNumber, data, removed }) => [
    Number(blockNumber),
    data,
    removed,
  ]);

test('RP-21 a filter of blocks returns the hashes of new blocks since the last call', async () => {
  const scene = await openScene();
  await scene.chain.append(blocks.slice(0, 2));
  const id = await scene.call('newBlockFilter');
  expect(id).toMatch(/^0x[0-9a-f]{32}$/);
  expect(await scene.call('getFilterChanges', id)).toEqual([]);
  await scene.chain.append(blocks.slice(2, 5));
  expect(await changes(scene, id, 3)).toEqual(hashes(blocks.slice(2, 5)));
  expect(await scene.call('getFilterChanges', id)).toEqual([]);
  await expect(scene.call('getFilterLogs', id)).rejects.toMatchObject({ number: -32000, message: 'filter not found' });
  expect(await scene.call('uninstallFilter', id)).toBe(true);
  expect(await scene.call('uninstallFilter', id)).toBe(false);
  await expect(scene.call('getFilterChanges', id)).rejects.toMatchObject({
    number: -32000,
    message: 'filter not found',
  });
});

test('RP-21 a filter of logs returns new logs, and those that a reorganization removes', async () => {
  const scene = await openScene();
  await scene.chain.append(blocks.slice(0, 6));
  const filter = { address: [hex(addressOf(2)), hex(addressOf(3))] };
  const id = await scene.call('newFilter', filter);
  await scene.chain.append(blocks.slice(6));
  expect(shown(await changes(scene, id, 3))).toEqual([
    [7, '0x00', false],
    [10, '0x00', false],
    [11, '0x00', false],
  ]);
  await scene.chain.append(branch);
  expect(shown(await changes(scene, id, 3))).toEqual([
    [11, '0x00', true],
    [11, '0x01', false],
    [14, '0x01', false],
  ]);
  expect(shown((await scene.call('getFilterLogs', id)) as unknown[])).toEqual([[14, '0x01', false]]);
});

test('RP-21 a filter of logs is limited to its blocks', async () => {
  const scene = await openScene();
  const id = await scene.call('newFilter', { fromBlock: '0x3', toBlock: '0x5' });
  await scene.chain.append(blocks.slice(0, 8));
  expect(shown(await changes(scene, id, 3)).map((log) => (log as unknown[])[0])).toEqual([3, 4, 5]);
});

test.each([
  ['a hash', { blockHash: hex(topicOf(1)) }],
  ['a range that is empty', { fromBlock: '0x5', toBlock: '0x4' }],
  ['five topics', { topics: [null, null, null, null, null] }],
])('RP-21 a filter of logs with %s is refused', async (_, filter) => {
  const scene = await openScene();
  await expect(scene.call('newFilter', filter)).rejects.toMatchObject({ number: -32602 });
});

test('RP-21 a filter ends five minutes after its last call', async () => {
  const scene = await openScene();
  const id = await scene.call('newBlockFilter');
  await scene.clock.advance(299_999);
  expect(await scene.call('getFilterChanges', id)).toEqual([]);
  await scene.clock.advance(299_999);
  expect(await scene.call('getFilterChanges', id)).toEqual([]);
  await scene.clock.advance(300_000);
  await expect(scene.call('getFilterChanges', id)).rejects.toMatchObject({ message: 'filter not found' });
});

test('RP-33 filters are limited in number, and end with too many changes', () => {
  const clock = createVirtualClock();
  const limits = { maxFilters: 2, maxChanges: 3, lifetime: 1_000 };
  const filters = new Filters({ clock, random: randomBytes, limits });
  const adders: ((changes: readonly unknown[]) => void)[] = [];
  const begin = (add: (changes: readonly unknown[]) => void) => {
    adders.push(add);
    return () => {};
  };
  const first = filters.add(begin);
  filters.add(begin);
  expect(() => filters.add(begin)).toThrow('too many filters, at most 2');
  adders[0]?.([1, 2, 3]);
  expect(filters.poll(first)).toEqual([1, 2, 3]);
  adders[0]?.([1, 2]);
  adders[0]?.([3, 4]);
  expect(() => filters.poll(first)).toThrow('filter not found');
  expect(filters.size).toBe(1);
  filters.close();
  expect(filters.size).toBe(0);
});

test('RP-22 newHeads reports each block, also in a reorganization', async () => {
  const scene = await openScene();
  await scene.chain.append(blocks.slice(0, 3));
  const heads = scene.subscribe('newHeads');
  await scene.chain.append(blocks.slice(3));
  const seen = () => heads.results.map((header) => (header as { hash: string }).hash);
  await vi.waitFor(() => expect(seen()).toEqual(hashes(blocks.slice(3))), { timeout: 60_000 });
  await scene.chain.append(branch);
  await vi.waitFor(() => expect(seen()).toEqual([...hashes(blocks.slice(3)), ...hashes(branch)]), { timeout: 60_000 });
  expect(heads.results[0]).toEqual(await scene.call('getHeaderByNumber', '0x4'));
  heads.end();
  await scene.chain.setHead(blocks[11]?.header.hash as Uint8Array);
  await new Promise(setImmediate);
  expect(heads.results).toHaveLength(13);
});

test('RP-22 logs are reported again with removed: true in a reorganization', async () => {
  const scene = await openScene();
  await scene.chain.append(blocks.slice(0, 9));
  const all = scene.subscribe('logs');
  const some = scene.subscribe('logs', { topics: [hex(topicOf(3))] });
  await scene.chain.append(blocks.slice(9));
  await vi.waitFor(() => expect(all.results).toHaveLength(3), { timeout: 60_000 });
  await scene.chain.append(branch.slice(0, 3));
  await vi.waitFor(() => expect(all.results).toHaveLength(8), { timeout: 60_000 });
  expect(shown(all.results)).toEqual([
    [10, '0x00', false],
    [11, '0x00', false],
    [12, '0x00', false],
    [12, '0x00', true],
    [11, '0x00', true],
    [11, '0x01', false],
    [12, '0x01', false],
    [13, '0x01', false],
  ]);
  expect(shown(some.results)).toEqual([
    [11, '0x00', false],
    [11, '0x00', true],
    [11, '0x01', false],
  ]);
  const removed = all.results[4] as Record<string, unknown>;
  expect({ ...removed, removed: false }).toEqual(all.results[1]);
});

test('RP-22 a sync of many blocks reports the last one', async () => {
  const scene = await openScene();
  const heads = scene.subscribe('newHeads');
  const many = chainOf(400);
  await scene.chain.append(many);
  await vi.waitFor(() => expect(heads.results.length).toBeGreaterThan(0), { timeout: 60_000 });
  const last = heads.results.at(-1) as { hash: string };
  expect(last.hash).toBe(hex(many.at(-1)?.header.hash as Uint8Array));
  expect(heads.results.length).toBeLessThanOrEqual(256);
});

test('RP-22 newPendingTransactions reports hashes, or whole transactions', async () => {
  const listeners = new Set<(transactions: readonly PoolTransaction[]) => void>();
  const raw = transfer(5);
  const one: EncodedPoolTransaction = {
    raw,
    hash: crypto.keccak256(raw),
    sender: addressOf(9),
    type: 0,
    size: raw.length,
    nonce: 5n,
    feeCap: 1n,
    tipCap: 1n,
    isPending: true,
  };
  const pool = {
    get: async () => one,
    onPending(listener: (transactions: readonly PoolTransaction[]) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as Partial<Pool> as Pool;
  const scene = await openScene({ pool });
  const plain = scene.subscribe('newPendingTransactions');
  const whole = scene.subscribe('newPendingTransactions', true);
  const id = await scene.call('newPendingTransactionFilter');
  for (const listener of listeners) listener([one]);
  await vi.waitFor(() => expect(whole.results).toHaveLength(1), { timeout: 60_000 });
  expect(plain.results).toEqual([hex(one.hash)]);
  expect(await scene.call('getFilterChanges', id)).toEqual([hex(one.hash)]);
  const found = await scene.call('getTransactionByHash', hex(one.hash));
  expect(whole.results).toEqual([found]);
  expect(found).toMatchObject({
    blockHash: null,
    blockNumber: null,
    blockTimestamp: null,
    transactionIndex: null,
    from: hex(addressOf(9)),
    gasPrice: '0x1',
    nonce: '0x5',
  });
  expect(await scene.call('getRawTransactionByHash', hex(one.hash))).toBe(hex(raw));
  plain.end();
  whole.end();
  await scene.call('uninstallFilter', id);
  expect(listeners.size).toBe(0);
});

test('RP-22 pending transactions are refused without a pool', async () => {
  const scene = await openScene();
  expect(() => scene.subscribe('newPendingTransactions')).toThrow('not pooled');
  await expect(scene.call('newPendingTransactionFilter')).rejects.toMatchObject({ number: -32000 });
});

test('RP-22 syncing reports the beginning and the end of a sync', async () => {
  let isSyncing = true;
  const state = { starting: 1, current: 2, highest: 9 };
  const scene = await openScene({ syncState: async () => (isSyncing ? state : undefined) });
  const syncing = scene.subscribe('syncing');
  await vi.waitFor(() => expect(syncing.results).toHaveLength(1), { timeout: 60_000 });
  isSyncing = false;
  await scene.chain.append(blocks.slice(0, 1));
  await vi.waitFor(() => expect(syncing.results).toHaveLength(2), { timeout: 60_000 });
  expect(syncing.results).toEqual([
    { syncing: true, status: { startingBlock: '0x1', currentBlock: '0x2', highestBlock: '0x9' } },
    false,
  ]);
});
