import { bytes as bytesRule } from '@devp2p/options';
import { check } from './check-options.ts';
import { RlpError, type RlpErrorCode } from './error.ts';

const inputRule = bytesRule();

/**
 * Reads a buffer from start to end without copying. Every method that reads an item checks that it is canonical and ends
 * within the list that contains it, and throws an {@link RlpError} otherwise. Do not use a reader after an error.
 *
 * Lists are read without recursion: {@link enterList} sets {@link end} to the end of the list, {@link leave} restores it.
 */
export class Reader {
  readonly bytes: Uint8Array;
  /** Position of the next byte. */
  position = 0;
  /** End of the innermost entered list or string, or of the input. */
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

  /** Whether {@link position} has reached {@link end}. */
  get done(): boolean {
    return this.position >= this.end;
  }

  /** Whether the next item is a list. Does not move. */
  isList(): boolean {
    return this.#first() >= 0xc0;
  }

  /** Reads the prefix of a list and sets `end` to its end. Returns the argument of {@link leave}. */
  enterList(): number {
    return this.#enter(this.listHeader());
  }

  /** Like {@link enterList}, for a string that contains RLP or other structures, such as a typed transaction. */
  enterString(): number {
    return this.#enter(this.stringHeader());
  }

  /** Leaves an entered list or string. @throws RlpError `too-many-items` if some of it has not been read */
  leave(outerEnd: number): void {
    if (this.position < this.end) {
      throw this.#error('too-many-items', `${this.end - this.position} unread bytes in the list`);
    }
    this.end = outerEnd;
    this.#depth--;
  }

  /** Reads one byte of an entered string, which is not an item. */
  byte(): number {
    const byte = this.#first();
    this.position++;
    return byte;
  }

  /**
   * Reads the prefix of a string and moves to its content, which is complete. Returns its length, by which the caller
   * advances `position`.
   */
  stringHeader(): number {
    const first = this.#first();
    if (first < 0x80) return 1;
    if (first < 0xb8) {
      const length = first - 0x80;
      this.#content(length, this.position + 1);
      if (length === 1 && (this.bytes[this.position] as number) < 0x80) {
        throw this.#error('non-canonical-byte', 'byte below 0x80 has a prefix', -1);
      }
      return length;
    }
    if (first < 0xc0) return this.#long(first - 0xb7);
    throw this.#error('expected-string', 'list instead of a string');
  }

  /** Reads the prefix of a list and moves to its content, which is complete. Returns its length. */
  listHeader(): number {
    const first = this.#first();
    if (first >= 0xf8) return this.#long(first - 0xf7);
    if (first < 0xc0) throw this.#error('expected-list', 'string instead of a list');
    const length = first - 0xc0;
    this.#content(length, this.position + 1);
    return length;
  }

  /** Skips one item. Checks only its prefix. */
  skip(): void {
    const length = this.isList() ? this.listHeader() : this.stringHeader();
    this.position += length;
  }

  /** Reads the complete encoding of one item as a view. Checks only its prefix. */
  item(): Uint8Array {
    const start = this.position;
    this.skip();
    return this.#view(start, this.position - start);
  }

  /** Reads the content of a string as a view. */
  string(): Uint8Array {
    const length = this.stringHeader();
    this.position += length;
    return this.#view(this.position - length, length);
  }

  /** Reads the content of a string of exactly `length` bytes as a view. */
  fixed(length: number): Uint8Array {
    const start = this.position;
    const actual = this.stringHeader();
    if (actual !== length) {
      throw new RlpError('wrong-length', `string has ${actual} bytes, expected ${length}`, start);
    }
    this.position += length;
    return this.#view(this.position - length, length);
  }

  /** Reads a canonical integer up to `max`, which is at most `Number.MAX_SAFE_INTEGER`. */
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
    // Values from 2 ** 53 may be rounded, but never down to a safe integer.
    const value = high * 2 ** 32 + (low >>> 0);
    if (value > max) throw outOfRange(start, max);
    return value;
  }

  /** Reads a canonical integer of up to `maxBytes` bytes. */
  bigint(maxBytes: number): bigint {
    const start = this.position;
    const length = this.integerHeader();
    if (length > maxBytes) {
      throw new RlpError('out-of-range', `integer has ${length} bytes, more than ${maxBytes}`, start);
    }
    if (length === 0) return 0n;
    const end = this.position + length;
    let at = end - ((length - 1) & ~7);
    let value = this.#word(this.position, at);
    for (; at < end; at += 8) value = (value << 64n) | this.#word(at, at + 8);
    this.position = end;
    return value;
  }

  /** Like {@link stringHeader}, for an integer, which has no leading zero byte. */
  integerHeader(): number {
    const start = this.position;
    const length = this.stringHeader();
    if (length > 0 && this.bytes[this.position] === 0) {
      throw new RlpError('leading-zero', 'integer starts with a zero byte', start);
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
      throw this.#error('non-canonical-length', 'length is not in its shortest form');
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
      ? this.#error('overrun', `item ends ${missing} bytes after its list`)
      : this.#error('truncated', `input ends ${missing} bytes too early`);
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

/** Buffer for the conversion of two 32-bit halves to a bigint. */
const word = new DataView(new ArrayBuffer(8));

function outOfRange(offset: number, max: number): RlpError {
  return new RlpError('out-of-range', `integer is above ${max}`, offset);
}
