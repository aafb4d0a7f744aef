import type { Rule } from '@devp2p/options';
import { check } from './check-options.ts';
import type { RandomBytes } from './random-bytes.ts';
import { type RandomSource, Uint32Source } from './random-source.ts';

export type { RandomBytes, RandomSource };

/** Source that is the same in every run with the same seed. */
export interface SeededRandom extends RandomSource {
  /** Creates a source that is independent of later draws from this one. */
  fork(): SeededRandom;
}

const seedRule: Rule = { expected: 'a safe integer', fits: Number.isSafeInteger };

/**
 * Creates a source of reproducible numbers and bytes for tests and simulations (Chris Doty-Humphrey's sfc32). Not for
 * secrets.
 *
 * @throws RandomError `invalid-option` if the seed is not a safe integer
 */
export function createSeededRandom(seed: number): SeededRandom {
  check.value('seed', seed, seedRule);
  return new Sfc32(seed, 0);
}

class Sfc32 extends Uint32Source implements SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, stream: number) {
    super();
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = stream | 0;
    for (let i = 0; i < 15; i++) this.uint32();
  }

  uint32(): number {
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  readonly bytes: RandomBytes = (length) => {
    const bytes = new Uint8Array(length);
    let word = 0;
    for (let i = 0; i < length; i++) {
      word = i % 4 === 0 ? this.uint32() : word >>> 8;
      bytes[i] = word;
    }
    return bytes;
  };

  fork(): SeededRandom {
    return new Sfc32(this.uint32(), this.uint32());
  }
}
