import type { Crypto } from '@devp2p/crypto';
import { StackTrie } from '@devp2p/eth';
import { bigint, bytes, encode, struct } from '@devp2p/rlp';
import type { GenesisAccounts } from '../../../src/config/genesis/genesis-json.ts';
import type { Account, StateChanges, StateReader } from '../../../src/execution/state/interfaces.ts';
import { emptyTrieRoot } from '../../../src/validation/empty-roots.ts';

interface Entry {
  account: Account;
  readonly storage: Map<bigint, bigint>;
  /** Absent when the storage has changed. */
  storageRoot: Uint8Array | undefined;
}

const accountCodec = struct({ nonce: bigint(64), balance: bigint(256), storageRoot: bytes(32), codeHash: bytes(32) });

/** A state in memory whose root is computed from all its accounts. */
export class MemoryState implements StateReader {
  readonly #crypto: Crypto;
  readonly #accounts = new Map<string, Entry>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #hashes = new Map<string, Uint8Array>();

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  static of(accounts: GenesisAccounts, crypto: Crypto): MemoryState {
    const state = new MemoryState(crypto);
    for (const [address, { nonce, balance, code, storage }] of accounts) {
      const codeHash = crypto.keccak256(code);
      state.#codes.set(key(codeHash), code);
      state.#accounts.set(key(address), {
        account: { nonce, balance, codeHash },
        storage: new Map(storage.map(([slot, value]) => [numberOf(slot), numberOf(value)])),
        storageRoot: undefined,
      });
    }
    return state;
  }

  account(address: Uint8Array): Account | undefined {
    return this.#accounts.get(key(address))?.account;
  }

  storage(address: Uint8Array, slot: bigint): bigint {
    return this.#accounts.get(key(address))?.storage.get(slot) ?? 0n;
  }

  hasStorage(address: Uint8Array): boolean {
    return (this.#accounts.get(key(address))?.storage.size ?? 0) > 0;
  }

  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#codes.get(key(codeHash));
    if (code === undefined) throw new Error(`no code with hash ${key(codeHash)}`);
    return code;
  }

  apply(changes: StateChanges): void {
    for (const { address, account, code, isStorageCleared, storage } of changes) {
      if (account === undefined) {
        this.#accounts.delete(key(address));
        continue;
      }
      let entry = this.#accounts.get(key(address));
      if (entry === undefined) {
        entry = { account, storage: new Map(), storageRoot: undefined };
        this.#accounts.set(key(address), entry);
      }
      entry.account = account;
      if (code !== undefined) this.#codes.set(key(account.codeHash), code);
      if (isStorageCleared) entry.storage.clear();
      if (isStorageCleared || storage.size > 0) entry.storageRoot = undefined;
      for (const [slot, value] of storage) {
        if (value === 0n) entry.storage.delete(slot);
        else entry.storage.set(slot, value);
      }
    }
  }

  /** A copy that can be changed by itself. */
  copy(): MemoryState {
    const copy = new MemoryState(this.#crypto);
    for (const [address, entry] of this.#accounts) {
      copy.#accounts.set(address, { ...entry, storage: new Map(entry.storage) });
    }
    for (const [hash, code] of this.#codes) copy.#codes.set(hash, code);
    return copy;
  }

  root(): Uint8Array {
    return this.#rootOf(
      [...this.#accounts].map(([address, entry]) => {
        entry.storageRoot ??= this.#storageRoot(entry.storage);
        const { storageRoot, account } = entry;
        return [address, encode(accountCodec, { ...account, storageRoot })];
      }),
    );
  }

  #storageRoot(storage: ReadonlyMap<bigint, bigint>): Uint8Array {
    const filled = [...storage].filter(([, value]) => value !== 0n);
    if (filled.length === 0) return emptyTrieRoot;
    return this.#rootOf(
      filled.map(([slot, value]) => [slot.toString(16).padStart(64, '0'), encode(bigint(256), value)]),
    );
  }

  #rootOf(entries: readonly (readonly [hexKey: string, value: Uint8Array])[]): Uint8Array {
    const trie = new StackTrie(this.#crypto);
    const hashed = entries.map(([hexKey, value]) => ({ hash: this.#hash(hexKey), value }));
    hashed.sort((a, b) => Buffer.compare(a.hash, b.hash));
    for (const { hash, value } of hashed) trie.insert(hash, value);
    return trie.root();
  }

  #hash(hexKey: string): Uint8Array {
    let hash = this.#hashes.get(hexKey);
    if (hash === undefined) {
      hash = this.#crypto.keccak256(Buffer.from(hexKey, 'hex'));
      this.#hashes.set(hexKey, hash);
    }
    return hash;
  }
}

function key(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${key(bytes) || '0'}`);
}
