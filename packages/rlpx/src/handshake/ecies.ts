import { createCipheriv, createDecipheriv, createHmac, hash, timingSafeEqual } from 'node:crypto';
import { concatBytes, fromHex } from '@devp2p/bytes';
import { type Crypto, CryptoError, generatePrivateKey } from '@devp2p/crypto';
import type { RandomBytes } from '@devp2p/random';
import { handshakeFailed } from '../error.ts';

/** Length of an uncompressed point on the wire: `04 ‖ x ‖ y`. */
const pointLength = 65;
const ivLength = 16;
const tagLength = 32;
const uncompressedPrefix = 0x04;

/** Overhead of {@link encrypt} in bytes: ephemeral key, initialization vector and tag. */
export const eciesOverhead: number = pointLength + ivLength + tagLength;

/** Generator of secp256k1: replaces a point that is not on the curve. */
const generator: Uint8Array = fromHex(
  '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' +
    '483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8',
);

/**
 * Encrypts a message for the owner of `publicKey` (RLPx, "ECIES Encryption").
 *
 * @param authenticated bytes that the tag covers but the result does not contain: a size prefix, or empty
 * @returns `04 ‖ ephemeral key ‖ iv ‖ ciphertext ‖ tag`, {@link eciesOverhead} longer than the message.
 */
export function encrypt(
  crypto: Crypto,
  random: RandomBytes,
  publicKey: Uint8Array,
  message: Uint8Array,
  authenticated: Uint8Array,
): Uint8Array {
  const ephemeralKey = generatePrivateKey(random);
  const { encryptionKey, macKey } = deriveKeys(crypto.secp256k1.ecdh(ephemeralKey, publicKey));
  const iv = random(ivLength);
  const out = new Uint8Array(message.length + eciesOverhead);
  const tagAt = out.length - tagLength;
  out[0] = uncompressedPrefix;
  out.set(crypto.secp256k1.publicKey(ephemeralKey), 1);
  out.set(iv, pointLength);
  out.set(createCipheriv('aes-128-ctr', encryptionKey, iv).update(message), pointLength + ivLength);
  out.set(tag(macKey, out.subarray(pointLength, tagAt), authenticated), tagAt);
  return out;
}

/**
 * Decrypts the result of {@link encrypt}.
 *
 * @throws RlpxError `handshake-failed` when the tag does not match. A key that is not on the curve
 * fails in the same way and after the same work: a sender of such points that can distinguish the two cases learns bits
 * of the private key.
 */
export function decrypt(
  crypto: Crypto,
  privateKey: Uint8Array,
  sealed: Uint8Array,
  authenticated: Uint8Array,
): Uint8Array {
  if (sealed.length < eciesOverhead) throw handshakeFailed('message is too short');
  const tagAt = sealed.length - tagLength;
  const shared = agree(crypto, privateKey, sealed.subarray(1, pointLength));
  const { encryptionKey, macKey } = deriveKeys(shared.secret);
  const expected = tag(macKey, sealed.subarray(pointLength, tagAt), authenticated);
  const authentic = timingSafeEqual(expected, sealed.subarray(tagAt));
  if (!authentic || !shared.onCurve || sealed[0] !== uncompressedPrefix) {
    throw handshakeFailed('message does not authenticate');
  }
  const iv = sealed.subarray(pointLength, pointLength + ivLength);
  return createDecipheriv('aes-128-ctr', encryptionKey, iv).update(sealed.subarray(pointLength + ivLength, tagAt));
}

/**
 * Diffie-Hellman with a received key. For a point that is not on the curve, the same work is done with another point,
 * so that the caller continues and fails where a wrong tag fails.
 */
export function agree(
  crypto: Crypto,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
): { secret: Uint8Array; onCurve: boolean } {
  try {
    return { secret: crypto.secp256k1.ecdh(privateKey, publicKey), onCurve: true };
  } catch (error) {
    if (!(error instanceof CryptoError && error.code === 'invalid-point')) throw error;
    return { secret: crypto.secp256k1.ecdh(privateKey, generator), onCurve: false };
  }
}

/** NIST SP 800-56 concatenation KDF over SHA-256; 32 bytes take one round. */
function deriveKeys(secret: Uint8Array): { encryptionKey: Uint8Array; macKey: Uint8Array } {
  const key = hash('sha256', concatBytes(firstRound, secret), 'buffer');
  return {
    encryptionKey: key.subarray(0, 16),
    macKey: hash('sha256', key.subarray(16), 'buffer'),
  };
}

const firstRound: Uint8Array = Uint8Array.of(0, 0, 0, 1);

function tag(macKey: Uint8Array, sealed: Uint8Array, authenticated: Uint8Array): Uint8Array {
  return createHmac('sha256', macKey).update(sealed).update(authenticated).digest();
}
