/**
 * Why an item was refused.
 *
 * Of the encoding itself:
 * - `truncated`: the input ends inside an item;
 * - `overrun`: an item is longer than what is left of the list around it;
 * - `trailing-bytes`: something follows the item;
 * - `non-canonical-length`: a length that a shorter form could hold, or one that begins with a zero byte;
 * - `non-canonical-byte`: a byte below 0x80 that carries a prefix.
 *
 * Of the shape and the values:
 * - `expected-string`, `expected-list`: the other kind of item;
 * - `too-few-items`, `too-many-items`: against a struct's fields or a list's `max`;
 * - `leading-zero`: an integer that begins with a zero byte;
 * - `out-of-range`: an integer that is negative, fractional, unsafe, or wider than its codec;
 * - `wrong-length`, `too-long`: byte strings and text;
 * - `invalid-boolean`, `invalid-text`: content that the codec does not know;
 * - `too-deep`: lists in lists beyond `maxDepth`;
 * - `optional-gap`: when encoding, a value behind an absent optional field;
 * - `invalid-value`: when encoding, a value of another type; when decoding, what {@link map}'s
 *   function threw, which is the `cause`.
 *
 * Of a call:
 * - `invalid-option`: an argument of another type or range, such as the bits of an integer, or text to decode.
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

/** Every error of this package. */
export class RlpError extends Error {
  override readonly name = 'RlpError';
  readonly code: RlpErrorCode;
  /** Where the refused item begins in the input; −1 when encoding. */
  readonly offset: number;
  /** The way from the outermost value to the refused one, such as `transactions[3].nonce`. */
  readonly path: string = '';
  readonly #detail: string;

  constructor(code: RlpErrorCode, detail: string, offset = -1, options?: ErrorOptions) {
    super(describe(detail, '', offset), options);
    this.code = code;
    this.offset = offset;
    this.#detail = detail;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, offset, path } = this;
    return { name, code, message, offset, path };
  }

  /**
   * For codecs with parts: in a `catch`, puts the part's name or index in front of the path and
   * returns the error to throw on. Nothing is kept about the path while all goes well.
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
