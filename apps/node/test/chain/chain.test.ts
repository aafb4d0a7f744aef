import { setImmediate } from 'node:timers/promises';
import { toHex } from '@devp2p/bytes';
import { decodeHeader, type HeaderQuery } from '@devp2p/eth';
import fc from 'fast-check';
import { Level } from 'level';
import { describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { BlockError, ChainError } from '../../src/errors/chain-error.ts';
import { blockKey, canonicalKey, formatKey, hashKey, metaKey } from '../../src/storage/schema.ts';
import { crypto, makeChain, makeGenesis, nextBlock, transfer } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

const genesis = makeGenesis('prague');
const { config } = genesis;
const blocks = makeChain(config, genesis.header, 40);
const [, , third] = blocks;
if (third === undefined) throw new Error('no blocks');
/** A branch from block 3. */
const fork = makeChain(config, third.header, 20, { extraData: Uint8Array.of(1) });

async function codeOf(action: Promise<unknown>): Promise<string | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    if (error instanceof BlockError || error instanceof ChainError) return error.code;
    throw error;
  }
}

/** Changes a database that is not open. */
async function tamper(
  location: string,
  change: (database: Level<Uint8Array, Uint8Array>) => Promise<void>,
): Promise<void> {
  const database = new Level<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await change(database);
  await database.close();
}

/** Expects the canonical chain to consist of these blocks, by every way to read them. */
async function expectBlocks(chain: LocalChain, expected: readonly NewBlock[]): Promise<void> {
  const last = expected.at(-1)?.header ?? genesis.header;
  expect(toHex(chain.head.hash)).toBe(toHex(last.hash));
  // Blocks without receipts are not announced.
  const bare = expected.findIndex(({ receipts }) => receipts === undefined);
  const { number, hash, timestamp } = bare === -1 ? last : (expected[bare - 1]?.header ?? genesis.header);
  expect(chain.range()).toEqual({
    earliest: 0,
    latest: number,
    latestHash: hash,
    latestTime: timestamp,
    totalDifficulty: 0n,
  });
  const headers = await chain.headers({ origin: 0, amount: 1024, step: 1 });
  expect(headers.slice(1).map(toHex)).toEqual(expected.map(({ header }) => toHex(header.raw)));
  const hashes = expected.map(({ header }) => header.hash);
  expect(await chain.bodies(hashes)).toEqual(expected.map(({ body }) => body.raw));
  expect(await chain.receipts(hashes)).toEqual(expected.map(({ receipts }) => receipts?.raw));
  for (const { header } of expected) {
    expect(await chain.numberOf(header.hash)).toBe(header.number);
    expect(await chain.hashAt(header.number)).toEqual(header.hash);
  }
  expect(await chain.header(last.number + 1)).toBeUndefined();
  expect(await chain.hashAt(-1)).toBeUndefined();
}

/** Expects blocks to be readable by hash, and not to be canonical. */
async function expectSideBlocks(chain: LocalChain, expected: readonly NewBlock[]): Promise<void> {
  const hashes = expected.map(({ header }) => header.hash);
  expect(await chain.bodies(hashes)).toEqual(expected.map(({ body }) => body.raw));
  expect(await chain.receipts(hashes)).toEqual(expected.map(({ receipts }) => receipts?.raw));
  for (const { header, body } of expected) {
    expect((await chain.headerByHash(header.hash))?.raw).toEqual(header.raw);
    expect(await chain.blockByHash(header.hash)).toMatchObject({ body: body.raw });
    expect(await chain.numberOf(header.hash)).toBeUndefined();
    expect(await chain.headers({ origin: header.hash, amount: 10, step: 1 })).toEqual([]);
  }
}

