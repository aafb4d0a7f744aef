/**
 * ECDSA and Diffie-Hellman on secp256k1 (SEC 2, section 2.4.1).
 *
 * A public key is 64 bytes, x ‖ y big-endian: the node id of devp2p. A private key is 32 bytes, a
 * big-endian number in 1 … n − 1. Arguments are never changed and results are fresh arrays. All
 * errors are {@link CryptoError}; every implementation gives the same code for the same input.
 */
export interface Secp256k1 {
  /** Whether `key` is 32 bytes and in 1 … n − 1; `false` for any other value. */
  isPrivateKey(key: Uint8Array): boolean;

  /**
   * The 64-byte public key, in constant time.
   * @throws `invalid-private-key`
   */
  publicKey(privateKey: Uint8Array): Uint8Array;

  /**
   * 64 → 33 bytes, SEC 1 section 2.3.3.
   * @throws `invalid-point`
   */
  compress(publicKey: Uint8Array): Uint8Array;

  /**
   * 33 → 64 bytes, SEC 1 section 2.3.4.
   * @throws `invalid-point`
   */
  decompress(compressed: Uint8Array): Uint8Array;

  /**
   * A signature of 65 bytes, r ‖ s ‖ recovery id (0 … 3), in constant time. The nonce is RFC 6979's
   * with SHA-256, s is at most n / 2. A hash of n or more is reduced first, as RFC 6979's
   * `bits2octets` does.
   * @param hash 32 bytes; signed as is
   * @throws `invalid-hash`, `invalid-private-key`
   */
  sign(hash: Uint8Array, privateKey: Uint8Array): Uint8Array;

  /**
   * Whether `publicKey` made `signature` (64 bytes, r ‖ s). A signature whose s is above n / 2 is
   * refused, since anybody can make it from the other one; so are r and s outside 1 … n − 1.
   * @throws `invalid-signature` (length), `invalid-hash`, `invalid-point`
   */
  verify(signature: Uint8Array, hash: Uint8Array, publicKey: Uint8Array): boolean;

  /**
   * The public key that made `signature` (65 bytes, r ‖ s ‖ recovery id). Accepts an s above n / 2,
   * as go-ethereum does: who signed is the same.
   * @throws `invalid-signature`, `invalid-hash`
   */
  recover(signature: Uint8Array, hash: Uint8Array): Uint8Array;

  /**
   * The 32-byte x coordinate of the shared point, in constant time. The public key is checked
   * before the private key is used, because a point off the curve would leak the key bit by bit.
   * @throws `invalid-point` (first when both are wrong), `invalid-private-key`
   */
  ecdh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array;
}

/** A running keccak-256 whose digest can be looked at while it goes on absorbing. */
export interface Keccak256 {
  /** @throws `closed`, `invalid-option` */
  update(data: Uint8Array): this;

  /**
   * 32 bytes, of everything absorbed so far; absorbing may go on afterwards.
   * @throws `closed`
   */
  digest(): Uint8Array;

  /** Gives the memory of the sponge back. Idempotent. */
  close(): void;
}

/**
 * The cryptography that the stack is built on. `nobleCrypto` and `fastCrypto` are the two
 * implementations of this package; another one has only to have this shape.
 */
export interface Crypto {
  readonly secp256k1: Secp256k1;

  /**
   * 32 bytes. This is Ethereum's keccak-256 with the padding of 2011, not SHA3-256.
   * @throws `invalid-option`
   */
  keccak256(data: Uint8Array): Uint8Array;

  createKeccak256(): Keccak256;
}
