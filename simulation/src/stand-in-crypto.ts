import { type Crypto, CryptoError } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';

const { keccak256 } = fastCrypto;

/** Cached public keys: the signers are always the same few. */
const publicKeys = new WeakMap<Uint8Array, Uint8Array>();

/**
 * Cryptography without cost and without protection, for networks in which no node forges: a public key is a hash and
 * its complement, a signature is the public key of the signer. Hashes are real, since they determine distances.
 */
export const standInCrypto: Crypto = {
  secp256k1: {
    isPrivateKey: (key) => key.length === 32,
    publicKey: publicKeyOf,
    compress(publicKey) {
      assertPoint(publicKey);
      const compressed = new Uint8Array(33);
      compressed[0] = 2;
      compressed.set(publicKey.subarray(0, 32), 1);
      return compressed;
    },
    decompress: (compressed) => point(compressed.subarray(1)),
    sign(_hash, privateKey) {
      const signature = new Uint8Array(65);
      signature.set(publicKeyOf(privateKey));
      return signature;
    },
    verify: (signature, _hash, publicKey) => signature.every((byte, i) => byte === publicKey[i]),
    recover(signature) {
      const publicKey = signature.slice(0, 64);
      assertPoint(publicKey);
      return publicKey;
    },
    ecdh: () => new Uint8Array(32),
  },
  keccak256,
  createKeccak256: () => fastCrypto.createKeccak256(),
};

function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  let publicKey = publicKeys.get(privateKey);
  if (publicKey === undefined) {
    publicKey = point(keccak256(privateKey));
    publicKeys.set(privateKey, publicKey);
  }
  return publicKey;
}

function point(x: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(64);
  publicKey.set(x);
  for (let i = 0; i < 32; i++) publicKey[32 + i] = ~(x[i] ?? 0);
  return publicKey;
}

function assertPoint(publicKey: Uint8Array): void {
  for (let i = 0; i < 32; i++) {
    if (((publicKey[i] ?? 0) ^ (publicKey[32 + i] ?? 0)) !== 0xff) {
      throw new CryptoError('invalid-point', 'public key is not a valid point');
    }
  }
}
