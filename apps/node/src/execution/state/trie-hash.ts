import type { Hasher } from '@devp2p/eth';
import { writeKey } from './keys.ts';
import {
  branchOffset,
  emptyString,
  extensionLength,
  extensionNibble,
  maxNodeLength,
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
  const length = extensionLength(node);
  if (length === 0) return ref;
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
  const encoded = scratch.subarray(0, at + ref.length);
  return encoded.length < 32 ? encoded.slice() : hasher.keccak256(encoded);
}

/** Writes the prefix of a list of less than 256 bytes at the start. @returns its length */
export function writeListPrefix(out: Uint8Array, length: number): number {
  if (length < 56) {
    out[0] = 0xc0 + length;
    return 1;
  }
  out[0] = 0xf8;
  out[1] = length;
  return 2;
}
