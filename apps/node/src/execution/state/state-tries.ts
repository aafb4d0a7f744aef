import { equalBytes, toHex } from '@devp2p/bytes';
import type { Hasher } from '@devp2p/eth';
import type { StateError } from '../../errors/state-error.ts';
import { emptyTrieRoot } from '../../validation/empty-roots.ts';
import { type AccountRecord, writeAccountRlp } from './account-record.ts';
import { writeRlpInteger } from './integers.ts';
import { bytesOfKey, storageKey } from './keys.ts';
import type { StateLayer } from './state-layer.ts';
import type { StateReads } from './state-reads.ts';
import { type ChangedNodes, type TrieSource, TrieUpdater } from './trie.ts';
import { proveKey, type TrieProof } from './trie-proof.ts';

/** An entry of a trie, to be sorted. */
export interface Entry<V> {
  readonly key: string;
  readonly value: V | undefined;
}

function compareKeys(a: Entry<unknown>, b: Entry<unknown>): number {
  return a.key < b.key ? -1 : 1;
}

/** The tries of states. */
export class StateTries {
  readonly #reads: StateReads;
  readonly #hasher: Hasher;
  readonly #accounts: TrieUpdater<AccountRecord>;
  readonly #slots: TrieUpdater<bigint>;

  constructor(reads: StateReads, hasher: Hasher) {
    this.#reads = reads;
    this.#hasher = hasher;
    this.#accounts = new TrieUpdater(hasher, writeAccountRlp);
    this.#slots = new TrieUpdater(hasher, writeRlpInteger);
  }

  /** Updates the account trie of a state. @returns the new state root */
  updateAccounts(state: StateLayer, entries: Entry<AccountRecord>[], nodes: ChangedNodes): Uint8Array {
    return this.#accounts.update(this.#accountSource(state), sorted(entries), nodes) ?? emptyTrieRoot;
  }

  /** Updates a storage trie of a state. @returns the new root; `undefined` if it is empty */
  updateStorage(
    state: StateLayer,
    id: number,
    root: Uint8Array | undefined,
    entries: Entry<bigint>[],
    nodes: ChangedNodes,
  ): Uint8Array | undefined {
    return this.#slots.update(this.#storageSource(state, id, root), sorted(entries), nodes);
  }

  /** Checks an account of a state against its root. @throws StateError `corrupt` */
  verifyAccount(state: StateLayer, key: string, account: AccountRecord | undefined): void {
    if (!this.#accounts.verify(this.#accountSource(state), key, account)) throw this.#corruptAccount(key);
  }

  /** Checks a slot of an account, which was verified. @param key hash of the slot @throws StateError `corrupt` */
  verifySlot(state: StateLayer, { storageId, storageRoot }: AccountRecord, key: string, value: bigint): void {
    const source = this.#storageSource(state, storageId, storageRoot);
    if (!this.#slots.verify(source, key, value === 0n ? undefined : value)) throw this.#corruptSlot(key);
  }

  /** The nodes that prove an account of a state, or its absence. @throws StateError `corrupt` */
  proveAccount(state: StateLayer, key: string): TrieProof {
    return proveKey(this.#accountSource(state), key, writeAccountRlp, this.#hasher);
  }

  /** The nodes that prove a slot of an account, or its absence. @param key hash of the slot @throws StateError `corrupt` */
  proveSlot(state: StateLayer, { storageId, storageRoot }: AccountRecord, key: string): TrieProof {
    return proveKey(this.#storageSource(state, storageId, storageRoot), key, writeRlpInteger, this.#hasher);
  }

  #accountSource(state: StateLayer): TrieSource<AccountRecord> {
    const reads = this.#reads;
    return {
      prefix: '',
      root: equalBytes(state.stateRoot, emptyTrieRoot) ? undefined : state.stateRoot,
      node: (path, ref) => reads.node(state, path, ref),
      value: (key) => {
        const account = reads.account(state, key);
        if (account === undefined) throw this.#corruptAccount(key);
        return account;
      },
    };
  }

  #storageSource(state: StateLayer, id: number, root: Uint8Array | undefined): TrieSource<bigint> {
    const reads = this.#reads;
    const prefix = storageKey(id);
    return {
      prefix,
      root,
      node: (path, ref) => reads.node(state, path, ref),
      value: (key) => {
        const value = reads.slot(state, prefix + key);
        if (value === 0n) throw this.#corruptSlot(key);
        return value;
      },
    };
  }

  #corruptAccount(key: string): StateError {
    return this.#reads.corrupt(`account 0x${toHex(bytesOfKey(key))}`);
  }

  #corruptSlot(key: string): StateError {
    return this.#reads.corrupt(`slot 0x${toHex(bytesOfKey(key))}`);
  }
}

function sorted<V>(entries: Entry<V>[]): { keys: string[]; values: (V | undefined)[] } {
  if (entries.length > 1) entries.sort(compareKeys);
  const keys: string[] = [];
  const values: (V | undefined)[] = [];
  for (const { key, value } of entries) {
    if (key === keys.at(-1)) throw new RangeError('an account is changed twice');
    keys.push(key);
    values.push(value);
  }
  return { keys, values };
}
