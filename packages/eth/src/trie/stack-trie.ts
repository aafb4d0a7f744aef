import type { Crypto } from '@devp2p/crypto';

/** The hash function of the trie. */
export type Hasher = Pick<Crypto, 'keccak256'>;

/** Maximum length of a key of an Ethereum trie. */
const maxKeyLength = 32;
/** An RLP empty string: an absent child of a branch, and the encoding of the empty trie. */
const emptyString = 0x80;
const emptyNode: Uint8Array = Uint8Array.of(emptyString);
/** A branch: a list prefix of at most 3 bytes, 16 children of at most 33 bytes and an empty value. */
const prefixRoom = 3;
const branchRoom = prefixRoom + 16 * 33 + 1;

/** An open branch; its children are added in ascending order, so its encoding is appended to. */
interface OpenBranch {
  /** Number of nibbles above it. */
  depth: number;
  /** The next child to write. */
  next: number;
  length: number;
  readonly bytes: Uint8Array;
}

/**
 * Computes the root of a Merkle Patricia trie whose keys are inserted in strictly ascending order, none of them a prefix
 * of another (Yellow Paper, appendix D). Only the right-hand edge of the trie is in memory, so memory does not grow with
 * the number of keys. Values are not copied: a value must stay unchanged until the next call.
 */
export class StackTrie {
  readonly #hasher: Hasher;
  readonly #branches: OpenBranch[] = [];
  /** Number of `#branches` in use; the others keep their memory for the next trie. */
  #open = 0;
  #key: Uint8Array = new Uint8Array(2 * maxKeyLength);
  #keyLength = 0;
  #nextKey: Uint8Array = new Uint8Array(2 * maxKeyLength);
  #value: Uint8Array | undefined;
  #scratch: Uint8Array = new Uint8Array(1024);
  /** The node encoded last is in `#node[0, #nodeLength)`: a hash or an embedded node. */
  #node: Uint8Array = emptyNode;
  #nodeLength = 0;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /**
   * Adds an entry.
   *
   * @throws RangeError when the key does not sort after the previous one or extends it, is empty or longer than 32
   * bytes, and when the value is empty, which means "absent" in a trie
   */
  insert(key: Uint8Array, value: Uint8Array): void {
    if (key.length === 0 || key.length > maxKeyLength || value.length === 0) {
      throw new RangeError('A stack trie takes keys of 1 to 32 bytes, and no empty values.');
    }
    const length = key.length * 2;
    const next = this.#nextKey;
    for (let i = 0, at = 0; i < key.length; i++) {
      const byte = key[i] as number;
      next[at++] = byte >> 4;
      next[at++] = byte & 15;
    }
    if (this.#value !== undefined) {
      const common = this.#commonPrefix(next, length);
      this.#closeDownTo(common, this.#value);
    }
    this.#nextKey = this.#key;
    this.#key = next;
    this.#keyLength = length;
    this.#value = value;
  }

  /** The root hash of the inserted entries. Afterwards the trie is empty and can be used again. */
  root(): Uint8Array {
    const value = this.#value;
    if (value === undefined) {
      return this.#hasher.keccak256(emptyNode);
    }
    if (this.#open === 0) {
      this.#encodeLeaf(0, value, true);
    } else {
      const bottom = this.#branches[0] as OpenBranch;
      this.#closeDownTo(bottom.depth, value);
      this.#encodeBranch(bottom, bottom.depth === 0);
      if (bottom.depth > 0) {
        this.#encodeExtension(0, bottom.depth, true);
      }
    }
    this.reset();
    return this.#node;
  }

  /** Removes the inserted entries. */
  reset(): void {
    this.#open = 0;
    this.#value = undefined;
  }

