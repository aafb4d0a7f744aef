import type { Hasher } from '@devp2p/eth';
import { keyOf, writeKey } from './keys.ts';
import type { TrieSource, WriteValue } from './trie.ts';
import { commonNibbles, scratchLength, writeExtensionNode, writeLeaf } from './trie-hash.ts';
import {
  branchOffset,
  childLength,
  childRef,
  childrenOffset,
  extensionLength,
  extensionPath,
  leafKey,
  leafMask,
  nibbleOf,
  pathNibble,
  singleLeafKey,
} from './trie-node.ts';

/** Encoded nodes from the root of a trie on. */
export type TrieProof = readonly Uint8Array[];

/**
 * Collects the nodes on the path to a key, which prove its value, or that it is absent. Nodes that are embedded in
 * others have no elements of their own; a trie without entries has the empty proof.
 *
 * @param key 32 bytes
 */
export function proveKey<V>(source: TrieSource<V>, key: string, writeValue: WriteValue<V>, hasher: Hasher): TrieProof {
  const proof: Uint8Array[] = [];
  const add = (encoded: Uint8Array): void => {
    if (proof.length === 0 || encoded.length >= 32) proof.push(encoded.slice());
  };
  const scratch = new Uint8Array(scratchLength);
  const addLeaf = (leaf: string, depth: number): TrieProof => {
    const value = new Uint8Array(scratchLength);
    const length = writeValue(value, 0, source.value(leaf));
    add(scratch.subarray(0, writeLeaf(scratch, leaf, depth, value, length)));
    return proof;
  };
  if (source.root === undefined) return proof;
  let path = source.prefix;
  let ref = keyOf(source.root);
  for (let depth = 0; ; ) {
    const node = source.node(path, ref);
    const single = singleLeafKey(node);
    if (single !== undefined) return addLeaf(single, 0);
    writeKey(scratch, 0, node);
    const branch = scratch.slice(branchOffset(node), node.length);
    const length = extensionLength(node);
    if (length > 0) {
      const branchRef = branch.length < 32 ? branch : hasher.keccak256(branch);
      add(scratch.subarray(0, writeExtensionNode(scratch, node, branchRef)));
      if (commonNibbles(node, key, depth, length) < length) return proof;
    }
    add(branch);
    depth += length;
    const nibble = nibbleOf(key, depth++);
    let offset = childrenOffset(node);
    for (let i = 0; i < nibble; i++) offset += childLength(node, offset);
    const size = childLength(node, offset);
    if (size === 1) return proof;
    if (((leafMask(node) >> nibble) & 1) === 1) return addLeaf(leafKey(node, nibble), depth);
    path += extensionPath(node) + pathNibble(nibble);
    ref = childRef(node, offset, size);
  }
}
