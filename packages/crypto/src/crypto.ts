/**
 * ECDSA and Diffie-Hellman on secp256k1 (SEC 2, section 2.4.1).
 *
 * A public key is 64 bytes, x ‖ y big-endian: the node id of devp2p. A private key is 32 bytes, a big-endian integer in
 * 1 … n − 1. Functions do not change their arguments and return new arrays. All errors are {@link CryptoError}s with the
 * same code in every implementation.
 */
export interface Secp256k1 {
  /** Whether `key` is 32 bytes and in 1 … n − 1; `false` for any other value. */
  isPrivateKey(key: Uint8Array): boolean;

  /**
   * Returns the public key of 64 bytes, in constant time.
   * @throws `invalid-private-key`
   */
  publicKey(privateKey: Uint8Array): Uint8Array;

  /**
   * Compresses a public key from 64 to 33 bytes (SEC 1, section 2.3.3).
   * @throws `invalid-point`
   */
  compress(publicKey: Uint8Array): Uint8Array;

  /**
   * Decompresses a public key from 33 to 64 bytes (SEC 1, section 2.3.4).
   * @throws `invalid-point`
   */
  decompress(compressed: Uint8Array): Uint8Array;

  /**
   * Signs a hash, in constant time. The result is 65 bytes, r ‖ s ‖ recovery id (0 … 3). The nonce follows RFC 6979 with
   * SHA-256, s is at most n / 2. A hash of n or more is reduced, as in `bits2octets` of RFC 6979.
   * @param hash 32 bytes, not hashed again
   * @throws `invalid-hash`, `invalid-private-key`
   */
  sign(hash: Uint8Array, privateKey: Uint8Array): Uint8Array;

  /**
   * Whether `signature` (64 bytes, r ‖ s) was made with the private key of `publicKey`. False if s is above n / 2, because
   * such a signature can be derived from the other one without the key, and if r or s is outside 1 … n − 1.
   * @throws `invalid-signature` (length), `invalid-hash`, `invalid-point`
   */
  verify(signature: Uint8Array, hash: Uint8Array, publicKey: Uint8Array): boolean;

  /**
   * Returns the public key of the signer of `signature` (65 bytes, r ‖ s ‖ recovery id). Accepts an s above n / 2, as
   * go-ethereum does: the signer is the same.
   * @throws `invalid-signature`, `invalid-hash`
   */
  recover(signature: Uint8Array, hash: Uint8Array): Uint8Array;

  /**
   * Returns the x coordinate of the shared point, 32 bytes, in constant time. Checks the public key before it uses the
   * private key, because points of other curves would leak the private key bit by bit.
   * @throws `invalid-point` (also if both keys are invalid), `invalid-private-key`
   */
  ecdh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

/** Incremental keccak-256. Its digest can be read at any time, after which it can absorb more data. */
export interface Keccak256 {
  /** Absorbs data. @throws `closed`, `invalid-option` */
  update(data: Uint8Array): this;

  /**
   * Returns the digest of all data absorbed so far, 32 bytes.
   * @throws `closed`
   */
  digest(): Uint8Array;

  /** Releases the memory of the sponge. Idempotent. */
  close(): void;
}

/** Cryptography that the packages need. `nobleCrypto` and `fastCrypto` implement it. */
export interface Crypto {
  readonly secp256k1: Secp256k1;

  /**
   * Returns Ethereum's keccak-256, 32 bytes: with the padding of 2011, not SHA3-256.
   * @throws `invalid-option`
   */
  keccak256(data: Uint8Array): Uint8Array;

  createKeccak256(): Keccak256;
}
