import { createSeededRandom } from '@devp2p/random/seeded';

/** Random choices of a fuzzing run, the same for the same seed. */
export interface Random {
  /** Returns an integer in [0, `limit`). */
  below(limit: number): number;
  /** Returns true with probability 1 / `n`. */
  oneIn(n: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** @param seed of 32 bits */
export function createRandom(seed: number): Random {
  const random = createSeededRandom(seed);
  return {
    below: (limit) => random.below(limit),
    oneIn: (n) => random.below(n) === 0,
    pick(items) {
      const item = random.pick(items);
      if (item === undefined) throw new RangeError('no items');
      return item;
    },
    bytes: random.bytes,
  };
}

/** The seed of one target, independent of the others. */
export function seedOf(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