describe('the chain', () => {
  test('ND-03 starts with the genesis block, and keeps its blocks after a restart', async () => {
    const location = temporaryDirectory();
    const first = await openTemporary(genesis, { location });
    expect(first).toMatchObject({ networkId: 1234n, genesisHash: genesis.header.hash });
    await expectBlocks(first, []);
    expect(await first.bodies([genesis.header.hash])).toEqual([genesis.body]);
    expect(await first.receipts([genesis.header.hash])).toEqual([Uint8Array.of(0xc0)]);
    await first.append(blocks);
    await expectBlocks(first, blocks);
    await first.close();
    await expectBlocks(await openTemporary(genesis, { location }), blocks);
  });

  test('ND-06 blocks without receipts are kept, their receipts are missing until they are added', async () => {
    const chain = await openTemporary(genesis);
    const bare = blocks.map(({ header, body }) => ({ header, body }));
    await chain.append(bare);
    await expectBlocks(chain, bare);
    const some = blocks.slice(4, 9).map(({ header, receipts }) => ({ hash: header.hash, receipts }));
    await chain.addReceipts(some);
    expect(await chain.receipts([blocks[4]?.header.hash ?? genesis.header.hash])).toEqual([blocks[4]?.receipts.raw]);
    const [wrong] = blocks.slice(3, 4);
    const mixed = [{ hash: wrong?.header.hash ?? genesis.header.hash, receipts: third.receipts }];
    expect(await codeOf(chain.addReceipts(mixed))).toBe('receipts-root');
    const unknown = [{ hash: new Uint8Array(32), receipts: third.receipts }];
    expect(await codeOf(chain.addReceipts(unknown))).toBe('unknown-block');
  });

  test('ET-09 the announced range has the blocks whose receipts are stored', async () => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    const announced: string[] = [];
    const shown = ({ earliest, latest }: ReturnType<LocalChain['range']>) => `${earliest}-${latest}`;
    chain.onHead(() => announced.push(shown(chain.range())));
    const bare = ({ header, body }: NewBlock): NewBlock => ({ header, body });
    const receiptsOf = (first: number, last: number) =>
      blocks.slice(first - 1, last).map(({ header, receipts }) => ({ hash: header.hash, receipts }));
    await chain.append(blocks.slice(0, 10).map(bare));
    await chain.append(blocks.slice(10, 20));
    await chain.append(blocks.slice(20, 40).map(bare));
    await chain.addReceipts(receiptsOf(35, 38));
    await chain.addReceipts(receiptsOf(1, 10));
    await chain.addReceipts(receiptsOf(21, 34));
    await chain.addReceipts(receiptsOf(39, 40));
    expect(announced).toEqual(['0-0', '11-20', '11-20', '0-20', '0-38', '0-40']);
    expect(chain.range().latestHash).toEqual(chain.head.hash);
    await chain.truncate(30);
    expect(announced.slice(6)).toEqual(['0-30']);
    // The branch from block 3, without receipts.
    await chain.append(fork.map(bare));
    expect(announced.slice(7)).toEqual(['0-3']);
    expect(chain.head.number).toBe(23);
    await chain.close();
    const again = await openTemporary(genesis, { location });
    expect(shown(again.range())).toBe('0-3');
    expect(again.range().latestHash).toEqual(third.header.hash);
    await again.close();
    // The record is absent from a database that was migrated from a first version.
    await tamper(location, (database) => database.del(metaKey('receipts')));
    expect(shown((await openTemporary(genesis, { location })).range())).toBe('0-3');
  });

  test('ND-06 blocks before an invalid block are kept, it and its successors are not', async () => {
    const chain = await openTemporary(genesis);
    const bad = blocks.map((block, i) => (i === 7 ? { ...block, body: third.body } : block));
    const error = await chain.append(bad).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'BlockError', code: 'transactions-root', number: 8 });
    await expectBlocks(chain, blocks.slice(0, 7));
    await chain.append(blocks.slice(7));
    await expectBlocks(chain, blocks);
  });

  test('ND-06 a block that does not follow the chain is refused', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks.slice(0, 10));
    expect(await codeOf(chain.append(blocks.slice(11)))).toBe('unknown-parent');
    expect(await codeOf(chain.append(fork.slice(7)))).toBe('unknown-parent');
    expect(await codeOf(chain.append(fork.slice(3)))).toBe('unknown-parent');
    const { header, body } = blocks[0] as NewBlock;
    expect(await codeOf(chain.append([{ header: { ...header, number: 0 }, body }]))).toBe('number');
    await chain.append([]);
    await expectBlocks(chain, blocks.slice(0, 10));
  });

  test('ND-06 the number of receipts must be the number of transactions', async () => {
    const chain = await openTemporary(genesis);
    const short = nextBlock(config, genesis.header, {
      transactions: [transfer(0), transfer(1)],
      receipts: [{ type: 0, outcome: true, cumulativeGas: 42_000, logs: [] }],
    });
    expect(await codeOf(chain.append([short]))).toBe('receipts');
  });

  test('ND-08 a fork replaces the blocks above its root, which stay readable by hash', async () => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    await chain.append(fork);
    const forked = [...blocks.slice(0, 3), ...fork];
    await expectBlocks(chain, forked);
    const side = blocks.slice(3);
    await expectSideBlocks(chain, side);
    await chain.close();
    const again = await openTemporary(genesis, { location });
    await expectBlocks(again, forked);
    await expectSideBlocks(again, side);
    // Their receipts are stored still.
    await again.append(side.map(({ header, body }) => ({ header, body })));
    await expectBlocks(again, blocks);
    await expectSideBlocks(again, fork);
  });

  test('ND-08 side blocks become canonical again without their contents', async () => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    const [headOfBlocks, headOfFork] = [blocks, fork].map((all) => all.at(-1)?.header.hash);
    if (headOfBlocks === undefined || headOfFork === undefined) throw new Error('no blocks');
    expect(await chain.setHead(headOfFork)).toBe(false);
    await expectBlocks(chain, blocks);
    await chain.append(fork);
    let changes = 0;
    chain.onHead(() => changes++);
    expect(await chain.setHead(headOfFork)).toBe(true);
    expect(changes).toBe(0);
    expect(await chain.setHead(headOfBlocks)).toBe(true);
    expect(changes).toBe(1);
    await expectBlocks(chain, blocks);
    await expectSideBlocks(chain, fork);
    expect(await chain.setHead(fork[4]?.header.hash ?? headOfFork)).toBe(true);
    await expectBlocks(chain, [...blocks.slice(0, 3), ...fork.slice(0, 5)]);
    await expectSideBlocks(chain, [...blocks.slice(3), ...fork.slice(5)]);
    await chain.close();
    const again = await openTemporary(genesis, { location });
    await expectBlocks(again, [...blocks.slice(0, 3), ...fork.slice(0, 5)]);
    await expectSideBlocks(again, [...blocks.slice(3), ...fork.slice(5)]);
  });

  test('ND-08 side blocks without receipts are not made canonical by their hash', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks.slice(0, 3));
    await chain.append(blocks.slice(3).map(({ header, body }) => ({ header, body })));
    await chain.append(fork);
    expect(await chain.setHead(blocks.at(-1)?.header.hash ?? new Uint8Array(32))).toBe(false);
    await expectBlocks(chain, [...blocks.slice(0, 3), ...fork]);
  });

  test('ND-08 a side branch that is longer than the limit is not made canonical by its hash', async () => {
    const chain = await openTemporary(genesis, { sideBlockDepth: 2 });
    await chain.append(blocks);
    await chain.append(fork);
    await expectSideBlocks(chain, blocks.slice(3));
    expect(await chain.setHead(blocks.at(-1)?.header.hash ?? new Uint8Array(32))).toBe(false);
    expect(await chain.setHead(blocks[5]?.header.hash ?? new Uint8Array(32))).toBe(true);
    await expectBlocks(chain, blocks.slice(0, 6));
  });

  test('ND-08 side blocks that are deeper than the limit are removed, in steps', async () => {
    const location = temporaryDirectory();
    const long = makeChain(config, genesis.header, 420);
    const [root] = long;
    if (root === undefined) throw new Error('no blocks');
    const other = makeChain(config, root.header, 430, { extraData: Uint8Array.of(2) });
    const chain = await openTemporary(genesis, { location, sideBlockDepth: 20 });
    await chain.append(long);
    await chain.append(other.slice(0, 60));
    const side = async (): Promise<number[]> => {
      const headers = await Promise.all(long.slice(1).map(({ header }) => chain.headerByHash(header.hash)));
      return headers.flatMap((header) => (header === undefined ? [] : [header.number]));
    };
    const numbers = (first: number, last: number): number[] =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i);
    // A write removes side blocks up to the block that it follows, 128 of them.
    expect(await side()).toEqual(numbers(2, 420));
    const removed = long.slice(1, 41).map(({ header }) => header.hash);
    expect((await chain.bodies(removed)).every((body) => body !== undefined)).toBe(true);
    await chain.append(other.slice(60, 61));
    expect(chain.head.number).toBe(62);
    expect(await side()).toEqual(numbers(42, 420));
    expect(await chain.bodies(removed)).toEqual(removed.map(() => undefined));
    await chain.append(other.slice(61, 400));
    expect(await side()).toEqual(numbers(63, 420));
    await chain.append(other.slice(400, 401));
    expect(await side()).toEqual(numbers(63 + 128, 420));
    await chain.append(other.slice(401, 402));
    expect(await side()).toEqual(numbers(63 + 256, 420));
    await chain.append(other.slice(402, 403));
    expect(chain.head.number).toBe(404);
    expect(await side()).toEqual(numbers(404 - 20, 420));
    await chain.close();
    const again = await openTemporary(genesis, { location, sideBlockDepth: 0 });
    await again.append(other.slice(403, 429));
    await again.append(other.slice(429));
    await expectBlocks(again, [root, ...other]);
    await again.close();
    const database = new Level<Uint8Array, Uint8Array>(location, { keyEncoding: 'view' });
    const keys = await database.keys().all();
    await database.close();
    const hashes = new Set(keys.filter((key) => key.length > 32).map((key) => toHex(key.slice(-32))));
    for (const { header } of long.slice(1)) expect(hashes.has(toHex(header.hash))).toBe(false);
  });

  test('ND-08 removed blocks are no longer served to peers', async () => {
    const chain = await openTemporary(genesis);
    const removed = [...blocks.slice(3), ...fork].map(({ header }) => header.hash);
    const missing = removed.map(() => undefined);
    await chain.append(blocks);
    await expectBlocks(chain, blocks);
    await chain.append(fork);
    const truncating = chain.truncate(3);
    // Requested in the meantime, blocks may be found or not, but none of them later.
    let over = false;
    void truncating.finally(() => {
      over = true;
    });
    while (!over) {
      await chain.bodies(removed);
      await setImmediate(); // Otherwise reads of the cache would keep the truncation from completing.
    }
    await truncating;
    expect(await chain.bodies(removed)).toEqual(missing);
    expect(await chain.receipts(removed)).toEqual(missing);
    await expectBlocks(chain, blocks.slice(0, 3));
  });

  test('ND-08 a fork with an invalid block replaces no block', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks);
    const bad = fork.map((block, i) => (i === 7 ? { ...block, body: third.body } : block));
    expect(await codeOf(chain.append(bad))).toBe('transactions-root');
    await expectBlocks(chain, blocks);
  });

  test('ND-08 truncation removes blocks from the head down', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks);
    await chain.truncate(40);
    await expectBlocks(chain, blocks);
    await chain.truncate(11);
    await expectBlocks(chain, blocks.slice(0, 11));
    await chain.truncate(0);
    await expectBlocks(chain, []);
  });

  test('ND-06 total difficulty includes work, reorganizations and the merge', async () => {
    const work = makeGenesis('work', { config: { terminalTotalDifficulty: 700_000 } });
    const location = temporaryDirectory();
    const chain = await openTemporary(work, { location });
    expect(chain.totalDifficulty).toBe(200_000n);
    const mined = makeChain(work.config, work.header, 3);
    await chain.append(mined);
    const sum = mined.reduce((total, { header }) => total + header.difficulty, 200_000n);
    expect(chain.totalDifficulty).toBe(sum);
    const last = mined[2]?.header ?? work.header;
    expect(await codeOf(chain.append(makeChain(work.config, last, 1)))).toBe('merge');
    await chain.append(makeChain(work.config, last, 2, { difficulty: 0n }));
    expect(chain.totalDifficulty).toBe(sum);
    const first = mined[0]?.header ?? work.header;
    await chain.append(makeChain(work.config, first, 1, { timestamp: first.timestamp + 30 }));
    await chain.close();
    const again = await openTemporary(work, { location });
    expect(again.head.number).toBe(2);
    expect(again.totalDifficulty).toBe(400_000n + again.head.difficulty);
    expect(again.head.difficulty).toBeLessThan(200_000n);
  });

  test('ND-06 any sequence of appends, forks and truncations leaves a complete chain', async () => {
    const branches = [0, 1].map((n) => makeChain(config, genesis.header, 12, { extraData: Uint8Array.of(n) }));
    const step = fc.oneof(
      fc.record({ cut: fc.integer({ min: 0, max: 12 }) }),
      fc.record({
        branch: fc.integer({ min: 0, max: 1 }),
        from: fc.integer({ min: 0, max: 11 }),
        count: fc.integer({ min: 1, max: 6 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const location = temporaryDirectory();
        let chain = await openTemporary(genesis, { location });
        let model: NewBlock[] = [];
        let side = new Set<NewBlock>();
        for (const action of steps) {
          if ('cut' in action) {
            await chain.truncate(action.cut);
            model = model.slice(0, action.cut);
            side = new Set([...side].filter(({ header }) => header.number <= action.cut));
            continue;
          }
          const added = (branches[action.branch] ?? []).slice(action.from, action.from + action.count);
          const parent = action.from === 0 ? genesis.header : branches[action.branch]?.[action.from - 1]?.header;
          const ours = action.from === 0 ? genesis.header : model[action.from - 1]?.header;
          const joins = parent !== undefined && ours !== undefined && parent === ours;
          expect((await codeOf(chain.append(added))) === undefined).toBe(joins);
          if (!joins) continue;
          for (const block of model.slice(action.from)) side.add(block);
          model = [...model.slice(0, action.from), ...added];
          for (const block of model) side.delete(block);
        }
        await expectBlocks(chain, model);
        await expectSideBlocks(chain, [...side]);
        await chain.close();
        chain = await openTemporary(genesis, { location });
        await expectBlocks(chain, model);
        await expectSideBlocks(chain, [...side]);
        await chain.close();
      }),
      { numRuns: 25 },
    );
  });

  test('ND-08 concurrent calls are processed one after another', async () => {
    const chain = await openTemporary(genesis);
    const calls = blocks.map((block) => chain.append([block]));
    await Promise.all(calls);
    await expectBlocks(chain, blocks);
    const closing = chain.append(fork);
    await Promise.all([chain.close(), chain.close()]);
    await closing;
    expect(await codeOf(chain.append(fork))).toBe('closed');
    expect(await codeOf(chain.bodies([genesis.header.hash]))).toBe('closed');
  });

  test('ET-09 listeners are called for every change of the head, and for no other change', async () => {
    const chain = await openTemporary(genesis);
    const latest: number[] = [];
    const stop = chain.onHead(() => latest.push(chain.range().latest));
    await chain.append(blocks.slice(0, 10));
    await chain.append([]);
    await chain.truncate(20);
    expect(await codeOf(chain.append(fork.slice(5)))).toBe('unknown-parent');
    await chain.append(fork.slice(0, 2));
    await chain.truncate(1);
    stop();
    await chain.append(blocks.slice(1));
    expect(latest).toEqual([10, 5, 1]);
  });
});

