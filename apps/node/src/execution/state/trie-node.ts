import { bytesOfKey, keyOf, writeKey } from './keys.ts';

/**
 * A stored node of a Merkle Patricia trie, with one character per byte: such a string takes no memory outside the
 * JavaScript heap, and no more than its content. A record is a branch together with the extension above it, under the
 * path at which the extension begins:
 *
 *     length of the extension's path in nibbles (1 byte)
 *     bit i: child i is a leaf (2 bytes)
 *     path of the extension, two nibbles a byte
 *     keys of the leaves among the children, 32 bytes each
 *     RLP of the branch
 *
 * Leaves have no records: their keys are in the parent and their values in the flat state, so that a new value of an
 * account changes no more than the branches above it. A trie of one leaf has a record of 0xff and the key.
 */
export type TrieNode = string;

const leafMark = 0xff;
const keyLength = 32;
const headerLength = 3;
/** Header, extension, 16 keys, and a list of 16 hashes and an empty string. */
export const maxNodeLength: number = headerLength + 32 + 16 * keyLength + 3 + 16 * 33 + 1;
/** An RLP empty string: an absent child. */
export const emptyString = 0x80;

/** Nibble `i` of a key. */
export function nibbleOf(key: string, i: number): number {
  const byte = key.charCodeAt(i >> 1);
  return (i & 1) === 0 ? byte >> 4 : byte & 15;
}

const nibbles = Array.from({ length: 16 }, (_, nibble) => String.fromCharCode(nibble));

/** A nibble as a character of a path. */
export function pathNibble(nibble: number): string {
  return nibbles[nibble] as string;
}

const scratch = new Uint8Array(maxNodeLength);

/** The record of a trie with one leaf. */
export function singleLeaf(key: string): TrieNode {
  scratch[0] = leafMark;
  writeKey(scratch, 1, key);
  return keyOf(scratch, 0, 1 + keyLength);
}

/** The key of a {@link singleLeaf}; `undefined` for a branch. */
export function singleLeafKey(node: TrieNode): string | undefined {
  return node.charCodeAt(0) === leafMark ? node.slice(1) : undefined;
}

export function extensionLength(node: TrieNode): number {
  return node.charCodeAt(0);
}

export function leafMask(node: TrieNode): number {
  return (node.charCodeAt(1) << 8) | node.charCodeAt(2);
}

/** Nibble `i` of the extension. */
export function extensionNibble(node: TrieNode, i: number): number {
  const byte = node.charCodeAt(headerLength + (i >> 1));
  return (i & 1) === 0 ? byte >> 4 : byte & 15;
}

/** The extension's path as characters, from nibble `from` on. */
export function extensionPath(node: TrieNode, from = 0): string {
  let path = '';
  for (let i = from; i < extensionLength(node); i++) path += pathNibble(extensionNibble(node, i));
  return path;
}

function keysOffset(node: TrieNode): number {
  return headerLength + ((extensionLength(node) + 1) >> 1);
}

function countBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Where the branch's RLP begins. */
export function branchOffset(node: TrieNode): number {
  return keysOffset(node) + keyLength * countBits(leafMask(node));
}

/** The key of the leaf that is child `index`. */
export function leafKey(node: TrieNode, index: number): string {
  const before = countBits(leafMask(node) & ((1 << index) - 1));
  const start = keysOffset(node) + keyLength * before;
  return node.slice(start, start + keyLength);
}

/** Where the branch's first child begins. */
export function childrenOffset(node: TrieNode): number {
  const start = branchOffset(node);
  const prefix = node.charCodeAt(start);
  return start + (prefix < 0xf8 ? 1 : prefix - 0xf7 + 1);
}

/** Length of the child that begins at `offset`: an empty string, a hash or an embedded node. */
export function childLength(node: TrieNode, offset: number): number {
  const prefix = node.charCodeAt(offset);
  return prefix < 0xc0 ? prefix - 0x80 + 1 : prefix - 0xc0 + 1;
}

/** A child of a branch. */
export interface Child {
  /** Its hash, or an embedded node of less than 32 bytes. */
  readonly ref: Uint8Array;
  /** The key of a leaf; absent for a branch. */
  readonly key?: string;
}

