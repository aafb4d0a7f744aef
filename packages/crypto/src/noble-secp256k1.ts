import { secp256k1 as curve } from '@noble/curves/secp256k1.js';
import type { Secp256k1 } from './crypto.ts';
import { expectLength, invalidPoint, invalidPrivateKey, invalidSignature } from './error.ts';
import { recoveryId, uncompressed } from './layout.ts';

const { Point, Signature } = curve;
type CurvePoint = InstanceType<typeof Point>;

function isPrivateKey(key: Uint8Array): boolean {
  return key instanceof Uint8Array && key.length === 32 && curve.utils.isValidSecretKey(key);
}

function expectPrivateKey(key: Uint8Array): void {
  expectLength(key, 32, 'invalid-private-key', 'private key');
  if (!isPrivateKey(key)) throw invalidPrivateKey();
}

/** Checks that the coordinates are below p and satisfy the curve equation. The cofactor is 1. */
function parsePoint(sec1: Uint8Array): CurvePoint {
  try {
    return Point.fromBytes(sec1);
  } catch {
    throw invalidPoint();
  }
}

function parsePublicKey(publicKey: Uint8Array): CurvePoint {
  return parsePoint(uncompressed(publicKey));
}

/** Curve operations of noble. Operations on secrets use its constant-time `multiply`. */
export const nobleSecp256k1: Secp256k1 = {
  isPrivateKey,

  publicKey(privateKey) {
    expectPrivateKey(privateKey);
    return curve.getPublicKey(privateKey, false).slice(1);
  },

  compress(publicKey) {
    return parsePublicKey(publicKey).toBytes(true);
  },

  decompress(compressed) {
    expectLength(compressed, 33, 'invalid-point', 'compressed public key');
    return parsePoint(compressed).toBytes(false).slice(1);
  },

  sign(hash, privateKey) {
    expectLength(hash, 32, 'invalid-hash', 'hash');
    expectPrivateKey(privateKey);
    const recovered = curve.sign(hash, privateKey, {
      prehash: false,
      lowS: true,
      format: 'recovered',
    });
    const signature = new Uint8Array(65);
    signature.set(recovered.subarray(1));
    signature.set(recovered.subarray(0, 1), 64);
    return signature;
  },

  verify(signature, hash, publicKey) {
    expectLength(signature, 64, 'invalid-signature', 'signature');
    expectLength(hash, 32, 'invalid-hash', 'hash');
    const sec1 = uncompressed(publicKey);
    parsePoint(sec1);
    return curve.verify(signature, hash, sec1, { prehash: false, lowS: true, format: 'compact' });
  },

  recover(signature, hash) {
    expectLength(hash, 32, 'invalid-hash', 'hash');
    const recovery = recoveryId(signature);
    try {
      return Signature.fromBytes(signature.subarray(0, 64), 'compact')
        .addRecoveryBit(recovery)
        .recoverPublicKey(hash)
        .toBytes(false)
        .slice(1);
    } catch {
      throw invalidSignature();
    }
  },

  ecdh(privateKey, publicKey) {
    const point = parsePublicKey(publicKey);
    expectPrivateKey(privateKey);
    return point.multiply(Point.Fn.fromBytes(privateKey)).toBytes(true).slice(1);
  },
};
