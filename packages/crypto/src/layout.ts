import { CryptoError, expectLength } from './error.ts';

/** Converts a public key of 64 bytes to the uncompressed form of SEC 1, 0x04 ‖ x ‖ y. Checks only the length. */
export function uncompressed(publicKey: Uint8Array): Uint8Array {
  expectLength(publicKey, 64, 'invalid-point', 'public key');
  const sec1 = new Uint8Array(65);
  sec1[0] = 4;
  sec1.set(publicKey, 1);
  return sec1;
}

/** Returns the last byte of a signature of 65 bytes. @throws CryptoError `invalid-signature` */
export function recoveryId(signature: Uint8Array): number {
  expectLength(signature, 65, 'invalid-signature', 'signature');
  const id = signature[64] as number;
  if (id > 3) throw new CryptoError('invalid-signature', `recovery id is ${id}, expected 0 to 3`);
  return id;
}
