/** Returns `length` unpredictable bytes in a new array. */
export type RandomBytes = (length: number) => Uint8Array;

/** Bytes of the platform's cryptographic generator. */
export const randomBytes: RandomBytes = (length) => {
  const bytes = new Uint8Array(length);
  // biome-ignore lint/plugin: the default of the `random` option.
  crypto.getRandomValues(bytes);
  return bytes;
};

/** Bytes requested at a time: a system call costs more than a selection. */
const poolSize = 4096;

/** Random numbers from random bytes. */
export class Dice {
  readonly #random: RandomBytes;
  #pool: DataView = new DataView(new ArrayBuffer(0));
  #used = 0;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** Returns a number in [0, 1). */
  fraction(): number {
    if (this.#used === this.#pool.byteLength) {
      const { buffer, byteOffset } = this.#random(poolSize);
      this.#pool = new DataView(buffer, byteOffset, poolSize);
      this.#used = 0;
    }
    const number = this.#pool.getUint32(this.#used);
    this.#used += 4;
    return number / 2 ** 32;
  }

  /** Returns an integer in [0, `limit`). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }
}
