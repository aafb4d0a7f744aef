import { formatIp, parseIp } from '@devp2p/ip';
import {
  bigint,
  bytes,
  type Codec,
  decode,
  encode,
  map,
  struct,
  uint,
  validate,
} from '@devp2p/rlp';
import { EnrError } from './enr-error.ts';

/** The `eth` entry of a record (EIP-2364): which chain the node is on, and where on it. */
export interface EthEntry {
  /** Fork hash of EIP-2124, 4 bytes. */
  hash: Uint8Array;
  /** Block number or timestamp of the next fork that the node knows of, 64 bits; 0 for none. */
  next: bigint;
}

/** The entries of a record whose meaning this package knows. */
export interface EnrEntries {
  /** IPv4 address. */
  ip: string;
  /** RLPx port. */
  tcp: number;
  /** Discovery port. */
  udp: number;
  /** IPv6 address. */
  ip6: string;
  /** RLPx port for IPv6 where it is another. */
  tcp6: number;
  /** Discovery port for IPv6 where it is another. */
  udp6: number;
  eth: EthEntry;
}

/**
 * Keys and values of a record. A key's bytes are a character each (Latin-1), which is the text itself for ASCII and
 * makes strings sort as the bytes do; a value is its complete RLP encoding.
 */
export type Pairs = Map<string, Uint8Array>;

function ipAddress(length: 4 | 16): Codec<string> {
  return map(bytes(length), formatIp, (text) => {
    const ip = parseIp(text);
    if (ip?.length !== length) throw new RangeError(`not an IPv${length === 4 ? 4 : 6} address`);
    return ip;
  });
}

/** `[[hash, next], …]`: what follows the pair is for later versions of the entry. */
const ethEntry: Codec<EthEntry> = map(
  struct({ fork: struct({ hash: bytes(4), next: bigint(64) }) }, { extra: 'ignore' }),
  ({ fork }) => fork,
  (fork) => ({ fork }),
);

const ENTRIES: { readonly [K in keyof EnrEntries]: Codec<EnrEntries[K]> } = {
  ip: ipAddress(4),
  tcp: uint(16),
  udp: uint(16),
  ip6: ipAddress(16),
  tcp6: uint(16),
  udp6: uint(16),
  eth: ethEntry,
};

/** The names of {@link EnrEntries}. */
export const ENTRY_KEYS = Object.keys(ENTRIES) as readonly (keyof EnrEntries)[];

/** The record's own key, 33 bytes. */
const compressedKey = bytes(33);

export function readEntry<K extends keyof EnrEntries>(key: K, value: Uint8Array): EnrEntries[K] {
  return orInvalid(key, () => decode(ENTRIES[key], value));
}

export function writeEntry<K extends keyof EnrEntries>(key: K, value: EnrEntries[K]): Uint8Array {
  return orInvalid(key, () => encode(ENTRIES[key], value));
}

/**
 * Checks that a value is one item of canonical RLP, and what EIP-778 asks of an entry that it defines itself: a record
 * in which one of those is wrong is wrong as a whole.
 *
 * @throws EnrError `invalid-value`
 */
export function checkPair(key: string, value: Uint8Array): void {
  if (isEntryKey(key) && key !== 'eth') readEntry(key, value);
  else orInvalid(key, () => validate(value));
}

function isEntryKey(key: string): key is keyof EnrEntries {
  return Object.hasOwn(ENTRIES, key);
}

/** Whether the entry belongs to the identity scheme and not to the record's content. */
export function isIdentityKey(key: string): boolean {
  return key === 'id' || key === 'secp256k1';
}

/** The entries of the v4 identity scheme. */
export function identityPairs(compressed: Uint8Array): [string, Uint8Array][] {
  return [
    ['id', V4.slice()],
    ['secp256k1', encode(compressedKey, compressed)],
  ];
}

/**
 * The compressed public key in a record of the v4 identity scheme.
 *
 * @throws EnrError `unknown-identity`, `invalid-value`
 */
export function readIdentity(pairs: Pairs): Uint8Array {
  if (!isV4(pairs.get('id'))) {
    throw new EnrError('unknown-identity', 'identity scheme is missing or not "v4"', { key: 'id' });
  }
  const publicKey = pairs.get('secp256k1');
  if (!publicKey) throw new EnrError('invalid-value', 'no public key', { key: 'secp256k1' });
  return orInvalid('secp256k1', () => decode(compressedKey, publicKey));
}

/** RLP of "v4". */
const V4 = Uint8Array.of(0x82, 0x76, 0x34);

function isV4(value: Uint8Array | undefined): boolean {
  return value?.length === V4.length && V4.every((byte, i) => byte === value[i]);
}

function orInvalid<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'refused';
    throw new EnrError('invalid-value', `value of ${quote(key)}: ${why}`, { key, cause });
  }
}

/** A key for a message: escaped, and cut to a length that a log can bear. */
export function quote(key: string): string {
  return JSON.stringify(key.length > 32 ? `${key.slice(0, 32)}…` : key);
}
