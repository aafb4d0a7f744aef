import type { AccountState } from '../state/account-state.ts';
import { Frame } from './frame.ts';

/** The frames of a block's calls, one for each depth: making a new one for every call takes longer than a short call. */
export class FramePool {
  readonly #frames: Frame[] = [];

  /** The frame of a depth; `account` is any account. */
  frame(depth: number, account: AccountState): Frame {
    this.#frames[depth] ??= new Frame(depth, account);
    return this.#frames[depth];
  }
}