/** All children of a branch. */
export function childrenOf(node: TrieNode): (Child | undefined)[] {
  const mask = leafMask(node);
  const children: (Child | undefined)[] = [];
  let offset = childrenOffset(node);
  for (let i = 0; i < 16; i++) {
    const length = childLength(node, offset);
    if (length === 1) children.push(undefined);
    else {
      const ref = bytesOfKey(childRef(node, offset, length));
      children.push(((mask >> i) & 1) === 1 ? { ref, key: leafKey(node, i) } : { ref });
    }
    offset += length;
  }
  return children;
}

/** The hash of the child at an offset, or the embedded node. */
export function childRef(node: TrieNode, offset: number, length: number): string {
  return node.slice(length === 33 ? offset + 1 : offset, offset + length);
}

/** Encodes a branch with the extension above it. @param extension its path, one nibble per character */
export function encodeBranch(extension: string, children: readonly (Child | undefined)[]): TrieNode {
  let mask = 0;
  // The value, which no branch of a trie with keys of one length has.
  let payload = 1;
  let at = writeExtension(extension);
  for (let i = 0; i < 16; i++) {
    const child = children[i];
    if (child === undefined) {
      payload++;
      continue;
    }
    payload += child.ref.length === 32 ? 33 : child.ref.length;
    if (child.key === undefined) continue;
    mask |= 1 << i;
    writeKey(scratch, at, child.key);
    at += keyLength;
  }
  scratch[1] = mask >> 8;
  scratch[2] = mask & 0xff;
  if (payload < 56) scratch[at++] = 0xc0 + payload;
  else if (payload < 0x100) {
    scratch[at++] = 0xf8;
    scratch[at++] = payload;
  } else {
    scratch[at++] = 0xf9;
    scratch[at++] = payload >> 8;
    scratch[at++] = payload & 0xff;
  }
  for (let i = 0; i < 16; i++) {
    const child = children[i];
    if (child === undefined) scratch[at++] = emptyString;
    else {
      if (child.ref.length === 32) scratch[at++] = emptyString + 32;
      scratch.set(child.ref, at);
      at += child.ref.length;
    }
  }
  scratch[at++] = emptyString;
  return keyOf(scratch, 0, at);
}

/** Writes the length and the path of an extension. @returns the end */
function writeExtension(extension: string): number {
  const { length } = extension;
  scratch[0] = length;
  let at = headerLength;
  for (let i = 0; i < length; i += 2) {
    const low = i + 1 < length ? extension.charCodeAt(i + 1) : 0;
    scratch[at++] = (extension.charCodeAt(i) << 4) | low;
  }
  return at;
}

/** The node with another extension. @param extension one nibble per character */
export function withExtension(node: TrieNode, extension: string): TrieNode {
  const at = writeExtension(extension);
  scratch[1] = node.charCodeAt(1);
  scratch[2] = node.charCodeAt(2);
  const rest = node.slice(keysOffset(node));
  writeKey(scratch, at, rest);
  return keyOf(scratch, 0, at + rest.length);
}

/** Whether the lengths in a record from the database fit its size. */
export function isTrieNode(node: TrieNode): boolean {
  const first = node.charCodeAt(0);
  if (first === leafMark) return node.length === 1 + keyLength;
  if (first > 63 || node.length < headerLength || node.length > maxNodeLength) return false;
  const mask = leafMask(node);
  let at = branchOffset(node);
  const prefix = node.charCodeAt(at);
  let payload = 0;
  if (prefix >= 0xc0 && prefix < 0xf8) payload = prefix - 0xc0;
  else if (prefix === 0xf8 || prefix === 0xf9) {
    for (let i = 0; i < prefix - 0xf7; i++) payload = payload * 0x100 + node.charCodeAt(at + 1 + i);
  } else return false;
  at = childrenOffset(node);
  if (at + payload !== node.length) return false;
  for (let i = 0; i < 16; i++) {
    const child = node.charCodeAt(at);
    const isChild = child === emptyString || child === emptyString + 32 || (child > 0xc0 && child < 0xc0 + 31);
    if (!isChild || (child === emptyString && ((mask >> i) & 1) === 1)) return false;
    at += childLength(node, at);
  }
  return at === node.length - 1 && node.charCodeAt(at) === emptyString;
}
