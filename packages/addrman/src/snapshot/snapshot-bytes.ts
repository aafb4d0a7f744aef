import { AddrManError } from '../error.ts';
import { binary } from './binary.ts';

type Width = 1 | 2 | 4;

/** Writes little-endian values into an array of a given size. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** The bytes written so far. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.#at);
  }

  uint(width: Width, value: number): void {
    if (width === 1) this.#view.setUint8(this.#at, value);
    else if (width === 2) this.#view.setUint16(this.#at, value, true);
    else this.#view.setUint32(this.#at, value, true);
    this.#at += width;
  }

  uint64(value: bigint): void {
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
  }

  float(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** One character per byte. */
  binary(value: string): void {
    for (let i = 0; i < value.length; i++) this.bytes[this.#at++] = value.charCodeAt(i);
  }
}

/** Reads values written by {@link ByteWriter}. @throws AddrManError `corrupt-snapshot` if bytes are missing */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint(width: Width): number {
    const at = this.#advance(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  float(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  raw(length: number): Uint8Array {
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** One character per byte. */
  binary(length: number): string {
    return binary(this.raw(length));
  }

  #advance(length: number): number {
    if (length > this.left) throw corrupt('unexpected end');
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

/** Creates the error for a damaged snapshot. */
export function corrupt(reason: string, options?: ErrorOptions): AddrManError {
  return new AddrManError('corrupt-snapshot', `corrupt address snapshot: ${reason}`, options);
}
