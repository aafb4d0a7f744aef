import { Program } from './program.ts';

/** Bytes of memory per byte of code, with JUMPDESTs and constants. */
const bytesPerCodeByte = 8;
const bytesPerProgram = 512;

/** Keeps the programs of contracts that were called last. */
export class ProgramCache {
  readonly #byHash = new Map<string, Program>();
  /** Found faster than by hash, and kept as long as the state keeps the array. */
  readonly #byCode = new WeakMap<Uint8Array, Program>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes memory that the programs may take, about */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The program of a code. @param codeHash keccak-256 of the code */
  get(codeHash: Uint8Array, code: Uint8Array): Program {
    let program = this.#byCode.get(code);
    if (program === undefined) {
      program = this.#getByHash(codeHash, code);
      this.#byCode.set(code, program);
    }
    return program;
  }

  #getByHash(codeHash: Uint8Array, code: Uint8Array): Program {
    const key = Buffer.prototype.latin1Slice.call(codeHash, 0, 32);
    let program = this.#byHash.get(key);
    if (program !== undefined) {
      this.#byHash.delete(key);
    } else {
      program = new Program(code);
      this.#bytes += size(program);
    }
    this.#byHash.set(key, program);
    this.#evict();
    return program;
  }

  #evict(): void {
    for (const [key, program] of this.#byHash) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#byHash.delete(key);
      this.#bytes -= size(program);
    }
  }
}

function size(program: Program): number {
  return bytesPerProgram + bytesPerCodeByte * program.length;
}
