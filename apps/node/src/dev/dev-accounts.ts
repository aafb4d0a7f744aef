import { createHmac, pbkdf2Sync } from 'node:crypto';
import { concatBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { accountAddress } from '@devp2p/eth';

/** An account with a public key pair: its private key is well known. */
export interface DevAccount {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** The mnemonic of Hardhat, Anvil and other development chains. */
const mnemonic = 'test test test test test test test test test test test junk';
const hardened = 0x8000_0000;
/** `m/44'/60'/0'/0`: Ethereum's accounts (BIP-44). */
const path = [44 + hardened, 60 + hardened, hardened, 0];
/** Order of secp256k1. */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** A private key from which others are derived (BIP-32). */
interface ExtendedKey {
  readonly privateKey: Uint8Array;
  readonly chainCode: Uint8Array;
}

/**
 * The first accounts of the well-known mnemonic `test test … junk`, which wallets and tools for development know as well.
 * Their keys are public.
 */
export function devAccounts(count: number, crypto: Crypto): readonly DevAccount[] {
  const seed = pbkdf2Sync(mnemonic, 'mnemonic', 2048, 64, 'sha512');
  const parent = path.reduce(
    (key, index) => derive(key, index, crypto),
    split(hmac(Buffer.from('Bitcoin seed'), seed)),
  );
  return Array.from({ length: count }, (_, index) => {
    const { privateKey } = derive(parent, index, crypto);
    return { privateKey, address: accountAddress(crypto.secp256k1.publicKey(privateKey), crypto) };
  });
}

function derive({ privateKey, chainCode }: ExtendedKey, index: number, { secp256k1 }: Crypto): ExtendedKey {
  const suffix = new Uint8Array(4);
  new DataView(suffix.buffer).setUint32(0, index);
  const prefix =
    index >= hardened ? concatBytes(Uint8Array.of(0), privateKey) : secp256k1.compress(secp256k1.publicKey(privateKey));
  const child = split(hmac(chainCode, concatBytes(prefix, suffix)));
  // A sum of 0, or a summand above the order, occurs once in 2 ** 127 indexes.
  const sum = (toInteger(child.privateKey) + toInteger(privateKey)) % order;
  return { privateKey: fromInteger(sum), chainCode: child.chainCode };
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha512', key).update(data).digest());
}

function split(bytes: Uint8Array): ExtendedKey {
  return { privateKey: bytes.slice(0, 32), chainCode: bytes.slice(32) };
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function fromInteger(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}
