export type { Crypto, Keccak256, Secp256k1 } from './crypto.ts';
export { CryptoError, type CryptoErrorCode } from './error.ts';
export { nobleCrypto } from './noble.ts';
export { generatePrivateKey } from './private-key.ts';
