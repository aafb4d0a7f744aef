import { fromHex, toHex } from '@devp2p/bytes';
import { decode, encode } from '@devp2p/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkForkId, type ForkSchedule, forkId, forkIdCodec } from '../src/index.ts';
import vectors from './vectors/forkid.json' with { type: 'json' };

const { mainnet, sepolia, hoodi } = vectors;

describe.each(Object.entries({ mainnet, sepolia, hoodi }))('%s', (_, network) => {
  const genesis = fromHex(network.genesis);
  const forks = [...network.blocks, ...network.times];
  const sums = network.forkid_hashes.map((sum) => Number.parseInt(sum, 16));
  /** Head at a fork, or at the block before it. */
  const head = (index: number, before = 0) => {
    const isBlock = index < network.blocks.length;
    const lastBlock = network.blocks.at(-1) ?? 0;
    const at = (forks[index] ?? 0) - before;
    return isBlock ? { number: at, time: 0 } : { number: lastBlock, time: at };
  };

  test('ET-04 checksum and next fork before and at every fork', () => {
    expect(forkId(genesis, network, { number: 0, time: 0 })).toEqual({
      hash: sums[0],
      next: BigInt(forks[0] as number),
    });
    for (let i = 0; i < forks.length; i++) {
      const next = BigInt(forks[i + 1] ?? 0);
      expect(forkId(genesis, network, head(i))).toEqual({ hash: sums[i + 1], next });
      const announced = BigInt(forks[i] as number);
      expect(forkId(genesis, network, head(i, 1))).toEqual({ hash: sums[i], next: announced });
    }
  });

  test('ET-04 order, repetition and forks at genesis have no effect', () => {
    const shuffled: ForkSchedule = {
      blocks: [...network.blocks, ...network.blocks, 0].reverse(),
      times: [...network.times, 0, ...network.times].reverse(),
    };
    for (let i = 0; i < forks.length; i++) {
      expect(forkId(genesis, shuffled, head(i))).toEqual(forkId(genesis, network, head(i)));
    }
  });

  test('ET-04 two nodes of one schedule accept each other at any heads', () => {
    const heads = fc.record({
      fork: fc.nat({ max: forks.length - 1 }),
      before: fc.nat({ max: 1 }),
    });
    fc.assert(
      fc.property(heads, heads, (ours, theirs) => {
        const remote = forkId(genesis, network, head(theirs.fork, theirs.before));
        const local = head(ours.fork, ours.before);
        expect(checkForkId(genesis, network, local, remote)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });
});

test('ET-04 timestamp forks up to the genesis are left out', () => {
  const genesis = fromHex(mainnet.genesis);
  const bare = forkId(genesis, { blocks: [], times: [] }, { number: 5, time: 2_000 });
  const schedule = { blocks: [0], times: [10, 1_000], genesisTime: 1_000 };
  expect(forkId(genesis, schedule, { number: 5, time: 2_000 })).toEqual(bare);
});

const genesis = fromHex(mainnet.genesis);
const blocksOnly = { blocks: mainnet.blocks, times: [] };
const never = 2n ** 64n - 1n;

// Cases of the validation rules of EIP-2124, with values of mainnet.
test.each<[string, ForkSchedule, number, number, number, bigint, string | undefined]>([
  ['same forks, no next fork', blocksOnly, 15050000, 0, 0xf0afd0e3, 0n, undefined],
  ['same forks, next fork in the far future', blocksOnly, 15050000, 0, 0xf0afd0e3, never, undefined],
  ['remote lacks our next fork', blocksOnly, 7279999, 0, 0xa00bc324, 0n, undefined],
  ['remote has our next fork', blocksOnly, 7279999, 0, 0xa00bc324, 7280000n, undefined],
  ['remote has another next fork', blocksOnly, 7279999, 0, 0xa00bc324, never, undefined],
  ['remote syncing, one fork behind', blocksOnly, 7987396, 0, 0xa00bc324, 7280000n, undefined],
  ['remote syncing, two forks behind', blocksOnly, 7987396, 0, 0x3edd5b10, 4370000n, undefined],
  ['we are syncing, one fork behind', blocksOnly, 7279999, 0, 0x668db0af, 0n, undefined],
  ['we are syncing, remote lacks a later fork', blocksOnly, 4369999, 0, 0xa00bc324, 0n, undefined],
  ['remote stale: it lacks a passed fork', blocksOnly, 7987396, 0, 0xa00bc324, 0n, 'remote-stale'],
  ['remote behind with a wrong next', blocksOnly, 7987396, 0, 0xa00bc324, 5n, 'remote-stale'],
  ['we are stale', blocksOnly, 7987396, 0, 0x5cddc0e1, 0n, 'incompatible-or-stale'],
  ['another chain', blocksOnly, 7987396, 0, 0xafec6b27, 0n, 'incompatible-or-stale'],
  ['next fork passed: at head', blocksOnly, 88888888, 0, 0xf0afd0e3, 88888888n, 'incompatible-or-stale'],
  ['next fork passed: before ours', blocksOnly, 7279999, 0, 0xa00bc324, 7279999n, 'incompatible-or-stale'],
  ['block forks passed, next is a time', mainnet, 15050000, 0, 0xf0afd0e3, 1681338455n, undefined],
  ['blocks passed, no next', mainnet, 15050000, 0, 0xf0afd0e3, 0n, undefined],
  ['at the time fork, remote before', mainnet, 20000000, 1681338455, 0xf0afd0e3, 1681338455n, undefined],
  ['at the time fork, remote two before', mainnet, 20000000, 1681338455, 0x20c327fc, 15050000n, undefined],
  ['before the time fork, remote at it', mainnet, 15050000, 0, 0xdce96c2d, 0n, undefined],
  ['remote lacks a passed time fork', mainnet, 20000000, 1681338455, 0xf0afd0e3, 0n, 'remote-stale'],
  ['next time passed before ours', mainnet, 888888888, 1660000000, 0xf0afd0e3, 1660000000n, 'incompatible-or-stale'],
  ['same time forks', mainnet, 20000000, 1681338455, 0xdce96c2d, 0n, undefined],
  ['same time forks, next in the far future', mainnet, 20000000, 1681338455, 0xdce96c2d, never, undefined],
  ['remote syncing by time', mainnet, 21000000, 1710338135, 0xdce96c2d, 1710338135n, undefined],
  ['we are syncing by time', mainnet, 21000000, 1700000000, 0x9f3d2254, 0n, undefined],
  ['remote stale by time', mainnet, 21000000, 1710338135, 0xdce96c2d, 0n, 'remote-stale'],
  ['another chain by time', mainnet, 20000000, 1681338455, 0x12345678, 0n, 'incompatible-or-stale'],
  ['last fork, next time passed', mainnet, 88888888, 8888888888, 0x07c9462e, 8888888888n, 'incompatible-or-stale'],
  [
    'block head, next is a passed time',
    mainnet,
    13000000,
    1700000000,
    0xb715077d,
    1690000000n,
    'incompatible-or-stale',
  ],
])('ET-04 %s', (_, schedule, number, time, hash, next, problem) => {
  expect(checkForkId(genesis, schedule, { number, time }, { hash, next })).toBe(problem);
});

test('ET-04 RLP of fork ids', () => {
  for (const [hash, next, encoded] of [
    [0, 0n, 'c6840000000080'],
    [0xdeadbeef, 0xbaddcafen, 'ca84deadbeef84baddcafe'],
    [0xffffffff, never, 'ce84ffffffff88ffffffffffffffff'],
  ] as const) {
    expect(toHex(encode(forkIdCodec, { hash, next }))).toBe(encoded);
    expect(decode(forkIdCodec, fromHex(encoded))).toEqual({ hash, next });
  }
});

test('ET-04 forks above 2^53 are exact', () => {
  const schedule = { blocks: [], times: [5, 5n, never, 2n ** 53n + 1n] };
  const far = { number: 1, time: Number.MAX_SAFE_INTEGER };
  const before = forkId(genesis, schedule, far);
  expect(before.next).toBe(2n ** 53n + 1n);
  expect(forkId(genesis, { blocks: [], times: [5, never] }, far)).toEqual({
    hash: before.hash,
    next: never,
  });
  expect(decode(forkIdCodec, encode(forkIdCodec, { ...before, next: never })).next).toBe(never);
});
