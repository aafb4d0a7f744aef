import { equalBytes, toHex } from '@devp2p/bytes';
import type { Hasher } from '@devp2p/eth';
import { StateError } from '../../errors/state-error.ts';
import { type AccountRecord, decodeAccount } from './account-record.ts';
import { readInteger, writeUint256 } from './integers.ts';
import { bytesOfKey, keyOf } from './keys.ts';
import { RecentCache } from './recent-cache.ts';
import { keyWriters } from './schema.ts';
import type { StateDatabase } from './state-database.ts';
import type { StateLayer } from './state-layer.ts';
import { branchRef, scratchLength } from './trie-hash.ts';
import { isTrieNode, singleLeafKey, type TrieNode } from './trie-node.ts';

/** Memory of a Map's entry with a key of 40 characters, in bytes, about. */
const entrySize = 100;
const accountSize = 120;
const slotSize = 30;
/** Memory of a Uint8Array besides its content. */
const arraySize = 120;

/**
 * Reads of all states: from the caches, from the layers above the database, and from the database. The caches have the
 * entries of one state, the one that is executed on, and follow it from block to block.
 */
export class StateReads {
  readonly #hasher: Hasher;
  readonly #addressKeys: RecentCache<string>;
  readonly #slotKeys: RecentCache<string>;
  readonly #accounts: RecentCache<AccountRecord | null>;
  readonly #slots: RecentCache<bigint>;
  readonly #nodes: RecentCache<TrieNode>;
  readonly #code: RecentCache<Uint8Array>;
  readonly #slotBytes = new Uint8Array(32);
  readonly #scratch = new Uint8Array(scratchLength);
  /** The state whose entries are in the caches. */
  #cached: StateLayer;
  database: StateDatabase;

  /** @param cacheSize memory of the caches in bytes */
  constructor(database: StateDatabase, lowest: StateLayer, hasher: Hasher, cacheSize: number) {
    this.database = database;
    this.#cached = lowest;
    this.#hasher = hasher;
    this.#addressKeys = new RecentCache(cacheSize / 16, () => 2 * entrySize);
    this.#slotKeys = new RecentCache(cacheSize / 16, () => 2 * entrySize);
    this.#accounts = new RecentCache(cacheSize / 8, () => entrySize + accountSize);
    this.#slots = new RecentCache(cacheSize / 8, () => entrySize + slotSize);
    this.#nodes = new RecentCache(cacheSize / 2, (node) => entrySize + node.length);
    this.#code = new RecentCache(cacheSize / 8, (code) => entrySize + arraySize + code.length);
  }

