import { bytes, createChecker, secret } from '@devp2p/options';

/**
 * Code of a {@link CryptoError}:
 *
 * - `invalid-private-key`: not 32 bytes, or not in 1 … n − 1;
 * - `invalid-point`: a public key of a wrong length, or not a point of the curve;
 * - `invalid-signature`: a signature of a wrong length, or one that belongs to no public key;
 * - `invalid-hash`: a message hash that is not 32 bytes;
 * - `invalid-option`: another argument of a wrong type or range, such as text to hash;
 * - `closed`: a sponge was used after its `close()`;
 * - `bad-randomness`: a random source returned a wrong number of bytes, or no valid key in four calls.
 */
export type CryptoErrorCode =
  | 'invalid-private-key'
  | 'invalid-point'
  | 'invalid-signature'
  | 'invalid-hash'
  | 'invalid-option'
  | 'closed'
  | 'bad-randomness';

/** Error for wrong arguments. Its message never contains a secret. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** @throws {@link CryptoError} with `code` if `value` is not a Uint8Array of `length` bytes */
export function expectLength(value: Uint8Array, length: number, code: CryptoErrorCode, what: string): void {
  if (value instanceof Uint8Array && value.length === length) return;
  createChecker(CryptoError, code).value(what, value, secret(bytes(length)));
}

export function invalidPrivateKey(): CryptoError {
  return new CryptoError('invalid-private-key', 'private key must be in 1 … n − 1');
}

export function invalidPoint(): CryptoError {
  return new CryptoError('invalid-point', 'public key is not a point of secp256k1');
}

export function invalidSignature(): CryptoError {
  return new CryptoError('invalid-signature', 'signature belongs to no public key');
}
