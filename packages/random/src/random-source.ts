import { func } from '@devp2p/options';
import { check } from './check-options.ts';
import { type RandomBytes, randomBytes } from './random-bytes.ts';

/** Random bytes, numbers and choices. */
export interface RandomSource {
  /** Generator of bytes, which also fits options of type {@link RandomBytes}. */
  readonly bytes: RandomBytes;
  /** Integer from 0 to 2 ** 32 − 1. */
  uint32(): number;
  /** Number from 0 to 1, 1 excluded, with 32 random bits. */
  fraction(): number;
  /** Integer from 0 to `limit`, `limit` excluded. `limit` is at most 2 ** 32. */
  below(limit: number): number;
  /** One of the items, `undefined` for an empty array. */
  pick<T>(items: readonly T[]): T | undefined;
  /** Time to the next event of a Poisson process: events are independent of each other and `mean` apart on average. */
  poissonDelay(mean: number): number;
}

/** Bytes requested per call of the generator, since a system call costs more than the numbers made from it. */
const poolLength = 4096;

/** Base of all sources: derives numbers from 32 random bits. */
export abstract class Uint32Source implements RandomSource {
  abstract readonly bytes: RandomBytes;
  abstract uint32(): number;

  fraction(): number {
    return this.uint32() / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  poissonDelay(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }
}

class PooledSource extends Uint32Source {
  readonly bytes: RandomBytes;
  #pool: DataView = new DataView(new ArrayBuffer(0));
  #used = 0;

  constructor(bytes: RandomBytes) {
    super();
    this.bytes = bytes;
  }

  uint32(): number {
    if (this.#used === this.#pool.byteLength) {
      const { buffer, byteOffset } = this.bytes(poolLength);
      this.#pool = new DataView(buffer, byteOffset, poolLength);
      this.#used = 0;
    }
    const value = this.#pool.getUint32(this.#used);
    this.#used += 4;
    return value;
  }
}

/**
 * Creates a source from a generator of bytes. For numbers and choices it requests 4096 bytes at a time, when it needs
 * them.
 *
 * @param bytes @default {@link randomBytes}
 * @throws {@link RandomError} `invalid-option`
 */
export function createRandomSource(bytes: RandomBytes = randomBytes): RandomSource {
  check.value('bytes', bytes, func);
  return new PooledSource(bytes);
}
