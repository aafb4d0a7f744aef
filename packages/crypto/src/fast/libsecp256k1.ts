import type { Secp256k1 } from '../crypto.ts';
import { expectLength, invalidPoint, invalidPrivateKey, invalidSignature } from '../error.ts';
import { recoveryId, uncompressed } from '../layout.ts';

/**
 * The used part of `secp256k1/bindings`. Its functions throw a plain error for invalid input. `publicKeyTweakMul` is not
 * used because it multiplies in variable time.
 */
export interface Binding {
  contextRandomize(seed: Uint8Array): void;
  privateKeyVerify(key: Uint8Array): boolean;
  publicKeyCreate(key: Uint8Array, compressed: boolean): Uint8Array;
  publicKeyVerify(point: Uint8Array): boolean;
  publicKeyConvert(point: Uint8Array, compressed: boolean): Uint8Array;
  ecdsaSign(hash: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number };
  ecdsaVerify(signature: Uint8Array, hash: Uint8Array, point: Uint8Array): boolean;
  ecdsaRecover(signature: Uint8Array, recid: number, hash: Uint8Array, compressed: boolean): Uint8Array;
  ecdh(
    point: Uint8Array,
    key: Uint8Array,
    options: { hashfn: (x: Uint8Array, y: Uint8Array) => Uint8Array; xbuf: Uint8Array },
    output: Uint8Array,
  ): Uint8Array;
}

/** n, the order of the group (SEC 2, section 2.4.1). */
const order = Uint8Array.from(
  [0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0xbaaedce6, 0xaf48a03b, 0xbfd25e8c, 0xd0364141].flatMap((word) => [
    word >>> 24,
    word >>> 16,
    word >>> 8,
    word,
  ]),
);

/**
 * `bits2octets` of RFC 6979, which libsecp256k1 omits when it derives the nonce. Without it a hash of n or more, one in
 * 2^128, would get another nonce than in other implementations.
 */
function reduce(hash: Uint8Array): Uint8Array {
  const difference = new Uint8Array(32);
  let borrow = 0;
  for (let i = 31; i >= 0; i--) {
    const byte = (hash[i] as number) - (order[i] as number) - borrow;
    difference[i] = byte;
    borrow = byte < 0 ? 1 : 0;
  }
  return borrow ? hash : difference;
}

/** Returns the x coordinate of the constant-time multiplication without hashing it. */
const rawX = (x: Uint8Array): Uint8Array => x;

/**
 * Creates curve operations of libsecp256k1.
 *
 * @param seed 32 random bytes that blind multiplications of the base point with secrets
 */
export function libsecp256k1(binding: Binding, seed: Uint8Array): Secp256k1 {
  binding.contextRandomize(seed);

  function expectPrivateKey(key: Uint8Array): void {
    expectLength(key, 32, 'invalid-private-key', 'private key');
    if (!binding.privateKeyVerify(key)) throw invalidPrivateKey();
  }

  function expectPoint(publicKey: Uint8Array): Uint8Array {
    const point = uncompressed(publicKey);
    if (!binding.publicKeyVerify(point)) throw invalidPoint();
    return point;
  }

  function convert(point: Uint8Array, compressed: boolean): Uint8Array {
    try {
      return binding.publicKeyConvert(point, compressed);
    } catch {
      throw invalidPoint();
    }
  }

  return {
    isPrivateKey: (key) => key instanceof Uint8Array && key.length === 32 && binding.privateKeyVerify(key),

    publicKey(privateKey) {
      expectPrivateKey(privateKey);
      return binding.publicKeyCreate(privateKey, false).slice(1);
    },

    compress: (publicKey) => convert(uncompressed(publicKey), true),

    decompress(compressed) {
      expectLength(compressed, 33, 'invalid-point', 'compressed public key');
      return convert(compressed, false).slice(1);
    },

    sign(hash, privateKey) {
      expectLength(hash, 32, 'invalid-hash', 'hash');
      expectPrivateKey(privateKey);
      const { signature, recid } = binding.ecdsaSign(reduce(hash), privateKey);
      const recoverable = new Uint8Array(65);
      recoverable.set(signature);
      recoverable[64] = recid;
      return recoverable;
    },

    verify(signature, hash, publicKey) {
      expectLength(signature, 64, 'invalid-signature', 'signature');
      expectLength(hash, 32, 'invalid-hash', 'hash');
      const point = expectPoint(publicKey);
      try {
        return binding.ecdsaVerify(signature, hash, point);
      } catch {
        return false; // r or s of n or more
      }
    },

    recover(signature, hash) {
      const recovery = recoveryId(signature);
      expectLength(hash, 32, 'invalid-hash', 'hash');
      try {
        return binding.ecdsaRecover(signature.subarray(0, 64), recovery, hash, false).slice(1);
      } catch {
        throw invalidSignature();
      }
    },

    ecdh(privateKey, publicKey) {
      const point = expectPoint(publicKey);
      expectPrivateKey(privateKey);
      const x = new Uint8Array(32);
      return binding.ecdh(point, privateKey, { hashfn: rawX, xbuf: x }, x);
    },
  };
}
