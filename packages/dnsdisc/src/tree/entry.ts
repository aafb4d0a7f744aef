import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { type Enr, formatEnr, parseEnr } from '@devp2p/enr';
import { base32nopad, base64urlnopad } from '@scure/base';
import { DnsdiscError, quote } from '../error.ts';
import { type CryptoOptions, readTreeUrl, type TreeUrl, treeScheme, writeTreeUrl } from './tree-url.ts';

/** Entry at the domain of a tree. It signs all other entries through their hashes. */
export interface Root {
  /** Hash of the first entry of the records. */
  readonly enrRoot: string;
  /** Hash of the first entry of the links to other lists. */
  readonly linkRoot: string;
  /** Sequence number, which grows with each change of the tree; 64 bits. */
  readonly seq: bigint;
  /** 65 bytes: r, s and the recovery id, which is not used. */
  readonly signature: Uint8Array;
}

/** Entry below the root. Its DNS name is its hash. */
export type Entry =
  | { readonly type: 'branch'; readonly children: readonly string[] }
  | { readonly type: 'link'; readonly url: TreeUrl }
  | { readonly type: 'enr'; readonly enr: Enr };

/**
 * Longest entry in characters. EIP-1459 requires that a DNS response fits into a UDP message without extensions, which
 * has 512 bytes (RFC 1035, 2.3.4).
 */
export const maxEntryLength = 512;

const rootPrefix = 'enrtree-root:v1';
const branchPrefix = 'enrtree-branch:';
const enrPrefix = 'enr:';

const rootPattern = /^enrtree-root:v1 e=([^ ]*) l=([^ ]*) seq=([^ ]*) sig=([^ ]*)$/;

/** Length of created hashes in bytes, as in the examples of EIP-1459. */
const hashLength = 16;
/** Length of the shortest valid hash in bytes, as go-ethereum (`minHashLength`). */
const minHashLength = 12;
const maxHashLength = 32;

const maxSeq = 2n ** 64n - 1n;

/** Whether a TXT record has the prefix of a root. A name may have TXT records for other purposes. */
export function looksLikeRoot(text: string): boolean {
  return text.startsWith(rootPrefix);
}

/** Whether a TXT record has the prefix of an entry below the root. */
export function looksLikeEntry(text: string): boolean {
  return [branchPrefix, treeScheme, enrPrefix].some((prefix) => text.startsWith(prefix));
}

/** Parses a root without verifying its signature: see {@link verifyRoot}. @throws DnsdiscError */
export function parseRoot(text: string): Root {
  checkLength(text);
  const [, enrRoot, linkRoot, seq, signature] = rootPattern.exec(text) ?? [];
  if (enrRoot === undefined || linkRoot === undefined || seq === undefined || signature === undefined) {
    throw new DnsdiscError('malformed', `invalid root, expected ${rootPrefix} e= l= seq= sig=: ${quote(text)}`);
  }
  return {
    enrRoot: checkHash(enrRoot),
    linkRoot: checkHash(linkRoot),
    seq: parseSeq(seq),
    signature: parseSignature(signature),
  };
}

export function formatRoot(root: Root): string {
  return `${signedText(root)} sig=${base64urlnopad.encode(root.signature)}`;
}

/**
 * Signs a root.
 *
 * @throws DnsdiscError `invalid-seq`; CryptoError for an invalid private key
 */
export function signRoot(
  content: Omit<Root, 'signature'>,
  privateKey: Uint8Array,
  { crypto = nobleCrypto }: CryptoOptions = {},
): Root {
  checkSeq(content.seq);
  const hash = keccak256(signedText(content), crypto);
  return { ...content, signature: crypto.secp256k1.sign(hash, privateKey) };
}

/** Verifies the signature of a root. `publicKey` has 64 bytes. */
export function verifyRoot(root: Root, publicKey: Uint8Array, { crypto = nobleCrypto }: CryptoOptions = {}): boolean {
  const hash = keccak256(signedText(root), crypto);
  return crypto.secp256k1.verify(root.signature.subarray(0, 64), hash, publicKey);
}

/** Parses an entry below the root. @throws DnsdiscError with the invalid part in the message */
export function parseEntry(text: string, options: CryptoOptions = {}): Entry {
  checkLength(text);
  if (text.startsWith(branchPrefix)) {
    const list = text.slice(branchPrefix.length);
    return { type: 'branch', children: list === '' ? [] : list.split(',').map(checkHash) };
  }
  if (text.startsWith(treeScheme)) return { type: 'link', url: readTreeUrl(text, options) };
  if (text.startsWith(enrPrefix)) return { type: 'enr', enr: parseRecord(text, options) };
  throw new DnsdiscError('unknown-entry', `unknown entry type: ${quote(text)}`);
}

export function formatEntry(entry: Entry, options: CryptoOptions = {}): string {
  switch (entry.type) {
    case 'branch':
      return branchPrefix + entry.children.join(',');
    case 'link':
      return writeTreeUrl(entry.url, options);
    case 'enr':
      return formatEnr(entry.enr);
  }
}

/** Returns the DNS label of an entry: base32 of the first 16 bytes of its Keccak-256, 26 characters. */
export function entryHash(text: string, { crypto = nobleCrypto }: CryptoOptions = {}): string {
  return base32nopad.encode(keccak256(text, crypto).subarray(0, hashLength));
}

/** Whether a text has a hash of 12 to 32 bytes. */
export function hashMatches(hash: string, text: string, { crypto = nobleCrypto }: CryptoOptions = {}): boolean {
  const { length } = base32nopad.decode(hash);
  return base32nopad.encode(keccak256(text, crypto).subarray(0, length)) === hash;
}

/** Returns the signed part of a root. */
function signedText({ enrRoot, linkRoot, seq }: Omit<Root, 'signature'>): string {
  return `${rootPrefix} e=${enrRoot} l=${linkRoot} seq=${seq}`;
}

function checkSeq(seq: bigint): bigint {
  if (seq >= 0n && seq <= maxSeq) return seq;
  throw new DnsdiscError('invalid-seq', `sequence number ${seq} does not fit 64 bits`);
}

function parseSeq(text: string): bigint {
  if (/^(0|[1-9]\d{0,19})$/.test(text)) return checkSeq(BigInt(text));
  throw new DnsdiscError('invalid-seq', `invalid sequence number: ${quote(text)}`);
}

function parseSignature(text: string): Uint8Array {
  try {
    const signature = base64urlnopad.decode(text);
    if (signature.length === 65) return signature;
  } catch {
    // Reported below, like a wrong length.
  }
  throw new DnsdiscError('invalid-signature', `signature is not base64url of 65 bytes: ${quote(text)}`);
}

function checkHash(text: string): string {
  try {
    const { length } = base32nopad.decode(text);
    if (length >= minHashLength && length <= maxHashLength) return text;
  } catch {
    // Reported below, like a wrong length.
  }
  throw new DnsdiscError('invalid-hash', `hash is not base32 of 12 to 32 bytes: ${quote(text)}`);
}

function parseRecord(text: string, { crypto }: CryptoOptions): Enr {
  try {
    return parseEnr(text, { crypto });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DnsdiscError('invalid-record', `invalid record ${quote(text)}: ${reason}`, { cause });
  }
}

function checkLength(text: string): void {
  if (text.length <= maxEntryLength) return;
  throw new DnsdiscError(
    'too-large',
    `entry of ${text.length} characters is above the limit of ${maxEntryLength}: ${quote(text)}`,
  );
}

function keccak256(text: string, crypto: Crypto): Uint8Array {
  return crypto.keccak256(new TextEncoder().encode(text));
}
