import { type Crypto, CryptoError, nobleCrypto } from '@devp2p/crypto';
import { checkEnode, cryptoRules } from '../check-options.ts';

/** Public key of a node: 64 bytes, x ‖ y. */
export type NodeId = Uint8Array;

/** Length of a {@link NodeId} in bytes. */
export const nodeIdLength = 64;

/** Options of functions that use cryptography. */
export interface CryptoOptions {
  /** @default nobleCrypto */
  crypto?: Crypto | undefined;
}

/**
 * Returns the Keccak-256 hash of a node id, 32 bytes: the position of the node in the discovery tables.
 *
 * @throws {@link EnodeError} `invalid-option`
 */
export function nodeIdHash(id: NodeId, options: CryptoOptions = {}): Uint8Array {
  // Called for every node in a packet, so the checker runs only if something other than a valid `crypto` is given.
  if (!isCryptoOnly(options)) checkEnode.options('nodeIdHash', options, cryptoRules);
  const { crypto = nobleCrypto } = options;
  return crypto.keccak256(id);
}

/**
 * Whether a node id is a point on secp256k1.
 *
 * @throws {@link EnodeError} `invalid-option`
 */
export function isOnCurve(id: NodeId, options: CryptoOptions = {}): boolean {
  checkEnode.options('isOnCurve', options, cryptoRules);
  const { crypto = nobleCrypto } = options;
  try {
    crypto.secp256k1.compress(id);
    return true;
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-point') return false;
    throw error;
  }
}

function isCryptoOnly(options: CryptoOptions): boolean {
  for (const name in options) if (name !== 'crypto') return false;
  return typeof options === 'object' && typeof options?.crypto?.keccak256 === 'function';
}
