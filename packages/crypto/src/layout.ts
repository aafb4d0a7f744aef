import { CryptoError, expectLength } from './error.ts';

/** A 64-byte public key in SEC 1's uncompressed form, 0x04 ‖ x ‖ y. Nothing is checked but the length. */
export function uncompressed(publicKey: Uint8Array): Uint8Array {
  expectLength(publicKey, 64, 'invalid-point', 'public key');
  const sec1 = new Uint8Array(65);
  sec1[0] = 4;
  sec1.set(publicKey, 1);
  return sec1;
}

/** The last byte of a 65-byte signature. */
export function recoveryId(signature: Uint8Array): number {
  expectLength(signature, 65, 'invalid-signature', 'signature');
  const id = signature[64] as number;
  if (id > 3) throw new CryptoError('invalid-signature', `recovery id must be 0 … 3, not ${id}`);
  return id;
}
