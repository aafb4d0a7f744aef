/**
 * Code of an {@link EnrError}:
 *
 * - `too-large`: more than 300 bytes, or more than 404 characters of text
 * - `invalid-text`: the text does not start with `enr:`, or is not canonical base64url without padding
 * - `malformed`: not an RLP list of signature, sequence number and pairs of key and value; see `cause`
 * - `invalid-seq`: the sequence number is not a canonical 64-bit integer, or is the last one before an update
 * - `duplicate-key`, `key-order`: keys are not unique, or not sorted by their bytes
 * - `unknown-identity`: the identity scheme is missing or not `v4`
 * - `invalid-value`: the value of the key in `key` is invalid
 * - `invalid-signature`: the key in the record did not make the signature
 * - `wrong-private-key`: an update with the key of another node
 * - `invalid-option`: an argument has a wrong type, or an option or entry does not exist
 */
export type EnrErrorCode =
  | 'too-large'
  | 'invalid-text'
  | 'malformed'
  | 'invalid-seq'
  | 'duplicate-key'
  | 'key-order'
  | 'unknown-identity'
  | 'invalid-value'
  | 'invalid-signature'
  | 'wrong-private-key'
  | 'invalid-option';

/** Error for an invalid node record. */
export class EnrError extends Error {
  override readonly name = 'EnrError';
  readonly code: EnrErrorCode;
  /** Key of the invalid pair, if the error is about one. */
  readonly key: string | undefined;

  constructor(code: EnrErrorCode, message: string, options: ErrorOptions & { key?: string } = {}) {
    super(message, options);
    this.code = code;
    this.key = options.key;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, key } = this;
    return { name, code, message, key };
  }
}