describe('serving', () => {
  const hashOf = (raw: Uint8Array): string => toHex(crypto.keccak256(raw));
  const numbersOf = (headers: readonly Uint8Array[]): number[] =>
    headers.map((raw) => decodeHeader(raw, crypto).number);

  const known = third.header.hash;
  test.each<[string, HeaderQuery, number[]]>([
    ['from the genesis', { origin: 0, amount: 3, step: 1 }, [0, 1, 2]],
    ['a single one', { origin: 5, amount: 1, step: 1 }, [5]],
    ['beyond the head', { origin: 38, amount: 10, step: 1 }, [38, 39, 40]],
    ['from beyond the head', { origin: 41, amount: 10, step: 1 }, []],
    ['with gaps', { origin: 30, amount: 4, step: 5 }, [30, 35, 40]],
    ['backwards to the genesis', { origin: 3, amount: 10, step: -1 }, [3, 2, 1, 0]],
    ['backwards with gaps', { origin: 10, amount: 10, step: -4 }, [10, 6, 2]],
    ['far beyond', { origin: 2 ** 42 - 1, amount: 1024, step: 2 ** 42 }, []],
    ['with huge gaps', { origin: 40, amount: 1024, step: -(2 ** 42) }, [40]],
    ['by hash, backwards', { origin: known, amount: 3, step: -1 }, [3, 2, 1]],
    ['by hash, with gaps', { origin: known, amount: 2, step: 30 }, [3, 33]],
    ['by an unknown hash', { origin: new Uint8Array(32), amount: 2, step: 1 }, []],
  ])('ET-07 headers %s', async (_, query, numbers) => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks);
    const headers = await chain.headers(query);
    expect(numbersOf(headers)).toEqual(numbers);
    const all = [genesis.header, ...blocks.map(({ header }) => header)];
    expect(headers.map(hashOf)).toEqual(numbers.map((n) => toHex(all[n]?.hash ?? new Uint8Array())));
  });

  test('ET-07 there is one entry for each hash in order, undefined for an unknown hash', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks);
    const [a, b] = [blocks[5], blocks[30]] as [NewBlock, NewBlock];
    const hashes = [b.header.hash, new Uint8Array(32), a.header.hash, b.header.hash];
    expect(await chain.bodies(hashes)).toEqual([b.body.raw, undefined, a.body.raw, b.body.raw]);
    const receipts = [b.receipts?.raw, undefined, a.receipts?.raw, b.receipts?.raw];
    expect(await chain.receipts(hashes)).toEqual(receipts);
    expect(await chain.bodies([])).toEqual([]);
  });

  test('ET-07 unknown blocks are reported as missing while blocks are being written', async () => {
    const chain = await openTemporary(genesis);
    let isWritten = false;
    const written = chain.append(makeChain(config, genesis.header, 300)).then(() => {
      isWritten = true;
    });
    const unknown = new Uint8Array(32).fill(0xee);
    const answers = await Promise.all([
      chain.headers({ origin: unknown, amount: 1, step: 1 }),
      chain.headers({ origin: 5_000, amount: 1, step: -1 }),
      chain.bodies([unknown]),
      chain.receipts([unknown]),
    ]);
    expect(answers).toEqual([[], [], [undefined], [undefined]]);
    expect(isWritten).toBe(false);
    await written;
  });

  test('ET-07 a response is of one chain while the chain changes', async () => {
    const chain = await openTemporary(genesis);
    await chain.append(blocks);
    const known = new Map([...blocks, ...fork].map(({ header, body }) => [toHex(header.hash), toHex(body.raw)]));
    const hashes = [...blocks, ...fork].map(({ header }) => header.hash);
    let done = false;
    const reading = (async () => {
      while (!done) {
        const headers = await chain.headers({ origin: third.header.hash, amount: 100, step: 1 });
        for (const [i, raw] of headers.entries()) {
          const parent = headers[i - 1];
          if (parent !== undefined) {
            expect(toHex(decodeHeader(raw, crypto).parentHash)).toBe(hashOf(parent));
          }
        }
        for (const [i, body] of (await chain.bodies(hashes)).entries()) {
          if (body !== undefined) {
            expect(toHex(body)).toBe(known.get(toHex(hashes[i] as Uint8Array)));
          }
        }
      }
    })();
    for (let i = 0; i < 10; i++) {
      await chain.append(fork);
      await chain.append(blocks.slice(3));
    }
    done = true;
    await reading;
  });
});

