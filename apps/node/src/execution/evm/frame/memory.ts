import { memoryQuadraticDivisor, memoryWordGas } from '../rules/gas.ts';

const initialBytes = 1024;
/** A buffer beyond this size is not kept for the next call. */
const maxKeptBytes = 1 << 16;
/** Gas of more memory is beyond every gas limit (go-ethereum). */
const maxBytes = 0x1fffffffe0;

/** Memory of a call. It is extended by whole words of 32 bytes, and only by `require`. */
export class Memory {
  /** At least `size` bytes, those after it are 0. */
  bytes: Uint8Array = new Uint8Array(initialBytes);
  view: DataView = new DataView(this.bytes.buffer);
  /** MSIZE. */
  size = 0;
  #cost = 0;

  /**
   * Makes a part of the memory accessible and charges for it. An empty part needs none.
   *
   * @returns the gas left; negative when the gas is not sufficient, and the memory is not extended
   */
  require(offset: number, length: number, gas: number): number {
    const end = offset + length;
    if (end <= this.size || length === 0) return gas;
    return this.#extend(end, gas);
  }

  /** A part of the memory, which does not stay the same: callers copy it, or use it before the call goes on. */
  part(offset: number, length: number): Uint8Array {
    return length === 0 ? empty : this.bytes.subarray(offset, offset + length);
  }

  /** A copy of a part. */
  copy(offset: number, length: number): Uint8Array {
    return length === 0 ? empty : this.bytes.slice(offset, offset + length);
  }

  /** Writes data from `start` on, with zeros after its end. */
  write(offset: number, length: number, data: Uint8Array, start: number): void {
    if (length === 0) return;
    const count = Math.min(Math.max(data.length - start, 0), length);
    if (count > 0) this.bytes.set(data.subarray(start, start + count), offset);
    if (count < length) this.bytes.fill(0, offset + count, offset + length);
  }

  /** Empties the memory for another call. */
  reset(): void {
    if (this.bytes.length > maxKeptBytes) this.#replace(initialBytes);
    else this.bytes.fill(0, 0, this.size);
    this.size = 0;
    this.#cost = 0;
  }

  #extend(end: number, gas: number): number {
    if (end > maxBytes) return -1;
    const words = Math.ceil(end / 32);
    const cost = words * memoryWordGas + Math.floor((words * words) / memoryQuadraticDivisor);
    const left = gas - (cost - this.#cost);
    if (left < 0) return left;
    this.#cost = cost;
    this.size = words * 32;
    if (this.size > this.bytes.length) {
      const former = this.bytes;
      this.#replace(Math.max(this.size, 2 * former.length));
      this.bytes.set(former);
    }
    return left;
  }

  #replace(length: number): void {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
  }
}

const empty = new Uint8Array(0);
