import { readWord } from '../words.ts';

/** Zeros after the code: it ends with STOP, and a PUSH at its end reads zeros. */
const padding = 33;

const push1 = 0x60;
const push32 = 0x7f;
const jumpDestination = 0x5b;

/** Code, and what the interpreter knows about it. */
export class Program {
  /** The code, then zeros. */
  readonly code: Uint8Array;
  /** Length of the code in bytes. */
  readonly length: number;
  /** 1 at the JUMPDESTs, once `analyse` has looked for them. */
  destinations: Uint8Array | undefined;
  /** For a PUSH at each place its place in `constants`; 0 for one that was not read yet. */
  #indices: Uint16Array | undefined;
  readonly #constants: bigint[] = [0n];

  constructor(code: Uint8Array) {
    this.length = code.length;
    this.code = new Uint8Array(code.length + padding);
    this.code.set(code);
  }

  /** Finds the JUMPDESTs that are not data of a PUSH. */
  analyse(): Uint8Array {
    const { code, length } = this;
    const destinations = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const op = code[i] as number;
      if (op === jumpDestination) destinations[i] = 1;
      else if (op >= push1 && op <= push32) i += op - push1 + 1;
    }
    this.destinations = destinations;
    return destinations;
  }

  /** The number that a PUSH puts onto the stack. @param pc where the PUSH is */
  constant(pc: number): bigint {
    this.#indices ??= new Uint16Array(this.length);
    const index = this.#indices[pc] as number;
    return index === 0 ? this.#readConstant(pc, this.#indices) : (this.#constants[index] as bigint);
  }

  #readConstant(pc: number, indices: Uint16Array): bigint {
    const length = (this.code[pc] as number) - push1 + 1;
    scratch.fill(0, 0, 32 - length);
    scratch.set(this.code.subarray(pc + 1, pc + 1 + length), 32 - length);
    const constant = readWord(scratchView, 0);
    if (this.#constants.length <= 0xffff) {
      indices[pc] = this.#constants.length;
      this.#constants.push(constant);
    }
    return constant;
  }
}

export const emptyProgram: Program = new Program(new Uint8Array(0));

const scratch = new Uint8Array(32);
const scratchView = new DataView(scratch.buffer);
