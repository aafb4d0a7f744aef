import { byteOf } from './instructions.ts';

/** Bytecode under construction. */
export class Code {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  /** Appends instructions by name, and numbers as the shortest PUSH of them (never PUSH0). */
  add(...parts: readonly (string | number | bigint)[]): this {
    for (const part of parts) {
      if (typeof part === 'string') this.#bytes.push(byteOf(part));
      else this.push(BigInt(part));
    }
    return this;
  }

  /** Appends a PUSH with a given width, by default the shortest one. */
  push(value: bigint, width?: number): this {
    const digits = value.toString(16);
    const length = width ?? Math.ceil(digits.length / 2);
    const text = digits.padStart(length * 2, '0');
    this.#bytes.push(byteOf('PUSH1') + length - 1);
    for (let at = 0; at < length; at++) this.#bytes.push(Number.parseInt(text.slice(2 * at, 2 * at + 2), 16));
    return this;
  }

  /** Appends bytes as they are. */
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** Appends a PUSH2 whose value is set by the function that is returned. */
  label(): (target: number) => void {
    const at = this.#bytes.length + 1;
    this.push(0n, 2);
    return (target) => {
      this.#bytes[at] = target >> 8;
      this.#bytes[at + 1] = target & 0xff;
    };
  }

  /** Appends code that writes bytes to memory. */
  store(bytes: Uint8Array, offset: number): this {
    for (let at = 0; at < bytes.length; at += 32) {
      const word = new Uint8Array(32);
      word.set(bytes.subarray(at, at + 32));
      this.push(BigInt(`0x${Buffer.from(word).toString('hex')}`), 32).add(offset + at, 'MSTORE');
    }
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  hex(): string {
    return `0x${Buffer.from(this.#bytes).toString('hex')}`;
  }
}
