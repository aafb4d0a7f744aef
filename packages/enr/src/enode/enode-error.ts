/** In characters. The longest valid URL is shorter: 128 digits, a host name of 253 characters, two ports. */
export const maxUrlLength = 512;

/**
 * Code of an {@link EnodeError}:
 *
 * - `invalid-scheme`: the URL does not start with `enode://`
 * - `invalid-shape`: the URL has no `@`
 * - `invalid-id`: not 128 hex digits, or not a point on the curve
 * - `invalid-host`: neither an IP address nor a valid host name, or a host name that is not allowed
 * - `invalid-port`, `invalid-discport`: missing or not a number from 0 to 65535
 * - `unexpected-part`: a path, fragment or other query
 * - `too-long`: more than 512 characters
 * - `invalid-option`: an argument has a wrong type, or an option does not exist
 */
export type EnodeErrorCode =
  | 'invalid-scheme'
  | 'invalid-shape'
  | 'invalid-id'
  | 'invalid-host'
  | 'invalid-port'
  | 'invalid-discport'
  | 'unexpected-part'
  | 'too-long'
  | 'invalid-option';

const expected: Record<Exclude<EnodeErrorCode, 'invalid-option'>, string> = {
  'invalid-scheme': 'enode:// at the start',
  'invalid-shape': '<id>@<host>:<port> after enode://',
  'invalid-id': 'a public key on secp256k1 as 128 hex digits before the @',
  'invalid-host': 'an IP address (IPv6 in brackets) or a permitted host name',
  'invalid-port': 'a port from 0 to 65535 after the host',
  'invalid-discport': 'a discport from 0 to 65535',
  'unexpected-part': 'only ?discport= after the port',
  'too-long': `at most ${maxUrlLength} characters`,
};

/** Limit of the quoted text in an error message, in characters. */
const maxQuoteLength = 48;

/** Error for an invalid enode URL, or for a node that cannot be written as one. */
export class EnodeError extends Error {
  override readonly name = 'EnodeError';
  readonly code: EnodeErrorCode;

  constructor(code: EnodeErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** @param part the invalid text, of which the message quotes up to 48 characters */
export function invalidEnode(code: keyof typeof expected, part: string): EnodeError {
  const quote = JSON.stringify(part.slice(0, maxQuoteLength));
  const got = part.length > maxQuoteLength ? `${quote}…` : quote;
  return new EnodeError(code, `enode URL needs ${expected[code]}, got ${got}`);
}
