/** Far more than the longest: 128 digits, a host name of 253 characters, two ports. */
export const MAX_URL_LENGTH = 512;

/**
 * What is wrong with an enode URL:
 *
 * - `invalid-scheme`: it does not begin with `enode://`
 * - `invalid-shape`: it has no `@`
 * - `invalid-id`: not 128 hex digits, or no point on the curve
 * - `invalid-host`: no IP address, or a name that is none or not allowed
 * - `invalid-port`, `invalid-discport`: missing or not a number from 0 to 65535
 * - `unexpected-part`: a path, fragment or other query
 * - `too-long`: more than 512 characters
 * - `invalid-option`: an argument of another type, or an option that does not exist
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

const EXPECTED: Record<Exclude<EnodeErrorCode, 'invalid-option'>, string> = {
  'invalid-scheme': 'enode:// at the beginning',
  'invalid-shape': '<id>@<host>:<port> behind enode://',
  'invalid-id': 'a public key on secp256k1 as 128 hex digits before the @',
  'invalid-host': 'an IP address (IPv6 in brackets) or a permitted host name',
  'invalid-port': 'a port from 0 to 65535 behind the host',
  'invalid-discport': 'a discport from 0 to 65535',
  'unexpected-part': 'nothing behind the port but ?discport=',
  'too-long': `at most ${MAX_URL_LENGTH} characters`,
};

/** How much of somebody else's text goes into an error message, in characters. */
const MAX_QUOTE = 48;

/** An enode URL that was refused, or a node that has none. */
export class EnodeError extends Error {
  override readonly name = 'EnodeError';
  readonly code: EnodeErrorCode;

  constructor(code: EnodeErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** @param part the text at fault, of which the message quotes up to 48 characters */
export function refused(code: keyof typeof EXPECTED, part: string): EnodeError {
  const quote = JSON.stringify(part.slice(0, MAX_QUOTE));
  const got = part.length > MAX_QUOTE ? `${quote}…` : quote;
  return new EnodeError(code, `enode URL needs ${EXPECTED[code]}, got ${got}`);
}
