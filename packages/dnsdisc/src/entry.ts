import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { type Enr, formatEnr, parseEnr } from '@devp2p/enr';
import { base32nopad, base64urlnopad } from '@scure/base';
import { DnsdiscError, quote } from './error.ts';
import {
  type CryptoOptions,
  readTreeUrl,
  TREE_SCHEME,
  type TreeUrl,
  writeTreeUrl,
} from './tree-url.ts';

/** The entry at the domain itself, which signs all others through their hashes. */
export interface Root {
  /** Hash of the entry with which the records begin. */
  readonly enrRoot: string;
  /** Hash of the entry with which the links to other lists begin. */
  readonly linkRoot: string;
  /** Goes up with every change of the tree; 64 bits. */
  readonly seq: bigint;
  /** 65 bytes: r, s and the recovery id, which nobody looks at. */
  readonly signature: Uint8Array;
}

/** An entry below the root, found under its own hash. */
export type Entry =
  | { readonly type: 'branch'; readonly children: readonly string[] }
  | { readonly type: 'link'; readonly url: TreeUrl }
  | { readonly type: 'enr'; readonly enr: Enr };

/**
 * The most characters of an entry. EIP-1459 wants a DNS answer to fit into a UDP message without extensions, and that
 * has 512 bytes (RFC 1035, 2.3.4).
 */
export const MAX_ENTRY_LENGTH = 512;

const ROOT_PREFIX = 'enrtree-root:v1';
const BRANCH_PREFIX = 'enrtree-branch:';
const ENR_PREFIX = 'enr:';

const ROOT = /^enrtree-root:v1 e=([^ ]*) l=([^ ]*) seq=([^ ]*) sig=([^ ]*)$/;

/** Bytes of a hash that we make; EIP-1459's own examples have as many. */
const HASH_LENGTH = 16;
/** Bytes of the shortest hash that is taken, as in go-ethereum (`minHashLength`). */
const MIN_HASH_LENGTH = 12;
const MAX_HASH_LENGTH = 32;

const MAX_SEQ = 2n ** 64n - 1n;

/** Whether a TXT record claims to be a root. Names may have others that mean nothing to us. */
export function looksLikeRoot(text: string): boolean {
  return text.startsWith(ROOT_PREFIX);
}

/** Whether a TXT record claims to be an entry below the root. */
export function looksLikeEntry(text: string): boolean {
  return [BRANCH_PREFIX, TREE_SCHEME, ENR_PREFIX].some((prefix) => text.startsWith(prefix));
}

/** @throws DnsdiscError; whether the signature fits is {@link verifyRoot}'s to say. */
export function parseRoot(text: string): Root {
  checkLength(text);
  const [, enrRoot, linkRoot, seq, signature] = ROOT.exec(text) ?? [];
  if (
    enrRoot === undefined ||
    linkRoot === undefined ||
    seq === undefined ||
    signature === undefined
  ) {
    throw new DnsdiscError('malformed', `not ${ROOT_PREFIX} e= l= seq= sig=: ${quote(text)}`);
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
 * Completes a root with its signature.
 *
 * @throws DnsdiscError `invalid-seq`; CryptoError for what is no private key.
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

/** Whether the root was signed with the private key of `publicKey` (64 bytes). */
export function verifyRoot(
  root: Root,
  publicKey: Uint8Array,
  { crypto = nobleCrypto }: CryptoOptions = {},
): boolean {
  const hash = keccak256(signedText(root), crypto);
  return crypto.secp256k1.verify(root.signature.subarray(0, 64), hash, publicKey);
}

/** @throws DnsdiscError that quotes the part at fault. */
export function parseEntry(text: string, options: CryptoOptions = {}): Entry {
  checkLength(text);
  if (text.startsWith(BRANCH_PREFIX)) {
    const list = text.slice(BRANCH_PREFIX.length);
    return { type: 'branch', children: list === '' ? [] : list.split(',').map(checkHash) };
  }
  if (text.startsWith(TREE_SCHEME)) return { type: 'link', url: readTreeUrl(text, options) };
  if (text.startsWith(ENR_PREFIX)) return { type: 'enr', enr: parseRecord(text, options) };
  throw new DnsdiscError('unknown-entry', `neither branch, link nor record: ${quote(text)}`);
}

export function formatEntry(entry: Entry, options: CryptoOptions = {}): string {
  switch (entry.type) {
    case 'branch':
      return BRANCH_PREFIX + entry.children.join(',');
    case 'link':
      return writeTreeUrl(entry.url, options);
    case 'enr':
      return formatEnr(entry.enr);
  }
}

/** The name under which an entry is found: base32 of the first 16 bytes of its Keccak-256, 26 characters. */
export function entryHash(text: string, { crypto = nobleCrypto }: CryptoOptions = {}): string {
  return base32nopad.encode(keccak256(text, crypto).subarray(0, HASH_LENGTH));
}

/** Whether `text` is what a hash of 12 to 32 bytes stands for. */
export function hashMatches(
  hash: string,
  text: string,
  { crypto = nobleCrypto }: CryptoOptions = {},
): boolean {
  const { length } = base32nopad.decode(hash);
  return base32nopad.encode(keccak256(text, crypto).subarray(0, length)) === hash;
}

/** The part of a root that its signature is over. */
function signedText({ enrRoot, linkRoot, seq }: Omit<Root, 'signature'>): string {
  return `${ROOT_PREFIX} e=${enrRoot} l=${linkRoot} seq=${seq}`;
}

function checkSeq(seq: bigint): bigint {
  if (seq >= 0n && seq <= MAX_SEQ) return seq;
  throw new DnsdiscError('invalid-seq', `sequence number does not fit 64 bits: ${seq}`);
}

function parseSeq(text: string): bigint {
  if (/^(0|[1-9]\d{0,19})$/.test(text)) return checkSeq(BigInt(text));
  throw new DnsdiscError('invalid-seq', `no canonical sequence number: ${quote(text)}`);
}

function parseSignature(text: string): Uint8Array {
  try {
    const signature = base64urlnopad.decode(text);
    if (signature.length === 65) return signature;
  } catch {
    // Refused below, like one of another length.
  }
  throw new DnsdiscError('invalid-signature', `no base64url of 65 bytes: ${quote(text)}`);
}

function checkHash(text: string): string {
  try {
    const { length } = base32nopad.decode(text);
    if (length >= MIN_HASH_LENGTH && length <= MAX_HASH_LENGTH) return text;
  } catch {
    // Refused below, like one of another length.
  }
  throw new DnsdiscError('invalid-hash', `no base32 of 12 to 32 bytes: ${quote(text)}`);
}

function parseRecord(text: string, options: CryptoOptions): Enr {
  try {
    return parseEnr(text, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'refused';
    throw new DnsdiscError('invalid-record', `${reason}: ${quote(text)}`, { cause });
  }
}

function checkLength(text: string): void {
  if (text.length <= MAX_ENTRY_LENGTH) return;
  throw new DnsdiscError(
    'too-large',
    `entry of ${text.length} characters, more than ${MAX_ENTRY_LENGTH}: ${quote(text)}`,
  );
}

function keccak256(text: string, crypto: Crypto): Uint8Array {
  return crypto.keccak256(new TextEncoder().encode(text));
}
