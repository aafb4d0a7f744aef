/**
 * Why a record was refused, when reading or when making one:
 *
 * - `too-large`: more than 300 bytes, or a text of more characters than those take
 * - `invalid-text`: no `enr:` before it, or not canonical base64url without padding
 * - `malformed`: not an RLP list of signature, sequence number and pairs of key and value; the `cause` says where
 * - `invalid-seq`: the sequence number is no canonical 64-bit integer, or there is none after it
 * - `duplicate-key`, `key-order`: keys are unique and sorted by their bytes
 * - `unknown-identity`: the identity scheme is missing or not `v4`
 * - `invalid-value`: the value of a known key breaks its rule; `key` names it
 * - `invalid-signature`: not made by the key in the record
 * - `wrong-private-key`: an update with another node's key
 * - `invalid-option`: an argument of another type, or an option or entry that does not exist
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

/** A node record that was refused. */
export class EnrError extends Error {
  override readonly name = 'EnrError';
  readonly code: EnrErrorCode;
  /** The key at fault, where one is. */
  readonly key: string | undefined;

  constructor(code: EnrErrorCode, message: string, options: ErrorOptions & { key?: string } = {}) {
    super(message, options);
    this.code = code;
    this.key = options.key;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, key } = this;
    return { name, code, message, key };
  }
}
