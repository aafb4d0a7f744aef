import { expect, test, vi } from 'vitest';
import { openDatabase } from '../../../src/storage/database.ts';
import { findInBucket, fingerprintOf, LogSectionBuilder } from '../../../src/storage/indexes/log-section.ts';
import { sublevels } from '../../../src/storage/schema.ts';
import { crypto, makeReceipts, plainReceipt } from '../../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../../chain/temporary.ts';
import { addressOf, chainOf, expected, filters, found, genesis, indexed, topicOf } from './log-scene.ts';

const blocks = chainOf(900);

test.each(filters)('RP-21 the index of logs finds %s', async (_, filter) => {
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  await indexed(chain);
  expect(chain.logIndex).toMatchObject({ isEnabled: true, first: 0 });
  expect(await found(chain, filter)).toEqual(expected(blocks, filter));
  expect(await found(chain, filter, 250, 600)).toEqual(expected(blocks.slice(249, 600), filter));
});

test('RP-21 logs are found while they are not indexed, and without an index', async () => {
  const location = temporaryDirectory();
  const without = await openTemporary(genesis, { location, logHistory: false });
  await without.append(blocks);
  for (const [, filter] of filters) expect(await found(without, filter)).toEqual(expected(blocks, filter));
  await without.close();
  const chain = await openTemporary(genesis, { location });
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
  await indexed(chain);
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
});

test('RP-21 a reorganization removes the sections that it reaches, which are built again', async () => {
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  await indexed(chain);
  const branch = chainOf(800, blocks[299]?.header, 3);
  await chain.append(branch);
  const canonical = [...blocks.slice(0, 300), ...branch];
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(canonical, filter));
  await indexed(chain);
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(canonical, filter));
  await chain.truncate(100);
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks.slice(0, 100), filter));
  await chain.append(blocks.slice(100));
  await indexed(chain);
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
});

test('RP-21 the index of logs continues after a restart, and is limited to recent blocks', async () => {
  const location = temporaryDirectory();
  let chain = await openTemporary(genesis, { location, logHistory: 300 });
  await chain.append(blocks);
  await vi.waitFor(() => expect(chain.logIndex.first).toBeGreaterThan(0), { timeout: 60_000, interval: 1 });
  await chain.close();
  chain = await openTemporary(genesis, { location, logHistory: 0 });
  await indexed(chain);
  expect(chain.logIndex.first).toBe(0);
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
  await chain.close();
  chain = await openTemporary(genesis, { location, logHistory: false });
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
  await chain.append(chainOf(1, chain.head));
  await chain.close();
  const database = await openDatabase(location);
  const left = await database.firstKeys(sublevels.logs.all, 1);
  await database.close();
  expect(left).toEqual([]);
});

test('RP-21 blocks whose receipts are not stored are reported', async () => {
  const chain = await openTemporary(genesis);
  await chain.append(blocks.map(({ header, body }) => ({ header, body })));
  await indexed(chain);
  const missing: number[] = [];
  for await (const { header, logs } of chain.findLogs({ addresses: [addressOf(7)], topics: [], first: 0, last: 900 })) {
    if (logs === undefined) missing.push(header.number);
  }
  expect(missing).toEqual(expect.arrayContaining([7, 107, 307, 407]));
  await chain.addReceipts(
    blocks.map(({ header, receipts }) => ({ hash: header.hash, receipts: receipts ?? makeReceipts([]) })),
  );
  for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(blocks, filter));
});

test('RP-21 a section with a million entries has buckets of a few KiB', () => {
  const builder = new LogSectionBuilder();
  const logs = Array.from({ length: 1_000 }, (_, i) => {
    const address = new Uint8Array(20);
    new DataView(address.buffer).setUint32(0, i);
    return { address, topics: [topicOf(1), topicOf(i % 250)], data: new Uint8Array() };
  });
  const receipts = makeReceipts([plainReceipt(21_000, { logs })]);
  for (let place = 0; place < 256; place++) builder.add(place, receipts.raw, crypto);
  const building = builder.build();
  let step = building.next();
  while (!step.done) step = building.next();
  const { bucketBits, buckets } = step.value;
  expect(buckets).toHaveLength(2 ** bucketBits);
  expect(buckets.reduce((sum, { length }) => sum + length, 0)).toBe(256 * (1_000 + 1 + 250) * 4);
  const places: number[] = [];
  const fingerprint = fingerprintOf(2, topicOf(77), crypto);
  const bucket = buckets[Math.floor(fingerprint / 2 ** (40 - bucketBits))] as Uint8Array;
  findInBucket(bucket, fingerprint, bucketBits, (place) => places.push(place));
  expect(places).toEqual(Array.from({ length: 256 }, (_, i) => i));
});
