import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { decodeHeader } from '../src/index.ts';
import { emptyBlocks, memoryChain } from '../src/memory.ts';
import { filled } from './memory-chain.ts';
import { connect } from './peers.ts';

test('ET-16 a chain in memory is served to peers', async () => {
  const chain = memoryChain({ blocks: emptyBlocks(50) });
  const { clock, left } = await connect({ chain }, { chain });
  const answers = Promise.all([
    left.eth.getHeaders({ origin: 40, amount: 192 }),
    left.eth.getHeaders({ origin: chain.range().latestHash, amount: 3, skip: 9, reverse: true }),
    left.eth.getHeaders({ origin: filled(32, 1), amount: 1 }),
    left.eth.getBodies([chain.genesisHash, filled(32, 1)]),
    left.eth.getReceipts([{ hash: chain.genesisHash, gasUsed: 0 }]),
  ]);
  await clock.advance(0);
  const [up, down, unknown, bodies, receipts] = await answers;
  expect(up.map(({ number }) => number)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
  expect(down.map(({ number }) => number)).toEqual([49, 39, 29]);
  expect(unknown).toEqual([]);
  expect(bodies.map(({ transactions }) => transactions.length)).toEqual([0]);
  expect(receipts.map(({ length }) => length)).toEqual([0]);
});

test('a chain without blocks has the genesis as head, and grows', () => {
  const genesisHash = filled(32, 7);
  const bare = memoryChain({
    networkId: 5n,
    genesisHash,
    forks: { blocks: [], times: [9], genesisTime: 3 },
  });
  expect(bare.networkId).toBe(5n);
  expect(bare.range()).toEqual({
    earliest: 0,
    latest: 0,
    latestHash: genesisHash,
    latestTime: 3,
    totalDifficulty: 0n,
  });
  const [first, second] = emptyBlocks(2);
  const chain = memoryChain({ blocks: first === undefined ? [] : [first] });
  let heads = 0;
  const unsubscribe = chain.onHead(() => heads++);
  if (second !== undefined) chain.append(second);
  unsubscribe();
  expect([heads, chain.range().latest]).toEqual([1, 1]);
  expect(decodeHeader((second ?? first)?.header ?? filled(0, 0), nobleCrypto).number).toBe(1);
  expect(() => memoryChain({})).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
