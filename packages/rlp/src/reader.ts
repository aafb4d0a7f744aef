import { bytes as bytesRule } from '@devp2p/options';
import { check } from './check-options.ts';
import { RlpError, type RlpErrorCode } from './error.ts';

const inputRule = bytesRule();

/**
 * Walks one buffer from front to back without copying. Every method that reads an item checks
 * that it is canonical and lies inside the list around it, and throws {@link RlpError} otherwise;
 * after an error a reader is of no more use.
 *
 * Lists are walked flat: {@link enterList} narrows {@link end} to the list's content,
 * {@link leave} widens it again.
 */
export class Reader {
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  position = 0;
  /** Where the content being read ends: the innermost entered list's, or the input's. */
  end: number;
  readonly #buffer: ArrayBufferLike;
  readonly #offset: number;
  #depth = 0;

  /** @throws RlpError `invalid-option` */
  constructor(bytes: Uint8Array) {
    if (!(bytes instanceof Uint8Array)) check.value('bytes', bytes, inputRule);
    this.bytes = bytes;
    this.end = bytes.length;
    this.#buffer = bytes.buffer;
    this.#offset = bytes.byteOffset;
  }

  /** Whether the content being read is used up. */
  get done(): boolean {
    return this.position >= this.end;
  }

  /** Whether the next item is a list, without moving. */
  isList(): boolean {
    return this.#first() >= 0xc0;
  }

  /** Reads a list's prefix and narrows `end` to its content. Returns what {@link leave} wants. */
  enterList(): number {
    return this.#enter(this.listHeader());
  }

  /** The same for a string whose content is RLP or has structure of its own, such as a typed transaction. */
  enterString(): number {
    return this.#enter(this.stringHeader());
  }

  /** Ends an entered list or string; `too-many-items` when some of it has not been read. */
  leave(outerEnd: number): void {
    if (this.position < this.end) {
      throw this.#error('too-many-items', `${this.end - this.position} bytes left in the list`);
    }
    this.end = outerEnd;
    this.#depth--;
  }

  /** One byte of an entered string's content, which is not an item. */
  byte(): number {
    const byte = this.#first();
    this.position++;
    return byte;
  }

  /**
   * Reads a string's prefix and moves to its content, all of which is there. Returns its length;
   * the caller moves on by that much.
   */
  stringHeader(): number {
    const first = this.#first();
    if (first < 0x80) return 1;
    if (first < 0xb8) {
      const length = first - 0x80;
      this.#content(length, this.position + 1);
      if (length === 1 && (this.bytes[this.position] as number) < 0x80) {
        throw this.#error('non-canonical-byte', 'prefix before a byte below 0x80', -1);
      }
      return length;
    }
    if (first < 0xc0) return this.#long(first - 0xb7);
    throw this.#error('expected-string', 'list instead of a string');
  }

  /** Reads a list's prefix and moves to its content, all of which is there. Returns its length. */
  listHeader(): number {
    const first = this.#first();
    if (first >= 0xf8) return this.#long(first - 0xf7);
    if (first < 0xc0) throw this.#error('expected-list', 'string instead of a list');
    const length = first - 0xc0;
    this.#content(length, this.position + 1);
    return length;
  }

  /** Moves over one item, of which only the prefix is checked. */
  skip(): void {
    const length = this.isList() ? this.listHeader() : this.stringHeader();
    this.position += length;
  }

  /** One item's complete encoding as a view, of which only the prefix is checked. */
  item(): Uint8Array {
    const start = this.position;
    this.skip();
    return this.#view(start, this.position - start);
  }

  /** A string's content as a view. */
  string(): Uint8Array {
    const length = this.stringHeader();
    this.position += length;
    return this.#view(this.position - length, length);
  }

  /** A string's content as a view, of exactly this many bytes. */
  fixed(length: number): Uint8Array {
    const start = this.position;
    const actual = this.stringHeader();
    if (actual !== length) {
      throw new RlpError('wrong-length', `${actual} bytes instead of ${length}`, start);
    }
    this.position += length;
    return this.#view(this.position - length, length);
  }

