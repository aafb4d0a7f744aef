import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, test } from 'vitest';
import { createMemoryDatabase } from '../../../src/execution/state/memory-database.ts';
import { storeOf } from '../../../src/execution/state/open-state-store.ts';
import { openStateDatabase, type StateDatabase } from '../../../src/execution/state/state-database.ts';
import type { StateStore } from '../../../src/execution/state/state-store.ts';
import {
  applyToModel,
  blockHash,
  type Model,
  modelText,
  type Random,
  randomChanges,
  randomOf,
  rootOfModel,
  stateText,
} from './model.ts';

const accounts = 40;

/** A block of a test, with the state that it leads to. */
interface TestBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly parent: TestBlock | undefined;
  readonly model: Model;
  readonly root: Uint8Array;
}

async function genesisOf(
  model: Model,
): Promise<{ genesis: Parameters<typeof storeOf>[1]['genesis']; block: TestBlock }> {
  const hash = blockHash(0);
  const root = await rootOfModel(model);
  const list = [...model].map(([address, { nonce, balance, code, storage }]) => {
    const slots = [...storage].map(([slot, value]) => [word(slot), word(value)] as const);
    return [new Uint8Array(Buffer.from(address, 'hex')), { nonce, balance, code, storage: slots }] as const;
  });
  const header = { number: 0, hash, stateRoot: root } as never;
  return {
    genesis: { header, accounts: list, source: 'test' },
    block: { number: 0, hash, parent: undefined, model, root },
  };
}

function word(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

function expectState(store: StateStore, { hash, model, root }: TestBlock): void {
  const reader = store.reader(hash);
  if (reader === undefined) throw new Error('the state is not available');
  expect(store.stateRoot(hash)).toEqual(root);
  expect(stateText(reader, accounts)).toBe(modelText(model, accounts));
}

/** A random tree of blocks, checked after each step against plain maps. */
async function runTree(seed: number, database: StateDatabase, reopen?: () => Promise<StateDatabase>): Promise<void> {
  const random: Random = randomOf(seed);
  let first: Model = new Map();
  first = applyToModel(first, randomChanges(first, random, { accounts, size: 30 }));
  const { genesis, block: genesisBlock } = await genesisOf(first);
  const historyDepth = 4 + random.int(8);
  const options = {
    genesis,
    crypto,
    historyDepth,
    commitBytes: 1 + random.int(20_000),
    cacheSize: random.int(2) * 100_000,
  };
  let store = await storeOf(database, options);
  let blocks: TestBlock[] = [genesisBlock];
  let head = genesisBlock;
  const isAncestor = (ancestor: TestBlock, block: TestBlock): boolean => {
    for (let at: TestBlock | undefined = block; at !== undefined; at = at.parent) if (at === ancestor) return true;
    return false;
  };
  expectState(store, genesisBlock);
  for (let step = 1; step <= 40; step++) {
    const available = blocks.filter(({ hash }) => store.has(hash));
    // The latest block often, any other sometimes.
    const parent = (random.int(3) > 0 ? available.at(-1) : available[random.int(available.length)]) as TestBlock;
    const action = random.int(10);
    if (action < 6) {
      const changes = randomChanges(parent.model, random, { accounts });
      const model = applyToModel(parent.model, changes);
      const root = await rootOfModel(model);
      const block = { number: parent.number + 1, hash: blockHash(seed * 1000 + step), parent, model, root };
      expect(store.rootAfter(parent.hash, changes)).toEqual(root);
      expect(store.apply(parent.hash, block, changes)).toEqual(root);
      blocks.push(block);
      expectState(store, block);
    } else if (action < 9) {
      const keep = random.int(3);
      await store.commit(parent.hash, { keep });
      const found = blocks.find(({ hash }) => Buffer.compare(hash, store.head.hash) === 0) as TestBlock;
      expect(isAncestor(found, parent)).toBe(true);
      const isForward = isAncestor(head, parent);
      if (!isForward) expect(parent.number - found.number).toBeLessThanOrEqual(keep);
      head = found;
      const numbers = [...store.ancestors()].map(({ number }) => number);
      for (const block of blocks) {
        const isReachable = isAncestor(block, head) && numbers.includes(block.number);
        if (isReachable) expect(store.has(block.hash)).toBe(true);
      }
      const depth = Math.min(historyDepth, head.number);
      expect([...store.ancestors()].length - 1).toBeLessThanOrEqual(depth);
    } else if (reopen !== undefined) {
      await store.close();
      store = await storeOf(await reopen(), options);
      blocks = blocks.filter(({ hash }) => store.has(hash));
      expect(store.head.hash).toEqual(head.hash);
    }
    for (const block of blocks) if (random.int(4) === 0 && store.has(block.hash)) expectState(store, block);
  }
  for (const { hash } of store.ancestors()) {
    const block = blocks.find((other) => Buffer.compare(other.hash, hash) === 0);
    if (block !== undefined) expectState(store, block);
  }
  await store.close();
}

test('ND-07 states of a random tree of blocks equal those of plain maps, through commits and ways back', async () => {
  for (let seed = 1; seed <= 10; seed++) await runTree(seed, createMemoryDatabase());
});

test('ND-07 states in a database equal those of plain maps, also after it was closed and opened again', async () => {
  for (let seed = 101; seed <= 104; seed++) {
    const location = join(mkdtempSync(join(tmpdir(), 'state-')), 'state');
    const open = (): Promise<StateDatabase> => openStateDatabase(location);
    await runTree(seed, await open(), open);
  }
});
