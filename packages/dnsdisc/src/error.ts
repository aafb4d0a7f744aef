/**
 * Why a text, an entry, a link or a lookup was refused.
 *
 * - `invalid-option`: an option that makes no sense; the message names it and its value
 *
 * A text that breaks its form:
 *
 * - `too-large`: an entry or URL of more than 512 characters
 * - `unknown-entry`: begins like none of the entries
 * - `malformed`: a root of another form
 * - `invalid-hash`: no base32 of 12 to 32 bytes where the name of an entry belongs
 * - `invalid-seq`: a sequence number that is no canonical decimal of 64 bits
 * - `invalid-signature`: no base64url of 65 bytes, or not made by the tree's key
 * - `invalid-record`: a node record that was refused; the `cause` is the `EnrError`
 * - `invalid-scheme`: a URL that does not begin with `enrtree://`
 * - `invalid-key`: no base32 of a compressed public key before the `@`
 * - `invalid-domain`: no host name of at most 200 characters behind it
 *
 * An answer that does not belong where it was found:
 *
 * - `no-root`, `no-entry`: nothing at that name, or nothing that has to do with node lists
 * - `hash-mismatch`: not the entry that the tree links to under that name
 * - `misplaced-entry`: a link among the records, or a record among the links
 * - `stale-root`: a sequence number below one that was seen before
 *
 * A limit, or a failure:
 *
 * - `tree-too-large`: more than `maxEntries` entries in one half of a tree
 * - `link-too-deep`, `too-many-trees`: a link beyond `maxLinkDepth` or `maxTrees`
 * - `resolver-failed`: no answer; the `cause` is the resolver's error, or a `TimeoutError`
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

/** Every error of this package. */
export class DnsdiscError extends Error {
  override readonly name = 'DnsdiscError';
  readonly code: DnsdiscErrorCode;

  constructor(code: DnsdiscErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** How much of somebody else's text goes into an error message, in characters. */
const MAX_QUOTE = 48;

/** The beginning of a text from somewhere else, as it may stand in a message. */
export function quote(text: string): string {
  const start = JSON.stringify(text.slice(0, MAX_QUOTE));
  return text.length > MAX_QUOTE ? `${start}…` : start;
}
