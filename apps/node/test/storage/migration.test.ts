import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { decode } from '@devp2p/rlp';
import { Level } from 'level';
import { describe, expect, test } from 'vitest';
import { type ChainOptions, type LocalChain, openChain } from '../../src/chain/chain.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { ChainError } from '../../src/errors/chain-error.ts';
import { encodeConfigRecord } from '../../src/storage/config-record.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { prepareDatabase } from '../../src/storage/format.ts';
import { formatCodec } from '../../src/storage/records.ts';
import { formatKey, metaKey } from '../../src/storage/schema.ts';
import { crypto, makeGenesis, nextBlock } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

/** Digests of the values that the program of format 1 reads from the fixture. */
interface Expected {
  head: number;
  headHash: string;
  totalDifficulty: string;
  range: object;
  withoutReceipts: object;
  blocks: {
    number: number;
    hash: string;
    header: string;
    body: string;
    receipts: string | null;
    accessList: string | null;
  }[];
  segments: object;
  syncHeaders: string[];
}

interface Fixture {
  genesis: object;
  records: [key: string, value: string][];
  expected: Expected;
}

/** Key and value of every record of a chain of 300 blocks in format 1, written by commit 66284ca. */
const fixture = JSON.parse(
  gunzipSync(readFileSync(new URL('fixtures/datadir-format-1.json.gz', import.meta.url))).toString(),
) as Fixture;
const genesisText = JSON.stringify(fixture.genesis);
const genesis = parseGenesis(genesisText, crypto);
const writer = fileURLToPath(new URL('migration-writer.mjs', import.meta.url));

const digest = (bytes: Uint8Array | undefined): string | null =>
  bytes === undefined ? null : createHash('sha256').update(bytes).digest('hex');

async function withLevel<T>(location: string, use: (level: Level<Uint8Array, Uint8Array>) => Promise<T>): Promise<T> {
  const level = new Level<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  try {
    return await use(level);
  } finally {
    await level.close();
  }
}

/** A database of format 1. */
async function oldDatabase(
  change: (level: Level<Uint8Array, Uint8Array>) => Promise<void> = async () => {},
): Promise<string> {
  const location = temporaryDirectory();
  const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
  await withLevel(location, async (level) => {
    await level.batch(
      fixture.records.map(([key, value]) => ({
        type: 'put',
        key: bytesOf(key),
        value: bytesOf(value),
      })),
    );
    await change(level);
  });
  return location;
}

async function contents(location: string): Promise<Map<string, string>> {
  const entries = await withLevel(location, (level) => level.iterator().all());
  return new Map(entries.map(([key, value]) => [toHex(key), toHex(value)]));
}

function open(location: string, options: Partial<ChainOptions> = {}): Promise<LocalChain> {
  const clock = createVirtualClock({ now: 2_000_000_000_000 });
  // Indexes are built in the background, so that the contents of the database would differ.
  const indexes = { transactionHistory: false, logHistory: false } as const;
  return openChain({ location, genesis, clock, crypto, ...indexes, ...options });
}

/** Everything that can be read from a chain, in the form of the fixture. */
async function readAll(chain: LocalChain): Promise<Expected> {
  const range = chain.range();
  const blocks = [];
  for (let number = 0; number <= chain.head.number; number++) {
    const hash = await chain.hashAt(number);
    const block = await chain.block(number);
    if (hash === undefined || block === undefined) throw new Error(`block ${number} is missing`);
    const [body] = await chain.bodies([hash]);
    const [receipts] = await chain.receipts([hash]);
    const [header] = await chain.headers({ origin: hash, amount: 1, step: 1 });
    expect([header, body, receipts]).toEqual([block.header.raw, block.body, block.receipts]);
    expect(await chain.blockByHash(hash)).toEqual(block);
    blocks.push({
      number: (await chain.numberOf(hash)) ?? -1,
      hash: toHex(hash),
      header: digest(header) ?? '',
      body: digest(body) ?? '',
      receipts: digest(receipts),
      accessList: digest(block.accessList),
    });
  }
  const segments = await chain.syncProgress.segments();
  return {
    head: chain.head.number,
    headHash: toHex(chain.head.hash),
    totalDifficulty: String(chain.totalDifficulty),
    range: {
      ...range,
      latestHash: toHex(range.latestHash),
      totalDifficulty: String(range.totalDifficulty),
    },
    withoutReceipts: chain.withoutReceipts,
    blocks,
    segments: segments.map((segment) => ({
      ...segment,
      topHash: toHex(segment.topHash),
      tailParent: toHex(segment.tailParent),
    })),
    syncHeaders: (await chain.syncProgress.headers(311, 100)).map(({ raw }) => digest(raw) ?? ''),
  };
}

