/**
 * Codes of {@link DnsdiscError}.
 *
 * - `invalid-option`: an option or argument is not valid; the message names it and its value
 *
 * Invalid texts:
 *
 * - `too-large`: an entry or URL has more than 512 characters
 * - `unknown-entry`: the prefix of an entry is not defined
 * - `malformed`: a root has another format
 * - `invalid-hash`: the name of an entry is not base32 of 12 to 32 bytes
 * - `invalid-seq`: a sequence number is not a canonical decimal of 64 bits
 * - `invalid-signature`: a signature is not base64url of 65 bytes, or not by the key of the tree
 * - `invalid-record`: a node record is not valid; the `cause` is the `EnrError`
 * - `invalid-scheme`: a URL does not start with `enrtree://`
 * - `invalid-key`: the key in a URL is not base32 of a compressed public key
 * - `invalid-domain`: the domain in a URL is not a host name of at most 200 characters
 *
 * Invalid responses:
 *
 * - `no-root`, `no-entry`: the DNS name has no TXT records, or none of a node list
 * - `hash-mismatch`: the entry does not have the hash in its DNS name
 * - `misplaced-entry`: a link among the records, or a record among the links
 * - `stale-root`: the sequence number is below one seen before
 *
 * Limits and failures:
 *
 * - `tree-too-large`: more than `maxEntries` entries in one half of a tree
 * - `link-too-deep`, `too-many-trees`: a link above `maxLinkDepth` or `maxTrees`
 * - `resolver-failed`: no response; the `cause` is the error of the resolver, or a `TimeoutError`
 */
export type DnsdiscErrorCode =
  | 'invalid-option'
  | 'too-large'
  | 'unknown-entry'
  | 'malformed'
  | 'invalid-hash'
  | 'invalid-seq'
  | 'invalid-signature'
  | 'invalid-record'
  | 'invalid-scheme'
  | 'invalid-key'
  | 'invalid-domain'
  | 'no-root'
  | 'no-entry'
  | 'hash-mismatch'
  | 'misplaced-entry'
  | 'stale-root'
  | 'tree-too-large'
  | 'link-too-deep'
  | 'too-many-trees'
  | 'resolver-failed';

/** Error of this package. */
export class DnsdiscError extends Error {
  override readonly name = 'DnsdiscError';
  readonly code: DnsdiscErrorCode;

  constructor(code: DnsdiscErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Includes the message, which `JSON.stringify` leaves out of errors. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** Length of a quoted text in an error message, in characters. */
const maxQuote = 48;

/** Quotes the start of a text from the network, with control characters escaped, for an error message. */
export function quote(text: string): string {
  const start = JSON.stringify(text.slice(0, maxQuote));
  return text.length > maxQuote ? `${start}…` : start;
}
