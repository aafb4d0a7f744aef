import type { Hasher } from '@devp2p/eth';
import { keyOf, writeKey } from './keys.ts';
import { branchRef, commonNibbles, scratchLength, writeLeaf, writtenRef } from './trie-hash.ts';
import {
  type Child,
  childLength,
  childRef,
  childrenOf,
  childrenOffset,
  encodeBranch,
  extensionLength,
  extensionNibble,
  extensionPath,
  leafKey,
  leafMask,
  nibbleOf,
  pathNibble,
  singleLeaf,
  singleLeafKey,
  type TrieNode,
  withExtension,
} from './trie-node.ts';

/** The stored form of a trie, and the values of its leaves. */
export interface TrieSource<V> {
  /** Prefix of the paths of this trie. */
  readonly prefix: string;
  /** The root, 32 bytes; absent for an empty trie. */
  readonly root: Uint8Array | undefined;
  /**
   * The node at a path.
   *
   * @param ref its hash, or the embedded node of less than 32 bytes
   * @throws StateError `corrupt` when it is missing
   */
  node(path: string, ref: string): TrieNode;
  /** The value of a leaf before the update. @throws StateError `corrupt` when it is missing */
  value(key: string): V;
}

/** Changes of a trie. */
export interface TrieChanges<V> {
  /** Keys of 32 bytes, strictly ascending. */
  readonly keys: readonly string[];
  /** New values; absent for a removed one. */
  readonly values: readonly (V | undefined)[];
}

/** Changed nodes by their paths; `null` for a removed one. */
export type ChangedNodes = Map<string, TrieNode | null>;

/** Writes the value of a leaf. @returns the end */
export type WriteValue<V> = (out: Uint8Array, start: number, value: V) => number;

/** Result of an update below a node: the new child, `undefined` for an empty one, or {@link same}. */
type Result = Child | undefined;
/** The result of an update that changes nothing. */
const same: Child = { ref: new Uint8Array(0) };

/**
 * Updates of tries whose nodes are stored by their paths: applies sorted changes in one pass, so that each changed node
 * is encoded and hashed once.
 */
export class TrieUpdater<V> {
  readonly #hasher: Hasher;
  readonly #writeValue: WriteValue<V>;
  readonly #scratch = new Uint8Array(scratchLength);
  readonly #valueScratch = new Uint8Array(scratchLength);
  #source!: TrieSource<V>;
  #nodes!: ChangedNodes;

  constructor(hasher: Hasher, writeValue: WriteValue<V>) {
    this.#hasher = hasher;
    this.#writeValue = writeValue;
  }

  /**
   * Applies changes to a trie.
   *
   * @param nodes receives the changed nodes
   * @returns the new root, 32 bytes; `undefined` if the trie is empty afterwards
   */
  update(source: TrieSource<V>, changes: TrieChanges<V>, nodes: ChangedNodes): Uint8Array | undefined {
    this.#source = source;
    this.#nodes = nodes;
    const { prefix, root } = source;
    const end = changes.keys.length;
    if (end === 0) return root;
    let result: Result;
    if (root === undefined) result = this.#build(prefix, 0, changes, 0, end);
    else {
      const node = source.node(prefix, keyOf(root));
      const key = singleLeafKey(node);
      if (key === undefined) result = this.#updateBranch(prefix, 0, node, changes, 0, end);
      else {
        result = this.#updateLeaf(prefix, 0, key, changes, 0, end);
        if (result === undefined) nodes.set(prefix, null);
      }
    }
    if (result === same) return root;
    if (result === undefined) return undefined;
    if (result.key !== undefined) nodes.set(prefix, singleLeaf(result.key));
    // The root is hashed even if it is short.
    return result.ref.length === 32 ? result.ref : this.#hasher.keccak256(result.ref);
  }

  /** Whether a trie has this value for a key; `undefined` stands for an absent key. */
  verify(source: TrieSource<V>, key: string, value: V | undefined): boolean {
    const { prefix, root } = source;
    if (root === undefined) return value === undefined;
    let path = prefix;
    let ref = keyOf(root);
    let depth = 0;
    for (;;) {
      const node = source.node(path, ref);
      const single = singleLeafKey(node);
      // Whether a single leaf is that of the root is known from its value only.
      if (single !== undefined) return this.#isLeaf(single === key ? value : source.value(single), single, 0, ref);
      const length = extensionLength(node);
      if (commonNibbles(node, key, depth, length) < length) return value === undefined;
      depth += length;
      const nibble = nibbleOf(key, depth++);
      let offset = childrenOffset(node);
      for (let i = 0; i < nibble; i++) offset += childLength(node, offset);
      const size = childLength(node, offset);
      if (size === 1) return value === undefined;
      path += extensionPath(node) + pathNibble(nibble);
      ref = childRef(node, offset, size);
      if (((leafMask(node) >> nibble) & 1) === 0) continue;
      const leaf = leafKey(node, nibble);
      return this.#isLeaf(leaf === key ? value : source.value(leaf), leaf, depth, ref);
    }
  }

