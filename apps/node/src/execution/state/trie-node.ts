import { keyOf, writeKey } from './keys.ts';

/**
 * Stored nodes of a Merkle Patricia trie. A record is a branch together with the extension above it, under the path at
 * which the extension begins:
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
export type TrieNode = Uint8Array;

const leafMark = 0xff;
export const keyLength = 32;
const headerLength = 3;
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

/** The record of a trie with one leaf. */
export function singleLeaf(key: string): TrieNode {
  const node = new Uint8Array(1 + keyLength);
  node[0] = leafMark;
  writeKey(node, 1, key);
  return node;
}

/** The key of a {@link singleLeaf}; `undefined` for a branch. */
export function singleLeafKey(node: TrieNode): string | undefined {
  return node[0] === leafMark ? keyOf(node.subarray(1)) : undefined;
}

export function extensionLength(node: TrieNode): number {
  return node[0] as number;
}

export function leafMask(node: TrieNode): number {
  return ((node[1] as number) << 8) | (node[2] as number);
}

/** Nibble `i` of the extension. */
export function extensionNibble(node: TrieNode, i: number): number {
  const byte = node[headerLength + (i >> 1)] as number;
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
  return keyOf(node.subarray(start, start + keyLength));
}

/** Where the branch's first child begins. */
export function childrenOffset(node: TrieNode): number {
  const start = branchOffset(node);
  const prefix = node[start] as number;
  return start + (prefix < 0xf8 ? 1 : prefix - 0xf7 + 1);
}

/** Length of the child that begins at `offset`: an empty string, a hash or an embedded node. */
export function childLength(node: TrieNode, offset: number): number {
  const prefix = node[offset] as number;
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
      const ref = node.subarray(length === 33 ? offset + 1 : offset, offset + length);
      children.push(((mask >> i) & 1) === 1 ? { ref, key: leafKey(node, i) } : { ref });
    }
    offset += length;
  }
  return children;
}

/** Encodes a branch with the extension above it. @param extension its path, one nibble per character */
export function encodeBranch(extension: string, children: readonly (Child | undefined)[]): TrieNode {
  let mask = 0;
  let leaves = 0;
  // The value, which no branch of a trie with keys of one length has.
  let payload = 1;
  for (let i = 0; i < 16; i++) {
    const child = children[i];
    if (child === undefined) payload++;
    else {
      payload += child.ref.length === 32 ? 33 : child.ref.length;
      if (child.key !== undefined) {
        mask |= 1 << i;
        leaves++;
      }
    }
  }
  const packed = (extension.length + 1) >> 1;
  const prefix = payload < 56 ? 1 : payload < 0x100 ? 2 : 3;
  const node = new Uint8Array(headerLength + packed + keyLength * leaves + prefix + payload);
  node[0] = extension.length;
  node[1] = mask >> 8;
  node[2] = mask & 0xff;
  for (let i = 0; i < extension.length; i++) {
    const nibble = extension.charCodeAt(i);
    node[headerLength + (i >> 1)] = (node[headerLength + (i >> 1)] as number) | ((i & 1) === 0 ? nibble << 4 : nibble);
  }
  let at = headerLength + packed;
  for (const child of children) {
    if (child?.key === undefined) continue;
    writeKey(node, at, child.key);
    at += keyLength;
  }
  if (payload < 56) node[at++] = 0xc0 + payload;
  else if (payload < 0x100) {
    node[at++] = 0xf8;
    node[at++] = payload;
  } else {
    node[at++] = 0xf9;
    node[at++] = payload >> 8;
    node[at++] = payload & 0xff;
  }
  for (let i = 0; i < 16; i++) {
    const child = children[i];
    if (child === undefined) node[at++] = emptyString;
    else {
      if (child.ref.length === 32) node[at++] = emptyString + 32;
      node.set(child.ref, at);
      at += child.ref.length;
    }
  }
  node[at] = emptyString;
  return node;
}

/** The node with another extension. @param extension one nibble per character */
export function withExtension(node: TrieNode, extension: string): TrieNode {
  const keys = keysOffset(node);
  const start = headerLength + ((extension.length + 1) >> 1);
  const changed = new Uint8Array(start + node.length - keys);
  changed[0] = extension.length;
  changed[1] = node[1] as number;
  changed[2] = node[2] as number;
  for (let i = 0; i < extension.length; i++) {
    const at = headerLength + (i >> 1);
    const nibble = extension.charCodeAt(i);
    changed[at] = (changed[at] as number) | ((i & 1) === 0 ? nibble << 4 : nibble);
  }
  changed.set(node.subarray(keys), start);
  return changed;
}

/** Whether the lengths in a record read from the database fit its size. */
export function isTrieNode(node: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = node;
  if (first === leafMark) return node.length === 1 + keyLength;
  if (first > 63 || node.length < headerLength) return false;
  const start = headerLength + ((first + 1) >> 1) + keyLength * countBits((second << 8) | third);
  let at = start;
  const prefix = node[at] ?? 0;
  let payload = 0;
  if (prefix >= 0xc0 && prefix < 0xf8) {
    payload = prefix - 0xc0;
    at++;
  } else if (prefix === 0xf8 || prefix === 0xf9) {
    for (let i = 0; i < prefix - 0xf7; i++) payload = payload * 0x100 + (node[at + 1 + i] ?? 0);
    at += prefix - 0xf7 + 1;
  } else return false;
  if (at + payload !== node.length) return false;
  for (let i = 0; i < 16; i++) {
    const first = node[at] ?? 0;
    const isChild = first === emptyString || first === emptyString + 32 || (first > 0xc0 && first < 0xc0 + 31);
    if (!isChild) return false;
    if (first === emptyString && ((((second << 8) | third) >> i) & 1) === 1) return false;
    at += childLength(node, at);
  }
  return at === node.length - 1 && node[at] === emptyString;
}