/** The check of the program of format 1. */
async function olderProgram(location: string): Promise<string> {
  const record = await withLevel(location, (level) => level.get(formatKey));
  if (record === undefined) throw new Error('no format record');
  const { version } = decode(formatCodec, record);
  return version === 1 ? 'opened' : `has format ${version}, this program writes 1`;
}

describe('a database of format 1', () => {
  test('HX-23 is migrated with everything that can be read', async () => {
    const location = await oldDatabase();
    const progress: [done: number, total: number][] = [];
    const chain = await open(location, { onMigrate: (...step) => progress.push(step) });
    expect(await readAll(chain)).toEqual(fixture.expected);
    await chain.close();
    expect(progress[0]).toEqual([0, 331]);
    expect(progress.at(-1)).toEqual([331, 331]);
    const keys = [...(await contents(location)).keys()];
    // Besides the format record, everything is in a sublevel: its keys begin with an exclamation mark.
    expect(keys.filter((key) => !key.startsWith('21'))).toEqual([toHex(formatKey)]);
    const stored = await withLevel(location, (level) => level.get(metaKey('config')));
    expect(stored && new Uint8Array(stored)).toEqual(encodeConfigRecord(genesis.config));

    const again = await open(location, {
      onMigrate: () => {
        throw new Error('migrated twice');
      },
    });
    expect(await readAll(again)).toEqual(fixture.expected);
    await again.append([nextBlock(genesis.config, again.head)]);
    expect(again.head.number).toBe(301);
    await again.close();
  });

  test('HX-23 can be read by other programs by the names of its sublevels', async () => {
    const location = await oldDatabase();
    await (await open(location)).close();
    await withLevel(location, async (level) => {
      const bodies = level.sublevel('bodies', { keyEncoding: 'view', valueEncoding: 'view' });
      expect(await bodies.keys().all()).toHaveLength(301);
    });
  });

  test('HX-23 without the record of receipts, they are searched for', async () => {
    const location = await oldDatabase((level) => level.del(new TextEncoder().encode('mwhole')));
    const chain = await open(location);
    expect(await readAll(chain)).toEqual(fixture.expected);
    await chain.close();
  });

  test('HX-22 damaged records stay as they are, the others are migrated', async () => {
    const oldKey = (kind: string, number: number): Uint8Array => {
      const key = new Uint8Array(9);
      key[0] = kind.charCodeAt(0);
      new DataView(key.buffer).setUint32(5, number);
      return key;
    };
    const location = await oldDatabase(async (level) => {
      await level.put(oldKey('h', 40), Uint8Array.of(1));
      await level.del(oldKey('h', 60));
      await level.put(oldKey('b', 80), Uint8Array.of(1));
    });
    const errors: string[] = [];
    const chain = await open(location, { onCorrupt: ({ message }) => errors.push(message) });
    for (const number of [40, 60]) {
      await expect(chain.header(number)).rejects.toMatchObject({ code: 'corrupt' });
    }
    const { blocks } = fixture.expected;
    const hashes = blocks.map(({ hash }) => new Uint8Array(Buffer.from(hash, 'hex')));
    const bodies = await chain.bodies(hashes);
    expect(bodies.map(digest)).toEqual(blocks.map(({ body }, number) => (number === 80 ? null : body)));
    expect(errors).toHaveLength(1);
    const numbers = await Promise.all(hashes.map((hash) => chain.numberOf(hash)));
    expect(numbers).toEqual(blocks.map(({ number }) => number));
    await chain.close();
  });

  test('HX-23 killed at any point, the migration continues at the next start', async () => {
    const batch = 25;
    const kill = (location: string, limit: number) =>
      spawnSync(process.execPath, [writer, location, genesisText, String(batch), String(limit)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    const reference = await oldDatabase();
    await (await open(reference)).close();
    const whole = await contents(reference);
    for (const first of [0, 1, 5, 12, 13]) {
      const location = await oldDatabase();
      const killed = kill(location, first);
      expect(killed.signal, killed.stderr.toString()).toBe('SIGKILL');
      expect(await olderProgram(location)).toBe('has format 2, this program writes 1');
      // And again, two batches further.
      kill(location, 2);
      expect(await olderProgram(location)).toBe('has format 2, this program writes 1');
      const chain = await open(location);
      expect(await readAll(chain)).toEqual(fixture.expected);
      await chain.close();
      expect(await contents(location)).toEqual(whole);
    }
  });

  test('HX-23 aborted, the migration continues at the next start', async () => {
    const location = await oldDatabase();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const done: number[] = [];
    const opening = open(location, {
      signal: controller.signal,
      onMigrate: (moved) => {
        done.push(moved);
        if (moved > 0) controller.abort(reason);
      },
    });
    await expect(opening).rejects.toBe(reason);
    expect(done).toEqual([0, 256]);
    expect(await olderProgram(location)).toBe('has format 2, this program writes 1');
    const chain = await open(location);
    expect(await readAll(chain)).toEqual(fixture.expected);
    await chain.close();
  });

  test('HX-23 is not changed when the disk has too little space', async () => {
    const location = await oldDatabase();
    const before = await contents(location);
    const failure = open(location, { freeSpace: async () => 1_000_000 });
    const error = await failure.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ChainError);
    expect(error).toMatchObject({ code: 'disk-space', data: { location, available: 1_000_000 } });
    const { needed } = (error as ChainError).data;
    expect(needed).toBeGreaterThan(1_000_000);
    expect((error as Error).message).toContain(`needs ${needed} bytes of free disk space, but 1000000 are available`);
    expect(await contents(location)).toEqual(before);
    const chain = await open(location);
    expect(await readAll(chain)).toEqual(fixture.expected);
    await chain.close();
  });

  test('HX-23 of another genesis block is not changed', async () => {
    const location = await oldDatabase();
    const before = await contents(location);
    const other = makeGenesis('prague');
    await expect(open(location, { genesis: other })).rejects.toMatchObject({
      code: 'other-genesis',
    });
    expect(await contents(location)).toEqual(before);
  });
});

test('HX-23 a newer format is refused with both versions named, and not changed', async () => {
  const location = await oldDatabase((level) =>
    level.put(formatKey, Uint8Array.of(0xe2, 3, 0xa0, ...genesis.header.hash)),
  );
  const before = await contents(location);
  await expect(open(location)).rejects.toMatchObject({
    code: 'other-format',
    message: expect.stringMatching(/has format 3, this program writes format 2/),
  });
  expect(await contents(location)).toEqual(before);
});

test('HX-23 progress of a migration is reported by batches', async () => {
  const location = await oldDatabase();
  const done: number[] = [];
  const database = await openDatabase(location);
  await prepareDatabase({
    database,
    genesis,
    crypto,
    migrationBatch: 100,
    onMigrate: (moved) => done.push(moved),
  });
  await database.close();
  expect(done).toEqual([0, 100, 200, 300, 301, 331, 331]);
});
