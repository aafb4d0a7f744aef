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
    const mark = this.length;
    this.copy(bytes);
    this.wrapString(mark);
  }

  /** Puts an integer in front; the caller answers for its being a safe one and not negative. */
  uint(value: number): void {
    const mark = this.length;
    for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) this.byte(rest % 256);
    this.wrapString(mark);
  }

  /** The same for a bigint, which must not be negative. */
  bigint(value: bigint): void {
    const mark = this.length;
    let rest = value;
    do {
      const start = this.#room(8);
      this.#view.setBigUint64(start, rest);
      rest >>= 64n;
    } while (rest > 0n);
    while (this.length > mark && this.#bytes[this.#start] === 0) this.#start++;
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
    return this.#bytes.slice(this.#start);
  }

  /** Forgets what was written and keeps the buffer. */
  reset(): void {
    this.#start = this.#bytes.length;
  }

  #prefix(length: number, base: number): void {
    if (length < 56) {
      this.byte(base + length);
      return;
    }
    let lengthOfLength = 0;
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
      this.byte(rest % 256);
      lengthOfLength++;
    }
    this.byte(base + 55 + lengthOfLength);
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
