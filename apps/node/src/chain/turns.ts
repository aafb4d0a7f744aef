import { setImmediate } from 'node:timers/promises';

/** Bytes of blocks whose checks take a few ms, in which no other task runs. */
const turnSize = 32 * 1024;
/** Constant cost of checking a block, as a number of bytes. */
const perBlock = 2 * 1024;

/** Splits long checks of blocks into turns of the event loop, so that other requests are processed in between. */
export class Turns {
  #size = 0;

  /**
   * Counts a checked block.
   *
   * @param bytes the checked length of the block
   * @returns a promise to wait for before the next block; `undefined` to continue at once
   */
  checked(bytes: number): Promise<void> | undefined {
    this.#size += bytes + perBlock;
    if (this.#size < turnSize) return undefined;
    this.#size = 0;
    return setImmediate();
  }
}
