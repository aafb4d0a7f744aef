import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { Account, type Address } from '@ethereumjs/util';
import type { BlockState } from '../../../../src/execution/evm/state/block-state.ts';

/** The state of a block as `@ethereumjs/evm` reads and changes it. Its methods are asynchronous in name only. */
export class LibraryStateManager implements StateManagerInterface {
  readonly originalStorageCache: StateManagerInterface['originalStorageCache'];
  readonly #state: BlockState;

  constructor(state: BlockState) {
    this.#state = state;
    this.originalStorageCache = {
      get: async (address, key) => wordBytes(state.originalStorage(address.bytes, wordOf(key))),
      clear: () => {},
    };
  }

  async getAccount(address: Address): Promise<Account | undefined> {
    const account = this.#state.account(address.bytes);
    // The storage root stays that of an empty trie: it only decides whether a contract may be created over storage that
    // an account without code has. go-ethereum permits that.
    return account && new Account(account.nonce, account.balance, undefined, account.codeHash, null);
  }

  async putAccount(address: Address, account?: Account): Promise<void> {
    if (account === undefined) return this.#state.destroy(address.bytes);
    this.#state.setBalance(address.bytes, account.balance);
    this.#state.setNonce(address.bytes, account.nonce);
  }

  async deleteAccount(address: Address): Promise<void> {
    this.#state.destroy(address.bytes);
  }

  async modifyAccountFields(address: Address, { balance, nonce }: AccountFields): Promise<void> {
    if (balance !== undefined) this.#state.setBalance(address.bytes, balance);
    if (nonce !== undefined) this.#state.setNonce(address.bytes, nonce);
  }

  async putCode(address: Address, code: Uint8Array): Promise<void> {
    this.#state.setCode(address.bytes, code);
  }

  async getCode(address: Address): Promise<Uint8Array> {
    return this.#state.code(address.bytes);
  }

  async getCodeSize(address: Address): Promise<number> {
    return this.#state.code(address.bytes).length;
  }

  async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return wordBytes(this.#state.storage(address.bytes, wordOf(key)));
  }

  async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.#state.setStorage(address.bytes, wordOf(key), wordOf(value));
  }

  /** The EVM calls it for a new contract, whose address go-ethereum leaves as it is. */
  async clearStorage(): Promise<void> {}

  async checkpoint(): Promise<void> {
    this.#state.checkpoint();
  }

  async commit(): Promise<void> {
    this.#state.commit();
  }

  async revert(): Promise<void> {
    this.#state.revert();
  }

  getStateRoot(): never {
    throw new Error('the root of a block is that of its changes');
  }

  setStateRoot(): never {
    throw new Error('the state of a block has one parent');
  }

  hasStateRoot(): never {
    throw new Error('the state of a block has one parent');
  }

  clearCaches(): void {}

  shallowCopy(): never {
    throw new Error('the state of a block is not copied');
  }
}

function wordOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** A word without leading zeros, as the library keeps values of storage. */
function wordBytes(word: bigint): Uint8Array {
  if (word === 0n) return new Uint8Array(0);
  const digits = word.toString(16);
  return Uint8Array.from(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
}
