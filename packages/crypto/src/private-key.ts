import { func } from '@devp2p/options';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { check } from './check-options.ts';
import { CryptoError, expectLength } from './error.ts';
import { nobleSecp256k1 } from './noble-secp256k1.ts';

// One draw in 2^128 is not a valid key, so a second failure in a row already means a broken source.
const attempts = 4;

/**
 * Generates a private key of 32 bytes, uniform in 1 … n − 1.
 *
 * @param random @default `randomBytes` of `@devp2p/random`
 * @throws {@link CryptoError} `bad-randomness` if `random` returns an array of another length, or no valid key in four
 * calls; `invalid-option`
 */
export function generatePrivateKey(random: RandomBytes = randomBytes): Uint8Array {
  check.value('random', random, func);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const key = random(32);
    expectLength(key, 32, 'bad-randomness', 'result of random(32)');
    if (nobleSecp256k1.isPrivateKey(key)) return key;
  }
  throw new CryptoError('bad-randomness', `no valid private key in ${attempts} calls of random(32)`);
}
