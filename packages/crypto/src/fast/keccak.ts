import { checkData } from '../check-options.ts';
import type { Keccak256 } from '../crypto.ts';
import { CryptoError } from '../error.ts';
import { keccakWasm } from './keccak.wasm.ts';

/** Exports of `assembly/keccak.ts`. Sponges are addresses in its memory. */
interface KeccakModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly INPUT: { readonly value: number };
  readonly INPUT_SIZE: { readonly value: number };
  readonly SCRATCH: { readonly value: number };
  open(): number;
  close(sponge: number): void;
  absorb(sponge: number, length: number): void;
  peek(sponge: number): void;
  begin(): void;
  finish(): void;
}

// The used part of WebAssembly, whose types are in `lib.dom` only.
declare const WebAssembly: {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

const binary = Uint8Array.from(atob(keccakWasm), (character) => character.charCodeAt(0));
const wasm = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as KeccakModule;

const inputSize = wasm.INPUT_SIZE.value;
const scratchAddress = wasm.SCRATCH.value;

// Views of the memory of the module. Growth detaches their buffer, so they are created again after it.
let input: Uint8Array;
let scratch: Uint8Array;

function viewMemory(): void {
  const { buffer } = wasm.memory;
  input = new Uint8Array(buffer, wasm.INPUT.value, inputSize);
  scratch = new Uint8Array(buffer, scratchAddress, 32);
}

viewMemory();

function absorb(sponge: number, data: Uint8Array): void {
  checkData(data);
  const { length } = data;
  if (length <= inputSize) {
    input.set(data);
    wasm.absorb(sponge, length);
    return;
  }
  for (let start = 0; start < length; start += inputSize) {
    const chunk = data.subarray(start, start + inputSize);
    input.set(chunk);
    wasm.absorb(sponge, chunk.length);
  }
}

export function keccak256(data: Uint8Array): Uint8Array {
  wasm.begin();
  absorb(scratchAddress, data);
  wasm.finish();
  return new Uint8Array(scratch);
}

// Closes sponges that are garbage collected without close().
const dropped = new FinalizationRegistry<number>((sponge) => wasm.close(sponge));

class WasmSponge implements Keccak256 {
  /** 0 after `close`. */
  #sponge: number;

  constructor() {
    this.#sponge = wasm.open();
    if (this.#sponge === 0) throw new RangeError('WebAssembly memory is full');
    if (input.length === 0) viewMemory();
    dropped.register(this, this.#sponge, this);
  }

  update(data: Uint8Array): this {
    absorb(this.#open(), data);
    return this;
  }

  digest(): Uint8Array {
    wasm.peek(this.#open());
    return new Uint8Array(scratch);
  }

  close(): void {
    if (this.#sponge === 0) return;
    dropped.unregister(this);
    wasm.close(this.#sponge);
    this.#sponge = 0;
  }

  #open(): number {
    if (this.#sponge === 0) throw new CryptoError('closed', 'sponge is closed');
    return this.#sponge;
  }
}

export function createKeccak256(): Keccak256 {
  return new WasmSponge();
}