  /** The key of an account. @param address 20 bytes */
  addressKey(address: Uint8Array): string {
    const text = keyOf(address);
    const known = this.#addressKeys.get(text);
    if (known !== undefined) return known;
    const key = keyOf(this.#hasher.keccak256(address));
    this.#addressKeys.set(text, key);
    return key;
  }

  /** The hash of a slot, the second part of its key. */
  slotKey(slot: bigint): string {
    writeUint256(this.#slotBytes, 0, slot);
    const text = keyOf(this.#slotBytes);
    const known = this.#slotKeys.get(text);
    if (known !== undefined) return known;
    const key = keyOf(this.#hasher.keccak256(this.#slotBytes));
    this.#slotKeys.set(text, key);
    return key;
  }

  account(state: StateLayer, key: string): AccountRecord | undefined {
    if (state === this.#cached) {
      const cached = this.#accounts.get(key);
      if (cached !== undefined) return cached ?? undefined;
      const account = this.#findAccount(state, key);
      this.#accounts.set(key, account);
      return account ?? undefined;
    }
    return this.#findAccount(state, key) ?? undefined;
  }

  #findAccount(state: StateLayer, key: string): AccountRecord | null {
    for (let layer: StateLayer | undefined = state; layer !== undefined; layer = layer.base) {
      const account = layer.accounts.get(key);
      if (account !== undefined) return account;
    }
    const bytes = this.database.get(keyWriters.accounts.key(key));
    if (bytes === undefined) return null;
    const account = decodeAccount(bytes);
    if (account === undefined) throw this.corrupt(`account 0x${toHex(bytesOfKey(key))}`);
    return account;
  }

  /** @param key storage id and hash of the slot */
  slot(state: StateLayer, key: string): bigint {
    if (state === this.#cached) {
      const cached = this.#slots.get(key);
      if (cached !== undefined) return cached;
      const value = this.#findSlot(state, key);
      this.#slots.set(key, value);
      return value;
    }
    return this.#findSlot(state, key);
  }

  #findSlot(state: StateLayer, key: string): bigint {
    for (let layer: StateLayer | undefined = state; layer !== undefined; layer = layer.base) {
      const value = layer.slots.get(key);
      if (value !== undefined) return value;
    }
    const bytes = this.database.get(keyWriters.slots.key(key));
    if (bytes === undefined) return 0n;
    if (bytes.length === 0 || bytes.length > 32) throw this.corrupt(`slot 0x${toHex(bytesOfKey(key))}`);
    return readInteger(bytes, 0, bytes.length);
  }

  code(state: StateLayer, hash: Uint8Array): Uint8Array {
    const key = keyOf(hash);
    const cached = this.#code.get(key);
    if (cached !== undefined) return cached;
    let code: Uint8Array | undefined;
    for (let layer: StateLayer | undefined = state; layer !== undefined && code === undefined; layer = layer.base) {
      code = layer.code.get(key);
    }
    code ??= this.database.get(keyWriters.code.key(key));
    if (code === undefined || !equalBytes(this.#hasher.keccak256(code), hash)) {
      throw this.corrupt(`code 0x${toHex(hash)}`);
    }
    this.#code.set(key, code);
    return code;
  }

  /** @see TrieSource.node */
  node(state: StateLayer, path: string, ref: string): TrieNode {
    if (state !== this.#cached) return this.#findNode(state, path, ref);
    const cached = this.#nodes.get(path);
    if (cached !== undefined) return cached;
    const node = this.#findNode(state, path, ref);
    this.#nodes.set(path, node);
    return node;
  }

  #findNode(state: StateLayer, path: string, ref: string): TrieNode {
    for (let layer: StateLayer | undefined = state; layer !== undefined; layer = layer.base) {
      const node = layer.nodes.get(path);
      if (node === undefined) continue;
      if (node === null) throw this.#corruptNode(path);
      return node;
    }
    const bytes = this.database.get(keyWriters.nodes.key(path));
    const node = bytes && keyOf(bytes);
    if (node === undefined || !this.#isNodeOf(node, ref)) {
      throw this.#corruptNode(path);
    }
    return node;
  }

  #corruptNode(path: string): StateError {
    return this.corrupt(`trie node 0x${toHex(bytesOfKey(path))}`);
  }

  #isNodeOf(node: TrieNode, ref: string): boolean {
    if (!isTrieNode(node)) return false;
    // The hash of a single leaf depends on its value, which the update of the trie reads.
    if (singleLeafKey(node) !== undefined) return true;
    const found = branchRef(node, this.#hasher, this.#scratch);
    // A root is hashed even if it is short.
    return keyOf(found) === ref || (found.length < 32 && keyOf(this.#hasher.keccak256(found)) === ref);
  }

  /** Makes the caches those of another state. */
  follow(state: StateLayer): void {
    const cached = this.#cached;
    if (state === cached) return;
    this.#cached = state;
    if (!cached.isLive) {
      this.clear();
      return;
    }
    const above: StateLayer[] = [];
    let layer: StateLayer | undefined = state;
    while (layer !== undefined && !cached.descendsFrom(layer)) {
      above.push(layer);
      layer = layer.base;
    }
    for (let left: StateLayer | undefined = cached; left !== layer && left !== undefined; left = left.base) {
      for (const key of left.accounts.keys()) this.#accounts.delete(key);
      for (const key of left.slots.keys()) this.#slots.delete(key);
      for (const path of left.nodes.keys()) this.#nodes.delete(path);
    }
    for (const entered of above.reverse()) {
      for (const [key, account] of entered.accounts) this.#accounts.set(key, account);
      for (const [key, value] of entered.slots) this.#slots.set(key, value);
      for (const [path, node] of entered.nodes) {
        if (node === null) this.#nodes.delete(path);
        else this.#nodes.set(path, node);
      }
    }
  }

  /** Empties the caches of the state. */
  clear(): void {
    this.#accounts.clear();
    this.#slots.clear();
    this.#nodes.clear();
  }

  corrupt(subject: string): StateError {
    const advice = 'remove it, and the blocks are executed again';
    return new StateError('corrupt', `${this.database.location}: ${subject} is missing or damaged: ${advice}`);
  }
}