  #commonPrefix(next: Uint8Array, nextLength: number): number {
    const key = this.#key;
    const end = Math.min(this.#keyLength, nextLength);
    let common = 0;
    while (common < end && key[common] === next[common]) {
      common++;
    }
    if (common === end || (next[common] as number) < (key[common] as number)) {
      throw new RangeError('Keys of a stack trie must ascend, and none may be a prefix of another.');
    }
    return common;
  }

  /** Completes the pending leaf and every branch below `depth`, and adds them to the branch at `depth`. */
  #closeDownTo(depth: number, value: Uint8Array): void {
    const key = this.#key;
    let parent = this.#branchAt(depth);
    this.#encodeLeaf(parent.depth + 1, value, false);
    this.#append(parent, key[parent.depth] as number);
    while (parent.depth > depth) {
      const below = parent.depth;
      this.#encodeBranch(parent, false);
      this.#open--;
      parent = this.#branchAt(depth);
      if (below > parent.depth + 1) {
        this.#encodeExtension(parent.depth + 1, below, false);
      }
      this.#append(parent, key[parent.depth] as number);
    }
  }

  /** The lowest open branch, or a new one at `depth` when the lowest is above `depth`. */
  #branchAt(depth: number): OpenBranch {
    const open = this.#open;
    const lowest = open > 0 ? (this.#branches[open - 1] as OpenBranch) : undefined;
    if (lowest !== undefined && lowest.depth >= depth) {
      return lowest;
    }
    this.#open = open + 1;
    let branch = this.#branches[open];
    if (branch === undefined) {
      branch = { depth, next: 0, length: prefixRoom, bytes: new Uint8Array(branchRoom) };
      this.#branches.push(branch);
      return branch;
    }
    branch.depth = depth;
    branch.next = 0;
    branch.length = prefixRoom;
    return branch;
  }

  /** Writes the node encoded last as the child at `nibble`. */
  #append(branch: OpenBranch, nibble: number): void {
    const { bytes } = branch;
    let at = branch.length;
    for (let i = branch.next; i < nibble; i++) {
      bytes[at++] = emptyString;
    }
    branch.next = nibble + 1;
    branch.length = writeReference(bytes, at, this.#node, this.#nodeLength);
  }

  #encodeBranch(branch: OpenBranch, isRoot: boolean): void {
    const { bytes } = branch;
    let end = branch.length;
    for (let i = branch.next; i <= 16; i++) {
      bytes[end++] = emptyString;
    }
    const length = end - prefixRoom;
    const start = prefixRoom - listPrefixLength(length);
    writePrefix(bytes, start, 0xc0, length);
    this.#finish(bytes, start, end, isRoot);
  }

  /** A leaf for the rest of the pending key from nibble `from` on. */
  #encodeLeaf(from: number, value: Uint8Array, isRoot: boolean): void {
    const pathLength = ((this.#keyLength - from) >> 1) + 1;
    const valueLength = value.length;
    const single = valueLength === 1 && (value[0] as number) < emptyString;
    const length = pathLength + (pathLength > 1 ? 1 : 0) + valueLength + (single ? 0 : listPrefixLength(valueLength));
    const scratch = this.#room(length);
    let at = writePrefix(scratch, 0, 0xc0, length);
    at = this.#writePath(scratch, at, from, this.#keyLength, 0x20);
    if (!single) {
      at = writePrefix(scratch, at, emptyString, valueLength);
    }
    scratch.set(value, at);
    this.#finish(scratch, 0, at + valueLength, isRoot);
  }

  /** An extension for nibbles `[from, to)` of the pending key, above the node encoded last. */
  #encodeExtension(from: number, to: number, isRoot: boolean): void {
    const pathLength = ((to - from) >> 1) + 1;
    const childLength = this.#nodeLength;
    const length = pathLength + (pathLength > 1 ? 1 : 0) + (childLength === 32 ? 33 : childLength);
    const child = this.#node;
    const scratch = this.#room(length);
    let at = writePrefix(scratch, 0, 0xc0, length);
    at = this.#writePath(scratch, at, from, to, 0);
    at = writeReference(scratch, at, child, childLength);
    this.#finish(scratch, 0, at, isRoot);
  }

  /** Hex-prefix encoding (Yellow Paper, appendix C) as an RLP string of at most 55 bytes. */
  #writePath(out: Uint8Array, start: number, from: number, to: number, flag: number): number {
    const key = this.#key;
    const length = ((to - from) >> 1) + 1;
    let at = start;
    let i = from;
    if (length > 1) {
      out[at++] = emptyString + length;
    }
    if (((to - from) & 1) === 1) {
      out[at++] = flag | 0x10 | (key[i++] as number);
    } else {
      out[at++] = flag;
    }
    while (i < to) {
      out[at++] = ((key[i] as number) << 4) | (key[i + 1] as number);
      i += 2;
    }
    return at;
  }

  #finish(bytes: Uint8Array, start: number, end: number, isRoot: boolean): void {
    const encoded = bytes.subarray(start, end);
    if (encoded.length >= 32 || isRoot) {
      this.#node = this.#hasher.keccak256(encoded);
      this.#nodeLength = 32;
    } else {
      this.#node = encoded.slice();
      this.#nodeLength = encoded.length;
    }
  }

  #room(length: number): Uint8Array {
    if (this.#scratch.length < length + 9) {
      this.#scratch = new Uint8Array(length * 2);
    }
    return this.#scratch;
  }
}