  /** Whether a leaf has the value and the reference, which is the root for the only leaf of a trie. */
  #isLeaf(value: V | undefined, key: string, depth: number, ref: string): boolean {
    if (value === undefined) return false;
    const found = this.#leaf(key, depth, value).ref;
    return keyOf(found) === ref || (depth === 0 && keyOf(this.#hasher.keccak256(found)) === ref);
  }

  /** Creates the part of a trie at a path without nodes. */
  #build(path: string, depth: number, changes: TrieChanges<V>, lo: number, hi: number): Result {
    const { keys, values } = changes;
    let first = lo;
    let last = hi - 1;
    while (first <= last && values[first] === undefined) first++;
    while (last > first && values[last] === undefined) last--;
    if (first > last) return undefined;
    const firstKey = keys[first] as string;
    if (first === last) return this.#leaf(firstKey, depth, values[first] as V);
    const lastKey = keys[last] as string;
    let at = depth;
    let extension = '';
    for (;;) {
      const nibble = nibbleOf(firstKey, at);
      if (nibble !== nibbleOf(lastKey, at)) break;
      extension += pathNibble(nibble);
      at++;
    }
    const children = new Array<Child | undefined>(16).fill(undefined);
    for (let start = first; start <= last; ) {
      const nibble = nibbleOf(keys[start] as string, at);
      let end = start + 1;
      while (end <= last && nibbleOf(keys[end] as string, at) === nibble) end++;
      children[nibble] = this.#build(path + extension + pathNibble(nibble), at + 1, changes, start, end);
      start = end;
    }
    return this.#branch(path, depth, extension, children, changes);
  }

  /** Updates a leaf at a path; the changes have the same path. */
  #updateLeaf(path: string, depth: number, key: string, changes: TrieChanges<V>, lo: number, hi: number): Result {
    const { keys, values } = changes;
    if (hi - lo === 1 && keys[lo] === key) {
      const value = values[lo];
      return value === undefined ? undefined : this.#leaf(key, depth, value);
    }
    let at = lo;
    let hasValues = false;
    while (at < hi && (keys[at] as string) < key) at++;
    if (at < hi && keys[at] === key) return this.#build(path, depth, changes, lo, hi);
    for (let i = lo; i < hi && !hasValues; i++) hasValues = values[i] !== undefined;
    if (!hasValues) return same;
    const merged = {
      keys: [...keys.slice(lo, at), key, ...keys.slice(at, hi)],
      values: [...values.slice(lo, at), this.#source.value(key), ...values.slice(at, hi)],
    };
    return this.#build(path, depth, merged, 0, merged.keys.length);
  }

