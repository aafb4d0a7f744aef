import { fastCrypto } from '@devp2p/crypto/fast';
import { StackTrie } from '@devp2p/eth';
import { bigint, bytes, encode, struct } from '@devp2p/rlp';
import type { Account, StateChanges, StateReader } from '../../apps/node/src/execution/state/interfaces.ts';
import { bytesOf, hexOf } from '../../apps/node/test/execution/evm/opcode-case.ts';
import type { World } from './message.ts';

const { keccak256 } = fastCrypto;

/** An account with the storage of a world, which does not change. */
interface Entry {
  readonly account: Account;
  readonly storage: ReadonlyMap<bigint, bigint>;
}

/** keccak-256 of an address or slot, of which there are few. */
const hashes = new Map<string, Uint8Array>();

function hashOf(key: string): Uint8Array {
  let hash = hashes.get(key);
  if (hash === undefined) {
    hash = keccak256(bytesOf(key));
    hashes.set(key, hash);
    if (hashes.size > 20_000) hashes.clear();
  }
  return hash;
}

const accountCodec = struct({ nonce: bigint(64), balance: bigint(256), storageRoot: bytes(32), codeHash: bytes(32) });
const value = bigint(256);

function root(entries: readonly (readonly [key: string, value: Uint8Array])[]): Uint8Array {
  const trie = new StackTrie(fastCrypto);
  const hashed = entries.map(([key, encoded]) => ({ key: hashOf(key), encoded }));
  hashed.sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { key, encoded } of hashed) trie.insert(key, encoded);
  return trie.root();
}

const storageRoots = new WeakMap<ReadonlyMap<bigint, bigint>, Uint8Array>();

function storageRoot(storage: ReadonlyMap<bigint, bigint>): Uint8Array {
  let known = storageRoots.get(storage);
  if (known === undefined) {
    known = root([...storage].map(([slot, word]) => [`0x${slot.toString(16).padStart(64, '0')}`, encode(value, word)]));
    storageRoots.set(storage, known);
  }
  return known;
}

/** The accounts of a state, of which changes make another. */
export class StateAccounts {
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(entries: ReadonlyMap<string, Entry>) {
    this.#entries = entries;
  }

  /** The root of the state after changes. */
  rootAfter(changes: StateChanges): Uint8Array {
    const entries = new Map(this.#entries);
    for (const { address, account, storage, isStorageCleared } of changes) {
      const key = hexOf(address);
      if (account === undefined) {
        entries.delete(key);
        continue;
      }
      const before = isStorageCleared ? undefined : this.#entries.get(key)?.storage;
      if (before !== undefined && storage.size === 0) {
        entries.set(key, { account, storage: before });
        continue;
      }
      const after = new Map(before);
      for (const [slot, word] of storage) {
        if (word === 0n) after.delete(slot);
        else after.set(slot, word);
      }
      entries.set(key, { account, storage: after });
    }
    return root(
      [...entries].map(([key, { account, storage }]) => [
        key,
        encode(accountCodec, { ...account, storageRoot: storageRoot(storage) }),
      ]),
    );
  }
}

/** The state of a world, in which the code of accounts can be replaced. */
export class WorldState {
  readonly #entries = new Map<string, Entry>();
  readonly #codes = new Map<string, Uint8Array>();

  constructor(accounts: World['accounts']) {
    for (const [address, { balance, nonce, code, storage }] of Object.entries(accounts)) {
      this.#entries.set(address, {
        account: { nonce: BigInt(nonce), balance: BigInt(balance), codeHash: this.#addCode(bytesOf(code)) },
        storage: new Map(Object.entries(storage).map(([slot, word]) => [BigInt(slot), BigInt(word)])),
      });
    }
  }

  /** The state with other code, by address. */
  with(code: Readonly<Record<string, string>>): { reader: StateReader; accounts: StateAccounts } {
    const entries = new Map(this.#entries);
    for (const [address, text] of Object.entries(code)) {
      const { account, storage } = entries.get(address) ?? { account: { nonce: 0n, balance: 0n }, storage: new Map() };
      entries.set(address, { account: { ...account, codeHash: this.#addCode(bytesOf(text)) }, storage });
    }
    const entry = (address: Uint8Array) => entries.get(hexOf(address));
    const reader: StateReader = {
      account: (address) => entry(address)?.account,
      storage: (address, slot) => entry(address)?.storage.get(slot) ?? 0n,
      hasStorage: (address) => (entry(address)?.storage.size ?? 0) > 0,
      code: (codeHash) => {
        const bytes = this.#codes.get(hexOf(codeHash));
        if (bytes === undefined) throw new Error(`no code with hash ${hexOf(codeHash)}`);
        return bytes;
      },
    };
    return { reader, accounts: new StateAccounts(entries) };
  }

  #addCode(code: Uint8Array): Uint8Array {
    const hash = keccak256(code);
    this.#codes.set(hexOf(hash), code);
    return hash;
  }
}
