import { type Crypto, CryptoError } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';

const { keccak256 } = fastCrypto;

/**
 * Insecure and fast cryptography for networks of a thousand nodes: a public key is a hash and its complement, a signature
 * is the public key of its signer. It has the same failures as real cryptography: points that are not on the "curve",
 * signatures of another message or by another key.
 */
export const cheapCrypto: Crypto = {
  secp256k1: {
    isPrivateKey: (key) => key.length === 32,
    publicKey: (privateKey) => point(keccak256(privateKey)),
    compress(publicKey) {
      assertPoint(publicKey);
      const compressed = new Uint8Array(33);
      compressed[0] = 2;
      compressed.set(publicKey.subarray(0, 32), 1);
      return compressed;
    },
    decompress: (compressed) => point(compressed.subarray(1)),
    sign(hash, privateKey) {
      const signature = new Uint8Array(65);
      signature.set(point(keccak256(privateKey)));
      signature[64] = (hash[0] ?? 0) & 3;
      return signature;
    },
    verify: (signature, _hash, publicKey) => signature.every((byte, i) => byte === publicKey[i]),
    recover(signature, hash) {
      const publicKey = signature.slice(0, 64);
      if (signature[64] !== ((hash[0] ?? 0) & 3)) throw new CryptoError('invalid-signature', 'no');
      assertPoint(publicKey);
      return publicKey;
    },
    ecdh: () => new Uint8Array(32),
  },
  keccak256,
  createKeccak256: () => fastCrypto.createKeccak256(),
};

function point(x: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(64);
  publicKey.set(x);
  for (let i = 0; i < 32; i++) publicKey[32 + i] = ~(x[i] ?? 0);
  return publicKey;
}

function assertPoint(publicKey: Uint8Array): void {
  for (let i = 0; i < 32; i++) {
    if (((publicKey[i] ?? 0) ^ (publicKey[32 + i] ?? 0)) !== 0xff) {
      throw new CryptoError('invalid-point', 'off the curve');
    }
  }
}
