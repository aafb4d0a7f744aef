/** A source of `length` unpredictable bytes, in a fresh array. */
export type RandomBytes = (length: number) => Uint8Array;

/** Bytes of the platform's generator for cryptography. */
export const randomBytes: RandomBytes = (length) => {
  const bytes = new Uint8Array(length);
  // biome-ignore lint/plugin: the default that everybody's `random` option falls back to.
  crypto.getRandomValues(bytes);
  return bytes;
};

/** Bytes asked for at a time: a call to the system costs more than a selection. */
const POOL = 4096;

/** Numbers out of random bytes. */
export class Dice {
  readonly #random: RandomBytes;
  #pool: DataView = new DataView(new ArrayBuffer(0));
  #used = 0;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    if (this.#used === this.#pool.byteLength) {
      const { buffer, byteOffset } = this.#random(POOL);
      this.#pool = new DataView(buffer, byteOffset, POOL);
      this.#used = 0;
    }
    const number = this.#pool.getUint32(this.#used);
    this.#used += 4;
    return number / 2 ** 32;
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}