describe('the database', () => {
  test('ND-03 a database in use by another is refused by name', async () => {
    const location = temporaryDirectory();
    await openTemporary(genesis, { location });
    await expect(openTemporary(genesis, { location })).rejects.toMatchObject({
      name: 'ChainError',
      code: 'in-use',
      message: expect.stringContaining(location),
    });
  });

  test('ND-03 a database of another genesis is refused and not changed', async () => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    await chain.close();
    const other = makeGenesis('prague', { timestamp: 7 });
    await expect(openTemporary(other, { location })).rejects.toMatchObject({
      code: 'other-genesis',
      message: expect.stringContaining(toHex(genesis.header.hash)),
    });
    await expectBlocks(await openTemporary(genesis, { location }), blocks);
  });

  test('ND-03 a database of another format is refused', async () => {
    const location = temporaryDirectory();
    await (await openTemporary(genesis, { location })).close();
    const record = Uint8Array.of(0xe2, 0x03, 0xa0, ...genesis.header.hash);
    await tamper(location, (database) => database.put(formatKey, record));
    await expect(openTemporary(genesis, { location })).rejects.toMatchObject({
      code: 'other-format',
      message: expect.stringContaining('has format 3, this program writes format 2'),
    });
  });

  test('ND-03 a location that cannot be a database is refused', async () => {
    await expect(openTemporary(genesis, { location: '/dev/null/chain' })).rejects.toMatchObject({
      code: 'unusable',
    });
  });

  const last = blocks.at(-1) as NewBlock;
  test.each<[string, Uint8Array, Uint8Array | undefined, string]>([
    ['the head', metaKey('head'), Uint8Array.of(1, 2, 3), 'the head record'],
    ['the head', metaKey('head'), undefined, 'the head record'],
    ['the format', formatKey, Uint8Array.of(0xc0), 'the format record'],
    ['the format', formatKey, undefined, 'the format record'],
    ['the last header', blockKey('headers', 40, last.header.hash), undefined, 'the header of block 40'],
    ['the last header', blockKey('headers', 40, last.header.hash), Uint8Array.of(0xc0), 'the header of block 40'],
    ['the last header', blockKey('headers', 40, last.header.hash), third.header.raw, 'the header of block 40'],
    ['the last body', blockKey('bodies', 40, last.header.hash), Uint8Array.of(0xc1), 'the body of block 40'],
    ['the last hash', hashKey(last.header.hash), undefined, toHex(last.header.hash)],
    ['the canonical index', canonicalKey(0), undefined, 'the canonical hash of block 40'],
  ])('HX-22 a damaged record of %s is named on opening', async (_, key, value, name) => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    await chain.close();
    await tamper(location, (database) => (value === undefined ? database.del(key) : database.put(key, value)));
    await expect(openTemporary(genesis, { location })).rejects.toMatchObject({
      name: 'ChainError',
      code: 'corrupt',
      message: expect.stringContaining(name),
    });
  });

  test('HX-22 damaged records below the head are reported, the others are served', async () => {
    const location = temporaryDirectory();
    const before = await openTemporary(genesis, { location });
    await before.append(blocks);
    await before.close();
    const errors: string[] = [];
    const keyOf = (kind: 'headers' | 'bodies' | 'receipts', number: number): Uint8Array =>
      blockKey(kind, number, blocks[number - 1]?.header.hash ?? new Uint8Array(32));
    await tamper(location, async (database) => {
      await database.put(keyOf('headers', 10), new Uint8Array(600));
      await database.put(keyOf('bodies', 20), Uint8Array.of(0xf9, 0xff, 0xff, 1));
      await database.put(keyOf('receipts', 30), new Uint8Array());
    });
    const after = await openTemporary(genesis, {
      location,
      onCorrupt: (error) => errors.push(`${error.code}: ${error.message}`),
    });
    expect(await after.headers({ origin: 0, amount: 40, step: 1 })).toHaveLength(10);
    expect(await after.headers({ origin: 11, amount: 40, step: 1 })).toHaveLength(30);
    const hashes = blocks.map(({ header }) => header.hash);
    const bodies = await after.bodies(hashes);
    expect(bodies.flatMap((body, i) => (body === undefined ? [i + 1] : []))).toEqual([20]);
    const receipts = await after.receipts(hashes);
    expect(receipts.flatMap((list, i) => (list === undefined ? [i + 1] : []))).toEqual([30]);
    expect(errors).toHaveLength(3);
    expect(errors[0]).toContain('corrupt: the header of block 10 is damaged');
    expect(errors[1]).toContain(`the body of block 0x${toHex(hashes[19] as Uint8Array)}`);
    expect(errors[2]).toContain(`the receipts of block 0x${toHex(hashes[29] as Uint8Array)}`);
    expect(await codeOf(after.header(10))).toBe('corrupt');
    expect(await codeOf(after.block(20))).toBe('corrupt');
    expect((await after.block(21))?.body).toEqual(blocks[20]?.body.raw);
    // Further blocks can be appended.
    await after.append(makeChain(config, last.header, 2));
    expect(after.head.number).toBe(42);
  });
});