  /** A canonical integer of at most `max`, itself at most `Number.MAX_SAFE_INTEGER`. */
  uint(max: number): number {
    const start = this.position;
    const length = this.integerHeader();
    const end = this.position + length;
    if (length > 7) throw outOfRange(start, max);
    let high = 0;
    let low = 0;
    let at = this.position;
    for (; at < end - 4; at++) high = (high << 8) | (this.bytes[at] as number);
    for (; at < end; at++) low = (low << 8) | (this.bytes[at] as number);
    this.position = end;
    // From 2 ** 53 on this may be rounded, but never down to a safe integer.
    const value = high * 2 ** 32 + (low >>> 0);
    if (value > max) throw outOfRange(start, max);
    return value;
  }

  /** A canonical integer of at most `maxBytes` bytes. */
  bigint(maxBytes: number): bigint {
    const start = this.position;
    const length = this.integerHeader();
    if (length > maxBytes) {
      throw new RlpError(
        'out-of-range',
        `integer of ${length} bytes, more than ${maxBytes}`,
        start,
      );
    }
    if (length === 0) return 0n;
    const end = this.position + length;
    let at = end - ((length - 1) & ~7);
    let value = this.#word(this.position, at);
    for (; at < end; at += 8) value = (value << 64n) | this.#word(at, at + 8);
    this.position = end;
    return value;
  }

  /** As {@link stringHeader}, for an integer: no leading zero byte. */
  integerHeader(): number {
    const start = this.position;
    const length = this.stringHeader();
    if (length > 0 && this.bytes[this.position] === 0) {
      throw new RlpError('leading-zero', 'integer that begins with a zero byte', start);
    }
    return length;
  }

  #first(): number {
    if (this.position >= this.end) {
      throw this.#depth > 0
        ? this.#error('too-few-items', 'end of the list instead of an item')
        : this.#error('truncated', 'end of the input instead of an item');
    }
    return this.bytes[this.position] as number;
  }

  #enter(length: number): number {
    const outerEnd = this.end;
    this.end = this.position + length;
    this.#depth++;
    return outerEnd;
  }

  #long(lengthOfLength: number): number {
    const start = this.position + 1;
    const end = start + lengthOfLength;
    if (end > this.end) throw this.#beyond(lengthOfLength - (this.end - start));
    let length = 0;
    for (let i = start; i < end; i++) length = length * 256 + (this.bytes[i] as number);
    if (length < 56 || this.bytes[start] === 0) {
      throw this.#error('non-canonical-length', 'length that is not in its shortest form');
    }
    this.#content(length, end);
    return length;
  }

  #content(length: number, start: number): void {
    if (length > this.end - start) throw this.#beyond(length - (this.end - start));
    this.position = start;
  }

  #beyond(missing: number): RlpError {
    return this.#depth > 0
      ? this.#error('overrun', `item that ends ${missing} bytes behind its list`)
      : this.#error('truncated', `input that ends ${missing} bytes too early`);
  }

  #error(code: RlpErrorCode, detail: string, shift = 0): RlpError {
    return new RlpError(code, detail, this.position + shift);
  }

  #word(start: number, end: number): bigint {
    let high = 0;
    let low = 0;
    let at = start;
    for (; at < end - 4; at++) high = (high << 8) | (this.bytes[at] as number);
    for (; at < end; at++) low = (low << 8) | (this.bytes[at] as number);
    word.setInt32(0, high);
    word.setInt32(4, low);
    return word.getBigUint64(0);
  }

  #view(start: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#offset + start, length);
  }
}

/** Two halves of a 64-bit word on their way into a bigint. */
const word = new DataView(new ArrayBuffer(8));

function outOfRange(offset: number, max: number): RlpError {
  return new RlpError('out-of-range', `integer above ${max}`, offset);
}
