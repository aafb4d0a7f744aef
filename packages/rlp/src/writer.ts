/**
 * Fills its buffer from the end backwards: a list's items are written last to first and its
 * prefix after them, when the length is known. So nothing has to be measured beforehand, and
 * whoever writes several things writes them in reverse.
 *
 * The buffer grows as needed; a mark is a {@link length}, which growing does not change.
 */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  #start: number;

  /** @param capacity bytes to begin with; it doubles as needed. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = capacity;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** How many bytes fit before the buffer grows again. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Puts one byte in front, without a prefix. */
  byte(value: number): void {
    const start = this.#room(1);
    this.#bytes[start] = value;
  }

  /** Puts bytes in front as they are, such as an item that is already encoded. */
  copy(bytes: Uint8Array): void {
    const start = this.#room(bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Puts a string in front: content and prefix. */
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

  /** Puts an integer in front; the caller answers for its being a safe one and not negative. */
  uint(value: number): void {
    if (value > 0 && value < 0x80) this.byte(value);
    else this.byte(0x80 + this.#integer(value));
  }

  /** The same for a bigint, which must not be negative. */
  bigint(value: bigint): void {
    const mark = this.length;
    for (let rest = value; rest > 0n; rest >>= 64n) {
      const start = this.#room(8);
      this.#view.setBigUint64(start, rest);
    }
    this.#dropZeros(mark);
    this.wrapString(mark);
  }

  /** Makes a string of everything written since `length` was `mark`. */
  wrapString(mark: number): void {
    const length = this.length - mark;
    if (length === 1 && (this.#bytes[this.#start] as number) < 0x80) return;
    this.#prefix(length, 0x80);
  }

  /** Makes a list of everything written since `length` was `mark`. */
  wrapList(mark: number): void {
    this.#prefix(this.length - mark, 0xc0);
  }

  /** A copy of all that was written. */
  finish(): Uint8Array {
    // Unlike slice(), which fills the copy with zeros before it copies.
    return new Uint8Array(this.#bytes.subarray(this.#start));
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.#start = this.#bytes.length;
  }

  #prefix(length: number, base: number): void {
    this.byte(base + (length < 56 ? length : 55 + this.#integer(length)));
  }

  /** Puts the bytes of an integer in front, none for 0, and tells how many they are. */
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
