import type { RandomBytes } from '@devp2p/crypto';

/** A number from 0 up to, but not including, 1. */
export function fraction(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
}

/** One of the items; `undefined` when there is none. */
export function pick<T>(items: readonly T[], random: RandomBytes): T | undefined {
  return items[Math.floor(fraction(random) * items.length)];
}