  /** Updates a branch that is stored at a path; the changes have the same path. */
  #updateBranch(
    path: string,
    depth: number,
    node: TrieNode,
    changes: TrieChanges<V>,
    start: number,
    end: number,
  ): Result {
    const { keys, values } = changes;
    const length = extensionLength(node);
    let lo = start;
    let hi = end;
    if (length > 0) {
      // Removals of keys that are outside the extension have no effect, new keys there split it.
      let common = length;
      for (let i = lo; i < hi; i++) {
        if (values[i] !== undefined) common = Math.min(common, commonNibbles(node, keys[i] as string, depth, common));
      }
      while (lo < hi && commonNibbles(node, keys[lo] as string, depth, common) < common) lo++;
      while (hi > lo && commonNibbles(node, keys[hi - 1] as string, depth, common) < common) hi--;
      if (common < length) return this.#split(path, depth, node, common, changes, lo, hi);
    }
    const at = depth + length;
    const childPath = length === 0 ? path : path + extensionPath(node);
    const mask = leafMask(node);
    let changed = 0;
    let isSameShape = true;
    const results: Result[] = [];
    let offset = childrenOffset(node);
    let index = 0;
    while (lo < hi) {
      const nibble = nibbleOf(keys[lo] as string, at);
      let next = lo + 1;
      while (next < hi && nibbleOf(keys[next] as string, at) === nibble) next++;
      for (; index < nibble; index++) offset += childLength(node, offset);
      const below = childPath + pathNibble(nibble);
      const size = childLength(node, offset);
      let result: Result;
      if (size === 1) {
        result = this.#build(below, at + 1, changes, lo, next);
        if (result === undefined) result = same;
        else isSameShape = false;
      } else if (((mask >> nibble) & 1) === 1) {
        const key = leafKey(node, nibble);
        result = this.#updateLeaf(below, at + 1, key, changes, lo, next);
        if (result !== same && (result?.key !== key || !isSameSize(result.ref, size))) isSameShape = false;
      } else {
        const child = this.#source.node(below, childRef(node, offset, size));
        result = this.#updateBranch(below, at + 1, child, changes, lo, next);
        if (result !== same && (result === undefined || result.key !== undefined || !isSameSize(result.ref, size))) {
          isSameShape = false;
        }
      }
      if (result !== same) {
        results[nibble] = result;
        changed |= 1 << nibble;
      }
      lo = next;
    }
    if (changed === 0) return same;
    if (isSameShape) return this.#patch(path, node, results, changed);
    const children = childrenOf(node);
    for (let i = 0; i < 16; i++) if (((changed >> i) & 1) === 1) children[i] = results[i];
    const extension = length === 0 ? '' : childPath.slice(path.length);
    return this.#branch(path, depth, extension, children, changes);
  }

  /** Replaces references of one length in a branch. */
  #patch(path: string, node: TrieNode, results: readonly Result[], changed: number): Child {
    const out = this.#scratch;
    writeKey(out, 0, node);
    let offset = childrenOffset(node);
    for (let i = 0, rest = changed; rest !== 0; i++, rest >>>= 1) {
      const size = childLength(node, offset);
      if ((rest & 1) === 1) out.set((results[i] as Child).ref, size === 33 ? offset + 1 : offset);
      offset += size;
    }
    const patched = keyOf(out, 0, node.length);
    this.#nodes.set(path, patched);
    return { ref: writtenRef(patched, this.#hasher, out) };
  }

  /** Splits the extension of a branch before nibble `common`, and applies changes, which all have the part before. */
  #split(
    path: string,
    depth: number,
    node: TrieNode,
    common: number,
    changes: TrieChanges<V>,
    lo: number,
    hi: number,
  ): Result {
    const { keys } = changes;
    const whole = extensionPath(node);
    const extension = whole.slice(0, common);
    const old = extensionNibble(node, common);
    const at = depth + common;
    const children = new Array<Child | undefined>(16).fill(undefined);
    const lower = withExtension(node, whole.slice(common + 1));
    const lowerPath = path + extension + pathNibble(old);
    let isLowerDone = false;
    for (let start = lo; start < hi; ) {
      const nibble = nibbleOf(keys[start] as string, at);
      let next = start + 1;
      while (next < hi && nibbleOf(keys[next] as string, at) === nibble) next++;
      const below = path + extension + pathNibble(nibble);
      if (nibble === old) {
        const result = this.#updateBranch(below, at + 1, lower, changes, start, next);
        if (result !== same) {
          children[nibble] = result;
          isLowerDone = true;
        }
      } else children[nibble] = this.#build(below, at + 1, changes, start, next);
      start = next;
    }
    if (!isLowerDone) {
      this.#nodes.set(lowerPath, lower);
      children[old] = { ref: this.#branchRef(lower) };
    }
    return this.#branch(path, depth, extension, children, changes);
  }

  /** Stores a branch with these children, or the only child in its place. */
  #branch(
    path: string,
    depth: number,
    extension: string,
    children: readonly (Child | undefined)[],
    changes: TrieChanges<V>,
  ): Result {
    let count = 0;
    let last = 0;
    for (let i = 0; i < 16; i++) {
      if (children[i] !== undefined) {
        count++;
        last = i;
      }
    }
    if (count >= 2) {
      const node = encodeBranch(extension, children);
      this.#nodes.set(path, node);
      return { ref: this.#branchRef(node) };
    }
    const only = children[last];
    if (only === undefined) {
      this.#nodes.set(path, null);
      return undefined;
    }
    if (only.key !== undefined) {
      this.#nodes.set(path, null);
      return this.#leaf(only.key, depth, this.#currentValue(only.key, changes));
    }
    const below = path + extension + pathNibble(last);
    const child = this.#nodes.get(below) ?? this.#source.node(below, keyOf(only.ref));
    const node = withExtension(child, extension + pathNibble(last) + extensionPath(child));
    this.#nodes.set(below, null);
    this.#nodes.set(path, node);
    return { ref: this.#branchRef(node) };
  }

  /** The value of a leaf after the update. */
  #currentValue(key: string, { keys, values }: TrieChanges<V>): V {
    let lo = 0;
    let hi = keys.length;
    while (lo < hi) {
      const middle = (lo + hi) >> 1;
      if ((keys[middle] as string) < key) lo = middle + 1;
      else hi = middle;
    }
    return keys[lo] === key ? (values[lo] as V) : this.#source.value(key);
  }

  /** The leaf of a key, of whose nibbles `depth` are in the path above. */
  #leaf(key: string, depth: number, value: V): Child {
    const out = this.#scratch;
    const valueLength = this.#writeValue(this.#valueScratch, 0, value);
    const end = writeLeaf(out, key, depth, this.#valueScratch, valueLength);
    return { ref: this.#ref(out.subarray(0, end)), key };
  }

  /** The reference to a branch, or to the extension above it. */
  #branchRef(node: TrieNode): Uint8Array {
    return branchRef(node, this.#hasher, this.#scratch);
  }

  #ref(encoded: Uint8Array): Uint8Array {
    return encoded.length < 32 ? encoded.slice() : this.#hasher.keccak256(encoded);
  }
}

/** Whether a reference takes `size` bytes in a branch. */
function isSameSize(ref: Uint8Array, size: number): boolean {
  return (ref.length === 32 ? 33 : ref.length) === size;
}