describe('ND-02 required blocks', () => {
  const required = new Map([[5, fork[1]?.header.hash ?? new Uint8Array()]]);

  test('ND-02 a different block is refused with its number; blocks before it are kept', async () => {
    const chain = await openTemporary(genesis, { requiredBlocks: required });
    await expect(chain.append(blocks)).rejects.toMatchObject({
      code: 'required-block',
      message: expect.stringMatching(/^block 5: is 0x.{64}, but 0x.{64} is required$/),
    });
    expect(chain.head.number).toBe(4);
    await chain.append(fork);
    expect(chain.head.number).toBe(23);
    // A reorganization is refused too.
    expect(await codeOf(chain.append(blocks.slice(3)))).toBe('required-block');
    expect(chain.head.number).toBe(23);
  });

  test('ND-02 a chain with a different block is not opened, and not changed', async () => {
    const location = temporaryDirectory();
    const chain = await openTemporary(genesis, { location });
    await chain.append(blocks);
    await chain.close();
    await expect(openTemporary(genesis, { location, requiredBlocks: required })).rejects.toThrow(
      /^\S+ does not have the required chain: block 5: is 0x.{64}, but 0x.{64} is required$/,
    );
    const ours = new Map([
      [0, genesis.header.hash],
      [40, blocks[39]?.header.hash ?? new Uint8Array()],
      [41, new Uint8Array(32)],
    ]);
    const again = await openTemporary(genesis, { location, requiredBlocks: ours });
    expect(again.head.number).toBe(40);
  });

  test('ND-02 a required genesis block that differs is refused', async () => {
    const none = new Map([[0, new Uint8Array(32)]]);
    expect(await codeOf(openTemporary(genesis, { requiredBlocks: none }))).toBe('required-block');
  });
});
