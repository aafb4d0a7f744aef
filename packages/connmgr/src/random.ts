/** A source of `length` unpredictable bytes, in a fresh array. */
export type RandomBytes = (length: number) => Uint8Array;

/** Bytes of the platform's generator for cryptography; at most 65536 at once. */
export const randomBytes: RandomBytes = (length) => {
  // biome-ignore lint/plugin: the default of the `random` option.
  return crypto.getRandomValues(new Uint8Array(length));
};

/** A number from 0 up to, but not including, 1. */
export function fraction(random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / 2 ** 32;
}

/** One of the items; `undefined` when there is none. */
export function pick<T>(items: readonly T[], random: RandomBytes): T | undefined {
  return items[Math.floor(fraction(random) * items.length)];
}

/** The time to the next of events that come independently of each other, `mean` apart: a Poisson process. */
export function poissonDelay(mean: number, random: RandomBytes): number {
  return -mean * Math.log(1 - fraction(random));
}
