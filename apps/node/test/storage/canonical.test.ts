import { toHex } from '@devp2p/bytes';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { NewBlock } from '../../src/chain/interfaces.ts';
import { canonicalHashes, canonicalHeaderRecords } from '../../src/storage/canonical.ts';
import { type Database, openDatabase, type Reading } from '../../src/storage/database.ts';
import { blockKey, blockOfKey, blockRange, hashesPerPage, sublevels } from '../../src/storage/schema.ts';
import { makeChain, makeGenesis } from '../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../chain/temporary.ts';

const genesis = makeGenesis('prague');
const length = 2 * hashesPerPage + 20;
const blocks = makeChain(genesis.config, genesis.header, length);
const raw = [genesis.header, ...blocks.map(({ header }) => header)].map((header) => header.raw);
const forkNumber = hashesPerPage - 4;
/** Twelve blocks beside the canonical ones, across the end of the first page of the index. */
const side = makeChain(genesis.config, blocks[forkNumber - 1]?.header ?? genesis.header, 12, {
  extraData: Uint8Array.of(1),
});

/** `amount` numbers from a first one. */
function numbersFrom(first: number, amount: number, step = 1): number[] {
  return Array.from({ length: amount }, (_, i) => first + i * step);
}

/** Opens a database for one test, with the blocks as its canonical chain. */
async function openBlocks(options: { withSideBlocks: boolean }): Promise<Database> {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  await chain.append(blocks.slice(0, forkNumber));
  if (options.withSideBlocks) await chain.append(side);
  await chain.append(blocks.slice(forkNumber));
  await chain.close();
  const database = await openDatabase(location);
  onTestFinished(() => database.close());
  return database;
}

/** Canonical header records, with the lowest side block as the store passes it. */
async function headerRecords(reading: Reading, numbers: readonly number[]): Promise<(Uint8Array | undefined)[]> {
  const [key] = await reading.firstKeys(sublevels.sideBlocks.all, 1);
  return canonicalHeaderRecords(reading, numbers, key && blockOfKey(key).number);
}

/** Counts the records that are read one by one. */
function counted(reading: Reading): { reading: Reading; readByKey: () => number } {
  let count = 0;
  const getMany: Reading['getMany'] = (keys) => {
    count += keys.length;
    return reading.getMany(keys);
  };
  return { reading: { ...reading, getMany }, readByKey: () => count };
}

test.each<[string, number[]]>([
  ['of the genesis', [0]],
  ['of one number', [70]],
  ['from the genesis', numbersFrom(0, 64)],
  ['down to the genesis', numbersFrom(63, 64, -1)],
  ['across pages of the index', numbersFrom(hashesPerPage - 3, hashesPerPage + 6)],
  ['across pages of the index, descending', numbersFrom(2 * hashesPerPage + 2, hashesPerPage + 6, -1)],
  ['of the whole chain', numbersFrom(0, length + 1)],
])('ET-07 successive headers %s are read as one range', async (_, numbers) => {
  const database = await openBlocks({ withSideBlocks: false });
  const { reading, readByKey } = counted(database);
  expect(await headerRecords(reading, numbers)).toEqual(numbers.map((number) => raw[number]));
  expect(readByKey()).toBe(0);
});

test.each<[string, number[]]>([
  ['ascending', numbersFrom(forkNumber - 20, 80)],
  ['descending', numbersFrom(forkNumber + 60, 80, -1)],
  ['up to the first side block', numbersFrom(0, forkNumber + 2)],
  ['up to the block before the first side block', numbersFrom(0, forkNumber + 1)],
  ['from the last side block', numbersFrom(forkNumber + 12, 70)],
  ['from the block after the last side block', numbersFrom(forkNumber + 13, 70)],
  ['at the first side block', [forkNumber + 1]],
  ['at every second block', numbersFrom(forkNumber - 2, 10, 2)],
])('ET-07 ND-08 canonical headers are served and side blocks are not, %s', async (_, numbers) => {
  const database = await openBlocks({ withSideBlocks: true });
  for (const { header } of side) {
    expect(await database.get(blockKey('headers', header.number, header.hash))).toEqual(header.raw);
  }
  expect(await headerRecords(database, numbers)).toEqual(numbers.map((number) => raw[number]));
});

test('ET-07 numbers above the head have no header, in both directions', async () => {
  const database = await openBlocks({ withSideBlocks: false });
  const expected = [...raw.slice(length - 70), undefined, undefined, undefined];
  const numbers = numbersFrom(length - 70, 74);
  expect(await headerRecords(database, numbers)).toEqual(expected);
  expect(await headerRecords(database, numbers.reverse())).toEqual(expected.reverse());
  expect(await headerRecords(database, [length + 1])).toEqual([undefined]);
  expect(await headerRecords(database, [])).toEqual([]);
});

test('HX-22 a missing header record moves no other header to its number', async () => {
  const database = await openBlocks({ withSideBlocks: false });
  await database.clear(blockRange('headers', 10, 10));
  const numbers = numbersFrom(5, 70);
  const expected = numbers.map((number) => (number === 10 ? undefined : raw[number]));
  expect(await headerRecords(database, numbers)).toEqual(expected);
  expect(await headerRecords(database, numbers.reverse())).toEqual(expected.reverse());
});

test('HX-22 ND-08 a side block does not replace a missing header record of its height', async () => {
  const database = await openBlocks({ withSideBlocks: true });
  const number = forkNumber + side.length;
  const { hash } = (blocks[number - 1] as NewBlock).header;
  await database.batch([{ type: 'del', key: blockKey('headers', number, hash) }]);
  expect(await headerRecords(database, [number])).toEqual([undefined]);
  // A range with one side block: the count of its records is that of its numbers.
  const expected = [undefined, ...raw.slice(number + 1, number + 70)];
  expect(await headerRecords(database, numbersFrom(number, 70))).toEqual(expected);
});

test('ND-08 a reorganization between the reads does not mix blocks of two chains', async () => {
  const database = await openBlocks({ withSideBlocks: true });
  // The store has written the side blocks, and not yet updated the number of the lowest.
  const reading: Reading = { ...database, firstKeys: async () => [] };
  const numbers = numbersFrom(forkNumber - 2, 70);
  expect(await headerRecords(reading, numbers)).toEqual(numbers.map((number) => raw[number]));
});

test('ET-07 any progression of numbers gives the records of the hashes in the index', async () => {
  const database = await openBlocks({ withSideBlocks: true });
  const byHash = async (numbers: readonly number[]): Promise<(string | undefined)[]> => {
    const hashes = await canonicalHashes(database, numbers);
    const records = hashes.map((hash, i) => hash && database.get(blockKey('headers', numbers[i] as number, hash)));
    return (await Promise.all(records)).map((record) => record && toHex(record));
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: length + 10 }),
      fc.integer({ min: 0, max: length + 10 }),
      fc.oneof(fc.constantFrom(1, -1), fc.integer({ min: -9, max: 9 })),
      async (first, amount, step) => {
        const numbers = numbersFrom(first, amount, step).filter((number) => number >= 0);
        const records = await headerRecords(database, numbers);
        expect(records.map((record) => record && toHex(record))).toEqual(await byHash(numbers));
      },
    ),
    { numRuns: 100 },
  );
});
