/**
 * Fills a buffer from the end: items of a list are written last to first, and its prefix after them, when the length is
 * known. So no length has to be computed in advance, and callers write their parts in reverse order.
 *
 * The buffer grows as needed. A mark is a {@link length}, which does not change when the buffer grows.
 */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #start: number;

  /** @param capacity initial size in bytes, which doubles as needed */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = capacity;
  }

  /** Number of written bytes. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** Size of the buffer in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Prepends one byte without a prefix. */
  byte(value: number): void {
    const start = this.#room(1);
    this.#bytes[start] = value;
  }

  /** Prepends bytes unchanged, such as an encoded item. */
  copy(bytes: Uint8Array): void {
    const start = this.#room(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Prepends a string with its prefix. */
  string(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 1 && (bytes[0] as number) < 0x80) {
      this.byte(bytes[0] as number);
    } else if (length < 56) {
      const start = this.#room(length + 1);
      this.#bytes[start] = 0x80 + length;
      this.#bytes.set(bytes, start + 1);
    } else {
      this.copy(bytes);
      this.#prefix(length, 0x80);
    }
  }

  /** Prepends an integer. @param value safe and not negative, which is not checked */
  uint(value: number): void {
    if (value > 0 && value < 0x80) this.byte(value);
    else this.byte(0x80 + this.#integer(value));
  }

  /** Prepends a bigint. @param value not negative, which is not checked */
  bigint(value: bigint): void {
    const mark = this.length;
    for (let rest = value; rest > 0n; rest >>= 64n) {
      const start = this.#room(8);
      this.#view.setBigUint64(start, rest);
    }
    this.#dropZeros(mark);
    this.wrapString(mark);
  }

  /** Wraps all bytes written since `length` was `mark` in a string. */
  wrapString(mark: number): void {
    const length = this.length - mark;
    if (length === 1 && (this.#bytes[this.#start] as number) < 0x80) return;
    this.#prefix(length, 0x80);
  }

  /** Wraps all bytes written since `length` was `mark` in a list. */
  wrapList(mark: number): void {
    this.#prefix(this.length - mark, 0xc0);
  }

  /** Returns a copy of the written bytes. */
  finish(): Uint8Array {
    // slice() would fill the copy with zeros first.
    return new Uint8Array(this.#bytes.subarray(this.#start));
  }

  /** Removes the written bytes and keeps the buffer. */
  reset(): void {
    this.#start = this.#bytes.length;
  }

  #prefix(length: number, base: number): void {
    this.byte(base + (length < 56 ? length : 55 + this.#integer(length)));
  }

  /** Prepends the bytes of an integer, none for 0, and returns their number. */
  #integer(value: number): number {
    const mark = this.length;
    const low = value >>> 0;
    let start = this.#room(4);
    this.#view.setUint32(start, low);
    let first = low;
    if (value !== low) {
      first = (value - low) / 2 ** 32;
      start = this.#room(4);
      this.#view.setUint32(start, first);
    }
    this.#start = start + (Math.clz32(first) >> 3);
    return this.length - mark;
  }

  #dropZeros(mark: number): void {
    const end = this.#bytes.length - mark;
    while (this.#start < end && this.#bytes[this.#start] === 0) this.#start++;
  }

  #room(count: number): number {
    if (count > this.#start) this.#grow(count);
    this.#start -= count;
    return this.#start;
  }

  #grow(count: number): void {
    const { length } = this;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, length + count));
    bytes.set(this.#bytes.subarray(this.#start), bytes.length - length);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = bytes.length - length;
  }
}
