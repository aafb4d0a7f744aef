import { type Crypto, CryptoError, nobleCrypto } from '@devp2p/crypto';

/** Who a node is: its public key as 64 bytes, x followed by y. */
export type NodeId = Uint8Array;

/** The length of a {@link NodeId} in bytes. */
export const NODE_ID_LENGTH = 64;

/** Options of functions that take hashing and curve work from elsewhere. */
export interface CryptoOptions {
  /** @default nobleCrypto */
  crypto?: Crypto | undefined;
}

/** Where a node is in the discovery overlay, and its short name in logs: the Keccak-256 of its id, 32 bytes. */
export function nodeIdHash(id: NodeId, { crypto = nobleCrypto }: CryptoOptions = {}): Uint8Array {
  return crypto.keccak256(id);
}

/** Whether 64 bytes are a point on secp256k1. */
export function isOnCurve(id: NodeId, { crypto = nobleCrypto }: CryptoOptions = {}): boolean {
  try {
    crypto.secp256k1.compress(id);
    return true;
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-point') return false;
    throw error;
  }
}
