import { bytes, createChecker, secret } from '@devp2p/options';

/**
 * Why an argument was refused:
 *
 * - `invalid-private-key`: not 32 bytes, or not in 1 … n − 1;
 * - `invalid-point`: a public key of the wrong length or that is no point of the curve;
 * - `invalid-signature`: a signature of the wrong length, or one that no public key can have made;
 * - `invalid-hash`: a message hash that is not 32 bytes;
 * - `invalid-option`: another argument of a wrong type or range, such as text to be hashed;
 * - `closed`: a sponge was used after its `close()`;
 * - `bad-randomness`: a random source gave a wrong number of bytes, or never a valid key.
 */
export type CryptoErrorCode =
  | 'invalid-private-key'
  | 'invalid-point'
  | 'invalid-signature'
  | 'invalid-hash'
  | 'invalid-option'
  | 'closed'
  | 'bad-randomness';

/** What this package throws for a wrong argument. Its message never holds a secret. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError';
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** @throws {@link CryptoError} with `code` when `value` is something else than so many bytes. */
export function expectLength(
  value: Uint8Array,
  length: number,
  code: CryptoErrorCode,
  what: string,
): void {
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
  return new CryptoError('invalid-signature', 'no public key can have made this signature');
}
