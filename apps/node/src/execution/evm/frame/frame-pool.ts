import { stackLimit } from '../rules/opcode-table.ts';
import { Memory } from './memory.ts';

/** Stacks and memories of frames, by depth: frames of one depth use them one after the other. */
export class FramePool {
  readonly #stacks: bigint[][] = [];
  readonly #memories: Memory[] = [];

  /** A stack with any contents. */
  stack(depth: number): bigint[] {
    this.#stacks[depth] ??= Array.from({ length: stackLimit }, () => 0n);
    return this.#stacks[depth];
  }

  /** A memory, empty if the last frame has reset it. */
  memory(depth: number): Memory {
    this.#memories[depth] ??= new Memory();
    return this.#memories[depth];
  }
}
