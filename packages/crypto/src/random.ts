import { CryptoError } from './error.ts';
import { nobleSecp256k1 } from './noble-secp256k1.ts';

/** A source of `length` unpredictable bytes, in a fresh array. */
export type RandomBytes = (length: number) => Uint8Array;

/** What one call of `getRandomValues` may fill (Web Cryptography API, section 10.1.1). */
const QUOTA = 65_536;

/** Bytes of the platform's generator for cryptography. */
export const randomBytes: RandomBytes = (length) => {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += QUOTA) {
    // biome-ignore lint/plugin: the default that everybody's `random` option falls back to.
    crypto.getRandomValues(bytes.subarray(start, start + QUOTA));
  }
  return bytes;
};

// One draw in 2^128 is no key, so a second failure in a row is already a broken source.
const ATTEMPTS = 4;

/**
 * A fresh private key of 32 bytes, uniform in 1 … n − 1.
 *
 * @param random @default {@link randomBytes}
 * @throws `bad-randomness` when `random` gives a wrong length, or never a valid key
 */
export function generatePrivateKey(random: RandomBytes = randomBytes): Uint8Array {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const key = random(32);
    if (key.length !== 32) {
      throw new CryptoError('bad-randomness', `asked for 32 random bytes, got ${key.length}`);
    }
    if (nobleSecp256k1.isPrivateKey(key)) return key;
  }
  throw new CryptoError('bad-randomness', `no private key in ${ATTEMPTS} draws`);
}
