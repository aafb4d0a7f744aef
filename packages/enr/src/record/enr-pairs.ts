import { equalBytes } from '@devp2p/bytes';
import { formatIp, parseIp } from '@devp2p/ip';
import { bigint, bytes, type Codec, decode, encode, map, struct, uint, validate } from '@devp2p/rlp';
import { EnrError } from './enr-error.ts';

/** The `eth` entry of a record (EIP-2364): fork id of the node. */
export interface EthEntry {
  /** Fork hash of EIP-2124, 4 bytes. */
  hash: Uint8Array;
  /** Block number or timestamp of the next fork that the node supports, 64 bits; 0 without one. */
  next: bigint;
}

/** Entries of a record that this package can encode and decode. */
export interface EnrEntries {
  /** IPv4 address. */
  ip: string;
  /** RLPx port. */
  tcp: number;
  /** Discovery port. */
  udp: number;
  /** IPv6 address. */
  ip6: string;
  /** RLPx port for IPv6, if it differs. */
  tcp6: number;
  /** Discovery port for IPv6, if it differs. */
  udp6: number;
  eth: EthEntry;
}

/**
 * Keys and values of a record. Each byte of a key is one character (Latin-1), so that ASCII keys are readable and strings
 * sort like the bytes. Values are complete RLP encodings.
 */
export type Pairs = Map<string, Uint8Array>;

function ipAddress(length: 4 | 16): Codec<string> {
  return map(bytes(length), formatIp, (text) => {
    const ip = parseIp(text);
    if (ip?.length !== length) throw new RangeError(`not an IPv${length === 4 ? 4 : 6} address`);
    return ip;
  });
}

/** `[[hash, next], …]`: items after the first are reserved for later versions of the entry. */
const ethEntry: Codec<EthEntry> = map(
  struct({ fork: struct({ hash: bytes(4), next: bigint(64) }) }, { extra: 'ignore' }),
  ({ fork }) => fork,
  (fork) => ({ fork }),
);

const entryCodecs: { readonly [K in keyof EnrEntries]: Codec<EnrEntries[K]> } = {
  ip: ipAddress(4),
  tcp: uint(16),
  udp: uint(16),
  ip6: ipAddress(16),
  tcp6: uint(16),
  udp6: uint(16),
  eth: ethEntry,
};

/** Names of {@link EnrEntries}. */
export const entryKeys = Object.keys(entryCodecs) as readonly (keyof EnrEntries)[];

/** Compressed public key. */
const compressedKey = bytes(33);

export function readEntry<K extends keyof EnrEntries>(key: K, value: Uint8Array): EnrEntries[K] {
  return orInvalid(key, () => decode(entryCodecs[key], value));
}

export function writeEntry<K extends keyof EnrEntries>(key: K, value: EnrEntries[K]): Uint8Array {
  return orInvalid(key, () => encode(entryCodecs[key], value));
}

/**
 * Checks that a value is one item of canonical RLP, and validates entries that EIP-778 defines. One invalid entry makes
 * the whole record invalid.
 *
 * @throws EnrError `invalid-value`
 */
export function checkPair(key: string, value: Uint8Array): void {
  if (isEntryKey(key) && key !== 'eth') readEntry(key, value);
  else orInvalid(key, () => validate(value));
}

function isEntryKey(key: string): key is keyof EnrEntries {
  return Object.hasOwn(entryCodecs, key);
}

/** Whether a key belongs to the identity scheme. */
export function isIdentityKey(key: string): boolean {
  return key === 'id' || key === 'secp256k1';
}

/** Returns the pairs of the v4 identity scheme. */
export function identityPairs(compressed: Uint8Array): [string, Uint8Array][] {
  return [
    ['id', v4.slice()],
    ['secp256k1', encode(compressedKey, compressed)],
  ];
}

/**
 * Returns the compressed public key in a record of the v4 identity scheme.
 *
 * @throws EnrError `unknown-identity`, `invalid-value`
 */
export function readIdentity(pairs: Pairs): Uint8Array {
  if (!isV4(pairs.get('id'))) {
    throw new EnrError('unknown-identity', 'identity scheme is missing or not "v4"', { key: 'id' });
  }
  const publicKey = pairs.get('secp256k1');
  if (!publicKey) throw new EnrError('invalid-value', 'record has no public key', { key: 'secp256k1' });
  return orInvalid('secp256k1', () => decode(compressedKey, publicKey));
}

/** RLP of "v4". */
const v4 = Uint8Array.of(0x82, 0x76, 0x34);

function isV4(value: Uint8Array | undefined): boolean {
  return value !== undefined && equalBytes(value, v4);
}

function orInvalid<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'invalid';
    throw new EnrError('invalid-value', `value of ${quote(key)}: ${why}`, { key, cause });
  }
}

/** Quotes a key for a message: escaped, and cut after 32 characters. */
export function quote(key: string): string {
  return JSON.stringify(key.length > 32 ? `${key.slice(0, 32)}…` : key);
}
