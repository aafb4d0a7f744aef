/**
 * Code of an {@link RlpError}.
 *
 * Invalid encoding:
 * - `truncated`: the input ends inside an item;
 * - `overrun`: an item ends after the list that contains it;
 * - `trailing-bytes`: bytes follow the item;
 * - `non-canonical-length`: a length that fits a shorter form, or starts with a zero byte;
 * - `non-canonical-byte`: a byte below 0x80 with a prefix.
 *
 * Invalid shape or value:
 * - `expected-string`, `expected-list`: a list instead of a string, or the reverse;
 * - `too-few-items`, `too-many-items`: compared with the fields of a struct or `max` of a list;
 * - `leading-zero`: an integer that starts with a zero byte;
 * - `out-of-range`: an integer that is negative, fractional, unsafe, or wider than its codec;
 * - `wrong-length`, `too-long`: a byte string or text;
 * - `invalid-boolean`, `invalid-text`: neither 0 nor 1, or malformed UTF-8;
 * - `too-deep`: more nested lists than `maxDepth`;
 * - `optional-gap`: when encoding, a value after an absent optional field;
 * - `invalid-value`: when encoding, a value of a wrong type; in a {@link map}, an error of its function, which is the
 *   `cause`.
 *
 * Invalid call:
 * - `invalid-option`: an argument has a wrong type or range, such as the bits of an integer, or text to decode.
 */
export type RlpErrorCode =
  | 'truncated'
  | 'overrun'
  | 'trailing-bytes'
  | 'non-canonical-length'
  | 'non-canonical-byte'
  | 'expected-string'
  | 'expected-list'
  | 'too-few-items'
  | 'too-many-items'
  | 'leading-zero'
  | 'out-of-range'
  | 'wrong-length'
  | 'too-long'
  | 'invalid-boolean'
  | 'invalid-text'
  | 'too-deep'
  | 'optional-gap'
  | 'invalid-value'
  | 'invalid-option';

/** Error of this package. */
export class RlpError extends Error {
  override readonly name = 'RlpError';
  readonly code: RlpErrorCode;
  /** Start of the invalid item in the input; −1 when encoding. */
  readonly offset: number;
  /** Path from the outermost value to the invalid one, such as `transactions[3].nonce`. */
  readonly path: string = '';
  readonly #detail: string;

  constructor(code: RlpErrorCode, detail: string, offset = -1, options?: ErrorOptions) {
    super(describe(detail, '', offset), options);
    this.code = code;
    this.offset = offset;
    this.#detail = detail;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, offset, path } = this;
    return { name, code, message, offset, path };
  }

  /**
   * For the `catch` of codecs with parts: prepends the name or index of a part to the path, and returns the error to throw.
   * Valid input needs no path, so it costs nothing.
   */
  static within(error: unknown, part: string | number): unknown {
    if (!(error instanceof RlpError)) return error;
    const open: { path: string } = error;
    const head = typeof part === 'number' ? `[${part}]` : part;
    const dot = open.path === '' || open.path.startsWith('[') ? '' : '.';
    open.path = head + dot + open.path;
    error.message = describe(error.#detail, error.path, error.offset);
    return error;
  }
}

function describe(detail: string, path: string, offset: number): string {
  return (path && `${path}: `) + detail + (offset < 0 ? '' : ` at byte ${offset}`);
}
