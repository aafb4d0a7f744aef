import { setImmediate } from 'node:timers/promises';

/** Checks of so many bytes of blocks take a few ms, in which nothing else runs. */
const turnSize = 32 * 1024;
/** What checking a block takes beside its length, counted in bytes. */
const perBlock = 2 * 1024;

/** Cuts long checks of blocks into turns of the event loop, so that peers and operator are answered in between. */
export class Turns {
  #size = 0;

  /**
   * A block has been checked.
   *
   * @param bytes its length, as far as it was looked at
   * @returns when to go on; `undefined` for now.
   */
  checked(bytes: number): Promise<void> | undefined {
    this.#size += bytes + perBlock;
    if (this.#size < turnSize) return undefined;
    this.#size = 0;
    return setImmediate();
  }
}
