import { func, integer } from '@devp2p/options';
import { check } from './check-options.ts';
import { CryptoError, expectLength } from './error.ts';
import { nobleSecp256k1 } from './noble-secp256k1.ts';

/** A source of `length` unpredictable bytes, in a fresh array. */
export type RandomBytes = (length: number) => Uint8Array;

/** What one call of `getRandomValues` may fill (Web Cryptography API, section 10.1.1). */
const QUOTA = 65_536;

const lengthRule = integer(0);

/** Bytes of the platform's generator for cryptography. @throws {@link CryptoError} `invalid-option` */
export const randomBytes: RandomBytes = (length) => {
  check.value('length', length, lengthRule);
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
 * @throws `bad-randomness` when `random` gives something else than 32 bytes, or never a valid key; `invalid-option`
 */
export function generatePrivateKey(random: RandomBytes = randomBytes): Uint8Array {
  check.value('random', random, func);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const key = random(32);
    expectLength(key, 32, 'bad-randomness', 'result of random(32)');
    if (nobleSecp256k1.isPrivateKey(key)) return key;
  }
  throw new CryptoError('bad-randomness', `no private key in ${ATTEMPTS} draws`);
}
