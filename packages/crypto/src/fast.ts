import type { Crypto } from './crypto.ts';
import { createKeccak256, keccak256 } from './fast/keccak.ts';
import { secp256k1 } from './fast/load.ts';

export type { Crypto, Keccak256, Secp256k1 } from './crypto.ts';

/**
 * Curve work by libsecp256k1, keccak-256 by WebAssembly.
 *
 * Where libsecp256k1's binding (the optional dependency `secp256k1`) cannot load, curve work is
 * noble's. Node then emits one warning with the code `DEVP2P_NO_LIBSECP256K1` when this module is
 * first imported; elsewhere, where there is no such binding, nothing is said.
 */
export const fastCrypto: Crypto = { secp256k1, keccak256, createKeccak256 };
