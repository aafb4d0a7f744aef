import type { RandomBytes } from '@devp2p/crypto';

/** Chance that is the same in every run with the same seed: Chris Doty-Humphrey's sfc32. Not for secrets. */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = stream | 0;
    for (let i = 0; i < 15; i++) this.word();
  }

  /** 32 bits. */
  word(): number {
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    return this.word() / 2 ** 32;
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  /** Time to the next of events that come independently of each other, `mean` apart. */
  delay(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }

  /** Dice of its own for somebody, whose throws depend on nobody else's. */
  fork(): Dice {
    return new Dice(this.word(), this.word());
  }

  readonly bytes: RandomBytes = (length) => {
    const bytes = new Uint8Array(length);
    let word = 0;
    for (let i = 0; i < length; i++) {
      word = i % 4 === 0 ? this.word() : word >>> 8;
      bytes[i] = word;
    }
    return bytes;
  };
}
