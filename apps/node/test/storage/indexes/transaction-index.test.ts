import { decodeBody, type SealedHeader } from '@devp2p/eth';
import { expect, test, vi } from 'vitest';
import type { LocalChain } from '../../../src/chain/chain.ts';
import type { NewBlock } from '../../../src/chain/interfaces.ts';
import { openDatabase } from '../../../src/storage/database.ts';
import { sublevels } from '../../../src/storage/schema.ts';
import { crypto, makeGenesis, nextBlock, transfer } from '../../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../../chain/temporary.ts';

const genesis = makeGenesis('prague');

/** Blocks with two transfers each, whose nonces begin with `100 × number`. */
function chainOf(count: number, parent: SealedHeader = genesis.header, salt = 0): NewBlock[] {
  const blocks: NewBlock[] = [];
  for (let last = parent; blocks.length < count; last = blocks.at(-1)?.header as SealedHeader) {
    const nonce = 100 * (last.number + 1);
    // The first transfer is the same in every branch, the second one differs.
    const transactions = [transfer(nonce), transfer(nonce + 1 + salt)];
    blocks.push(nextBlock(genesis.config, last, { transactions }, { extraData: Uint8Array.of(salt) }));
  }
  return blocks;
}

function hashesOf({ body }: NewBlock): Uint8Array[] {
  return [...body.transactions].map((raw) => crypto.keccak256(raw));
}

async function positions(chain: LocalChain, blocks: readonly NewBlock[]): Promise<(string | undefined)[]> {
  const found = await Promise.all(blocks.flatMap(hashesOf).map((hash) => chain.findTransaction(hash)));
  return found.map((one) => one && `${one.header.number}.${one.index}`);
}

function expected(blocks: readonly NewBlock[]): string[] {
  return blocks.flatMap(({ header }) => [`${header.number}.0`, `${header.number}.1`]);
}

const indexed = (chain: LocalChain): Promise<void> =>
  vi.waitFor(() => expect(chain.transactionIndex.remaining).toBe(0), { timeout: 60_000, interval: 1 });

const blocks = chainOf(40);

test('RP-13 the transactions of a block are found by hash as soon as it is canonical', async () => {
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  expect(await positions(chain, blocks)).toEqual(expected(blocks));
  const [hash] = hashesOf(blocks[6] as NewBlock);
  const found = await chain.findTransaction(hash as Uint8Array);
  expect(found?.header.hash).toEqual(blocks[6]?.header.hash);
  expect(found?.body.raw).toEqual(blocks[6]?.body.raw);
  expect(found?.receipts?.raw).toEqual(blocks[6]?.receipts?.raw);
  expect(await chain.findTransaction(new Uint8Array(32).fill(7))).toBeUndefined();
});

test('RP-13 a reorganization removes the transactions of the replaced blocks from the index', async () => {
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  const branch = chainOf(20, blocks[24]?.header, 50);
  await chain.append(branch);
  const replaced = blocks.slice(25).map((block) => hashesOf(block));
  expect(await positions(chain, branch.slice(0, 15))).toEqual(expected(branch.slice(0, 15)));
  for (const [common, gone] of replaced) {
    expect(await chain.findTransaction(common as Uint8Array)).toBeDefined();
    expect(await chain.findTransaction(gone as Uint8Array)).toBeUndefined();
  }
  await chain.setHead(blocks[39]?.header.hash as Uint8Array);
  expect(await positions(chain, blocks)).toEqual(expected(blocks));
  await chain.truncate(10);
  expect(await positions(chain, blocks.slice(0, 10))).toEqual(expected(blocks.slice(0, 10)));
  expect((await positions(chain, blocks.slice(10))).every((one) => one === undefined)).toBe(true);
});

test('RP-12 the index of an existing database is built in the background, and continues after a restart', async () => {
  const location = temporaryDirectory();
  const many = chainOf(700);
  const without = await openTemporary(genesis, { location, transactionHistory: false });
  await without.append(many);
  expect(without.transactionIndex.isEnabled).toBe(false);
  expect(await positions(without, many.slice(0, 2))).toEqual([undefined, undefined, undefined, undefined]);
  await without.close();
  let chain = await openTemporary(genesis, { location });
  expect(chain.transactionIndex).toMatchObject({ isEnabled: true, first: 701, remaining: 701 });
  await vi.waitFor(() => expect(chain.transactionIndex.first).toBeLessThan(701), { interval: 1 });
  await chain.close();
  chain = await openTemporary(genesis, { location });
  expect(chain.transactionIndex.first).toBeLessThan(701);
  await indexed(chain);
  expect(chain.transactionIndex.first).toBe(0);
  expect(await positions(chain, many)).toEqual(expected(many));
});

test('RP-12 blocks that are added while the index is built are indexed', async () => {
  const location = temporaryDirectory();
  const many = chainOf(600);
  const without = await openTemporary(genesis, { location, transactionHistory: false });
  await without.append(many.slice(0, 500));
  await without.close();
  const chain = await openTemporary(genesis, { location });
  await chain.append(many.slice(500));
  // A reorganization below everything that is indexed so far.
  const branch = chainOf(120, many[399]?.header, 50);
  await chain.append(branch);
  await indexed(chain);
  expect(await positions(chain, [...many.slice(0, 400), ...branch])).toEqual(
    expected([...many.slice(0, 400), ...branch]),
  );
});

test('RP-12 the index is limited to recent blocks, and grows with the limit', async () => {
  const location = temporaryDirectory();
  const many = chainOf(300);
  let chain = await openTemporary(genesis, { location, transactionHistory: 100 });
  await chain.append(many);
  await vi.waitFor(() => expect(chain.transactionIndex.first).toBeGreaterThan(137), { timeout: 60_000, interval: 1 });
  expect(chain.transactionIndex.first).toBeLessThanOrEqual(201);
  expect(await positions(chain, many.slice(200))).toEqual(expected(many.slice(200)));
  expect(await positions(chain, many.slice(0, 1))).toEqual([undefined, undefined]);
  await chain.close();
  chain = await openTemporary(genesis, { location, transactionHistory: 0 });
  await indexed(chain);
  expect(await positions(chain, many)).toEqual(expected(many));
});

test('RP-12 an index that is switched off is removed', async () => {
  const location = temporaryDirectory();
  const chain = await openTemporary(genesis, { location });
  await chain.append(blocks);
  await chain.close();
  const without = await openTemporary(genesis, { location, transactionHistory: false });
  await without.append([nextBlock(genesis.config, without.head)]);
  await without.close();
  const database = await openDatabase(location);
  const left = await database.firstKeys(sublevels.transactions.all, 1);
  const stored = await database.firstValues(sublevels.bodies.all, 3);
  await database.close();
  expect(left).toEqual([]);
  expect(stored.map((body) => decodeBody(body).transactions.length)).toEqual([0, 2, 2]);
});
