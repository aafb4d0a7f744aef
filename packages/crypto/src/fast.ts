import type { Crypto } from './crypto.ts';
import { createKeccak256, keccak256 } from './fast/keccak.ts';
import { secp256k1 } from './fast/load.ts';

export type { Crypto, Keccak256, Secp256k1 } from './crypto.ts';

/**
 * Curve operations of libsecp256k1, keccak-256 in WebAssembly.
 *
 * If the binding of libsecp256k1 (the optional dependency `secp256k1`) cannot be loaded, the curve operations are those
 * of noble. Node.js then emits one warning with code `DEVP2P_NO_LIBSECP256K1` at the first import of this module. Other
 * platforms have no such binding, so there is no warning.
 */
export const fastCrypto: Crypto = { secp256k1, keccak256, createKeccak256 };