/** A hash as an RLP string; a node of less than 32 bytes unchanged. */
function writeReference(out: Uint8Array, start: number, node: Uint8Array, nodeLength: number): number {
  let at = start;
  if (nodeLength === 32) {
    out[at++] = emptyString + 32;
  }
  out.set(node, at);
  return at + nodeLength;
}

function listPrefixLength(length: number): number {
  return length < 56 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5;
}

function writePrefix(out: Uint8Array, start: number, base: number, length: number): number {
  if (length < 56) {
    out[start] = base + length;
    return start + 1;
  }
  const size = listPrefixLength(length) - 1;
  out[start] = base + 55 + size;
  for (let i = size, rest = length; i > 0; i--) {
    out[start + i] = rest & 0xff;
    rest >>>= 8;
  }
  return start + 1 + size;
}

/** Keys of one to five bytes that `indexKey` reuses, since `insert` copies them. */
const indexKeys = [1, 2, 3, 4, 5].map((length) => new Uint8Array(length));

/** The RLP of a list index. */
function indexKey(index: number): Uint8Array {
  if (index < emptyString) {
    const key = indexKeys[0] as Uint8Array;
    key[0] = index === 0 ? emptyString : index;
    return key;
  }
  const size = listPrefixLength(index) - 1;
  const key = indexKeys[size] as Uint8Array;
  key[0] = emptyString + size;
  for (let i = size, rest = index; i > 0; i--) {
    key[i] = rest & 0xff;
    rest >>>= 8;
  }
  return key;
}

/** An array of byte strings, or an encoded list. */
export interface Elements {
  readonly length: number;
  at(index: number): Uint8Array | undefined;
}

/**
 * The root of the trie that maps the RLP of each index to its value, by which a header commits to transactions, receipts
 * and withdrawals. Resets `trie` first.
 *
 * @throws RangeError when a value is empty
 */
export function listRoot(trie: StackTrie, values: Elements): Uint8Array {
  const { length } = values;
  trie.reset();
  // The RLP of 0 is 0x80: it sorts after 1 … 127 and before 128.
  for (let i = 1; i < length && i < emptyString; i++) {
    trie.insert(indexKey(i), values.at(i) as Uint8Array);
  }
  if (length > 0) {
    trie.insert(indexKey(0), values.at(0) as Uint8Array);
  }
  for (let i = emptyString; i < length; i++) {
    trie.insert(indexKey(i), values.at(i) as Uint8Array);
  }
  return trie.root();
}
