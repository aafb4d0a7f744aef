import type { Hasher } from '@devp2p/eth';
import { writeKey } from './keys.ts';
import {
  branchOffset,
  emptyString,
  extensionLength,
  extensionNibble,
  maxNodeLength,
  nibbleOf,
  type TrieNode,
} from './trie-node.ts';

/** Room for a node, or for a leaf: prefixes, a path of 33 bytes and a value. */
export const scratchLength: number = maxNodeLength;

/**
 * The hash of a stored node, or the node itself where it is shorter than that.
 *
 * @param scratch room of {@link scratchLength}
 */
export function branchRef(node: TrieNode, hasher: Hasher, scratch: Uint8Array): Uint8Array {
  writeKey(scratch, 0, node);
  return writtenRef(node, hasher, scratch);
}

/** @see branchRef @param scratch the node's bytes */
export function writtenRef(node: TrieNode, hasher: Hasher, scratch: Uint8Array): Uint8Array {
  const branch = scratch.subarray(branchOffset(node), node.length);
  const ref = branch.length < 32 ? branch.slice() : hasher.keccak256(branch);
  if (extensionLength(node) === 0) return ref;
  const encoded = scratch.subarray(0, writeExtensionNode(scratch, node, ref));
  return encoded.length < 32 ? encoded.slice() : hasher.keccak256(encoded);
}

/** Writes the extension above a branch. @param ref of the branch @returns the end */
export function writeExtensionNode(scratch: Uint8Array, node: TrieNode, ref: Uint8Array): number {
  const length = extensionLength(node);
  const pathLength = (length >> 1) + 1;
  const refLength = ref.length === 32 ? 33 : ref.length;
  let at = writeListPrefix(scratch, pathLength + (pathLength > 1 ? 1 : 0) + refLength);
  if (pathLength > 1) scratch[at++] = emptyString + pathLength;
  let i = 0;
  if ((length & 1) === 1) scratch[at++] = 0x10 | extensionNibble(node, i++);
  else scratch[at++] = 0;
  for (; i < length; i += 2) scratch[at++] = (extensionNibble(node, i) << 4) | extensionNibble(node, i + 1);
  if (ref.length === 32) scratch[at++] = emptyString + 32;
  scratch.set(ref, at);
  return at + ref.length;
}

/**
 * Writes the leaf of a key, of whose nibbles `depth` are in the path above.
 *
 * @param value RLP of its value, of `valueLength` bytes
 * @returns the end
 */
export function writeLeaf(out: Uint8Array, key: string, depth: number, value: Uint8Array, valueLength: number): number {
  const pathLength = ((64 - depth) >> 1) + 1;
  const isByte = valueLength === 1 && (value[0] as number) < emptyString;
  const valueItem = isByte ? 1 : valueLength < 56 ? valueLength + 1 : valueLength + 2;
  let at = writeListPrefix(out, pathLength + (pathLength > 1 ? 1 : 0) + valueItem);
  if (pathLength > 1) out[at++] = emptyString + pathLength;
  let i = depth >> 1;
  if ((depth & 1) === 1) out[at++] = 0x30 | (key.charCodeAt(i++) & 15);
  else out[at++] = 0x20;
  for (; i < 32; i++) out[at++] = key.charCodeAt(i);
  if (!isByte) {
    if (valueLength >= 56) out[at++] = 0xb8;
    out[at++] = valueLength < 56 ? emptyString + valueLength : valueLength;
  }
  for (let j = 0; j < valueLength; j++) out[at++] = value[j] as number;
  return at;
}

/** Writes the prefix of a list of less than 256 bytes at the start. @returns its length */
function writeListPrefix(out: Uint8Array, length: number): number {
  if (length < 56) {
    out[0] = 0xc0 + length;
    return 1;
  }
  out[0] = 0xf8;
  out[1] = length;
  return 2;
}

/** Nibbles of the extension that a key has from `depth` on, up to `limit`. */
export function commonNibbles(node: TrieNode, key: string, depth: number, limit: number): number {
  let i = 0;
  while (i < limit && extensionNibble(node, i) === nibbleOf(key, depth + i)) i++;
  return i;
}
