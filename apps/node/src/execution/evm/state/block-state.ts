import type { Crypto } from '@devp2p/crypto';
import type { Account, StateReader } from '../../state/interfaces.ts';
import {
  type AccountState,
  createAccountState,
  emptyCode,
  emptyCodeHash,
  isEmptyAccount,
  isEmptyCodeHash,
  type SlotState,
  type TransientSlot,
} from './account-state.ts';
import { SlotMap } from './slot-map.ts';
import { type Change, UndoLog } from './undo-log.ts';

export interface BlockStateOptions {
  readonly keccak256: Crypto['keccak256'];
}

/** Rules of the fork for {@link BlockState.finishTransaction}. */
export interface FinishRules {
  /** Whether touched accounts that are empty are removed (EIP-161, from Spurious Dragon on). */
  readonly removesEmptyAccounts: boolean;
  /** Whether a destroyed account keeps its balance (EIP-8246, from Amsterdam on). @default false */
  readonly keepsDestroyedBalance?: boolean | undefined;
}

/**
 * The state during a block: that of the parent block, and changes in memory.
 *
 * Changes after {@link checkpoint} are undone by {@link revert}, which includes what the transaction has accessed
 * (EIP-2929) and transient storage (EIP-1153). {@link finishTransaction} ends a transaction, and also the changes
 * between transactions (system calls, withdrawals).
 *
 * Addresses are 20 bytes. Methods whose names end with `Of` take an account that `load` returned. An error of the reader
 * leaves every method as an exception, and is kept as {@link failure}, because a library in between may take it for a
 * failed call.
 */
export class BlockState {
  /** The first error of the reader: nothing that was executed afterwards is valid. */
  failure: { readonly error: unknown } | undefined;

  readonly #reader: StateReader;
  readonly #keccak256: Crypto['keccak256'];
  readonly #accounts = new Map<string, AccountState>();
  readonly #log = new UndoLog();
  /** Accounts that are not loaded, and accessed in all transactions. */
  readonly #warmForBlock = new Set<string>();

  // Since the last end of a transaction. Entries stay after a revert: they only name objects to reset.
  #touched: AccountState[] = [];
  #lastingTouch: AccountState | undefined;
  #warmed: AccountState[] = [];
  #created: AccountState[] = [];
  #destroyed: AccountState[] = [];
  #slots: SlotState[] = [];
  #transient: AccountState[] = [];

  constructor(reader: StateReader, options: BlockStateOptions) {
    this.#reader = reader;
    this.#keccak256 = options.keccak256;
  }

  /** The account during the block, as an object that is valid until the end of the block. Changes go through methods. */
  load(address: Uint8Array): AccountState {
    const key = addressKey(address);
    let account = this.#accounts.get(key);
    if (account === undefined) {
      const own = address.slice();
      const parent = this.#read(() => this.#reader.account(own));
      account = createAccountState(key, own, parent);
      if (this.#warmForBlock.delete(key)) account.isWarm = true;
      this.#accounts.set(key, account);
    }
    return account;
  }

  /** The account, or `undefined` if it does not exist. Later changes do not show in it. */
  account(address: Uint8Array): Account | undefined {
    const { exists, nonce, balance, codeHash } = this.load(address);
    return exists ? { nonce, balance, codeHash } : undefined;
  }

  exists(address: Uint8Array): boolean {
    return this.load(address).exists;
  }

  /** Whether the account has no code, nonce or balance (EIP-161); `true` for one that does not exist. */
  isEmpty(address: Uint8Array): boolean {
    return isEmptyAccount(this.load(address));
  }

  /** In wei; 0 for an account that does not exist. */
  balance(address: Uint8Array): bigint {
    return this.load(address).balance;
  }

  nonce(address: Uint8Array): bigint {
    return this.load(address).nonce;
  }

  /** The code; empty for an account without code. Not to be changed. */
  code(address: Uint8Array): Uint8Array {
    return this.codeOf(this.load(address));
  }

  codeOf(account: AccountState): Uint8Array {
    account.code ??= isEmptyCodeHash(account.codeHash)
      ? emptyCode
      : this.#read(() => this.#reader.code(account.codeHash));
    return account.code;
  }

  /** Adds to a balance and touches the account; an amount of 0 creates an account that does not exist. */
  addBalance(address: Uint8Array, amount: bigint): void {
    const account = this.load(address);
    this.setBalanceOf(account, account.balance + amount);
  }

  /**
   * Takes from a balance and touches the account.
   * @throws RangeError if the balance is below the amount, which the caller has to check
   */
  subtractBalance(address: Uint8Array, amount: bigint): void {
    const account = this.load(address);
    if (account.balance < amount) throw new RangeError('balance is below the amount');
    this.setBalanceOf(account, account.balance - amount);
  }

  setBalance(address: Uint8Array, balance: bigint): void {
    this.setBalanceOf(this.load(address), balance);
  }

  setBalanceOf(account: AccountState, balance: bigint): void {
    this.#create(account);
    if (account.balance === balance) {
      this.touchOf(account);
      return;
    }
    this.#touch(account);
    this.#log.push(account, 'balance', account.balance);
    account.balance = balance;
  }

  setNonce(address: Uint8Array, nonce: bigint): void {
    this.setNonceOf(this.load(address), nonce);
  }

  setNonceOf(account: AccountState, nonce: bigint): void {
    this.#create(account);
    this.#touch(account);
    if (account.nonce === nonce) return;
    this.#log.push(account, 'nonce', account.nonce);
    account.nonce = nonce;
  }

  /** Sets the code; an empty one removes it. */
  setCode(address: Uint8Array, code: Uint8Array): void {
    this.setCodeOf(this.load(address), code);
  }

  setCodeOf(account: AccountState, code: Uint8Array): void {
    this.#create(account);
    this.#touch(account);
    this.#log.push(account, 'codeHash', account.codeHash);
    this.#log.push(account, 'code', account.code);
    account.codeHash = code.length === 0 ? emptyCodeHash : this.#keccak256(code);
    account.code = code;
  }

  /** Marks the account as touched (EIP-161). */
  touch(address: Uint8Array): void {
    this.touchOf(this.load(address));
  }

  touchOf(account: AccountState): void {
    // The touch of RIPEMD-160 outlives a revert: block 2,675,119 of mainnet, in which go-ethereum and Parity removed
    // the empty account after an out-of-gas call without value. A transfer to it does not outlive a revert.
    if (account.key === ripemd160 && isEmptyAccount(account)) this.#lastingTouch = account;
    this.#touch(account);
  }

  /** The value of a slot; 0 for an absent one. */
  storage(address: Uint8Array, slot: bigint): bigint {
    return this.slotOf(this.load(address), slot).value;
  }

  /** The value of a slot at the start of the transaction. */
  originalStorage(address: Uint8Array, slot: bigint): bigint {
    return this.slotOf(this.load(address), slot).original;
  }

  setStorage(address: Uint8Array, slot: bigint, value: bigint): void {
    this.setSlot(this.slotOf(this.load(address), slot), value);
  }

  /** A slot during the block; valid until the storage of the account is removed. Changes go through methods. */
  slotOf(account: AccountState, slot: bigint): SlotState {
    let state = account.storage.get(slot);
    if (state === undefined) {
      const parent =
        account.isStorageCleared || account.parent === undefined
          ? 0n
          : this.#read(() => this.#reader.storage(account.address, slot));
      state = { slot, parent, original: parent, value: parent, isWarm: false };
      account.storage.add(state);
    }
    return state;
  }

  setSlot(slot: SlotState, value: bigint): void {
    if (slot.value === value) return;
    this.#log.push(slot, 'value', slot.value);
    if (slot.value === slot.original) this.#slots.push(slot);
    slot.value = value;
  }

  /** A value of transient storage (EIP-1153). */
  transientStorage(account: AccountState, slot: bigint): bigint {
    return account.transientStorage?.get(slot)?.value ?? 0n;
  }

  setTransientStorage(account: AccountState, slot: bigint, value: bigint): void {
    if (account.transientStorage === undefined) {
      account.transientStorage = new SlotMap();
      this.#transient.push(account);
    }
    let state: TransientSlot | undefined = account.transientStorage.get(slot);
    if (state === undefined) {
      state = { slot, value: 0n };
      account.transientStorage.add(state);
    }
    if (state.value === value) return;
    this.#log.push(state, 'value', state.value);
    state.value = value;
  }

  /** Marks an account as accessed (EIP-2929). @returns whether it already was */
  warm(account: AccountState): boolean {
    if (account.isWarm) return true;
    this.#log.push(account, 'isWarm', false);
    account.isWarm = true;
    this.#warmed.push(account);
    return false;
  }

  /** Marks an account as accessed in all transactions of the block: precompiles, and the fee recipient (EIP-3651). */
  warmForBlock(address: Uint8Array): void {
    const key = addressKey(address);
    const account = this.#accounts.get(key);
    // Most precompiled contracts are not called, so they are not read from the state.
    if (account === undefined) this.#warmForBlock.add(key);
    else account.isWarm = true;
  }

  /** Marks a slot as accessed (EIP-2929). @returns whether it already was */
  warmSlot(slot: SlotState): boolean {
    if (slot.isWarm) return true;
    this.#log.push(slot, 'isWarm', false);
    slot.isWarm = true;
    this.#slots.push(slot);
    return false;
  }

  /** Marks an account as created by this transaction (EIP-6780), and creates it if it does not exist. */
  markCreatedOf(account: AccountState): void {
    this.#create(account);
    if (account.isCreated) return;
    this.#log.push(account, 'isCreated', false);
    account.isCreated = true;
    this.#created.push(account);
  }

  /** Marks an account as destroyed: {@link finishTransaction} removes it. */
  markDestroyedOf(account: AccountState): void {
    if (account.isDestroyed) return;
    this.#log.push(account, 'isDestroyed', false);
    account.isDestroyed = true;
    this.#destroyed.push(account);
  }

  /** Accounts that the transaction has destroyed, each once. */
  destroyed(): AccountState[] {
    return [...new Set(this.#destroyed.filter(({ isDestroyed }) => isDestroyed))];
  }

  /** Removes an account with its code and storage. */
  destroy(address: Uint8Array): void {
    this.#destroy(this.load(address));
  }

  /** Begins a part that can be undone, inside any that has begun before. */
  checkpoint(): void {
    this.#log.checkpoint();
  }

  /** Keeps the changes since the last {@link checkpoint}; one before it can still undo them. */
  commit(): void {
    this.#log.commit();
  }

  /** Undoes the changes since the last {@link checkpoint}. */
  revert(): void {
    this.#log.revert();
  }

  /**
   * Ends a transaction: removes destroyed and empty accounts, forgets accesses and transient storage. Original
   * values are then the present ones.
   *
   * @param destroyed accounts that the transaction destroyed, besides those of {@link markDestroyedOf}
   * @throws Error if a {@link checkpoint} is open
   */
  finishTransaction(rules: FinishRules, destroyed: Iterable<Uint8Array> = []): void {
    this.#log.clear();
    for (const account of new Set([...this.destroyed(), ...Array.from(destroyed, (address) => this.load(address))])) {
      const balance = rules.keepsDestroyedBalance === true ? account.balance : 0n;
      this.#destroy(account);
      if (balance > 0n) this.setBalanceOf(account, balance);
    }
    if (this.#lastingTouch !== undefined) this.#touch(this.#lastingTouch);
    this.#lastingTouch = undefined;
    if (rules.removesEmptyAccounts) {
      for (const account of this.#touched) {
        if (account.isTouched && account.exists && isEmptyAccount(account)) this.#destroy(account);
      }
    }
    for (const account of this.#touched) account.isTouched = false;
    for (const account of this.#warmed) account.isWarm = false;
    for (const account of this.#created) account.isCreated = false;
    for (const account of this.#destroyed) account.isDestroyed = false;
    for (const account of this.#transient) account.transientStorage = undefined;
    for (const slot of this.#slots) {
      slot.isWarm = false;
      slot.original = slot.value;
    }
    this.#touched = [];
    this.#warmed = [];
    this.#created = [];
    this.#destroyed = [];
    this.#transient = [];
    this.#slots = [];
  }

  /** All accounts that were read or changed, for {@link stateChanges}. */
  accounts(): Iterable<AccountState> {
    return this.#accounts.values();
  }

  #destroy(account: AccountState): void {
    this.#change(account, 'exists', false);
    this.#change(account, 'nonce', 0n);
    this.#change(account, 'balance', 0n);
    this.#change(account, 'codeHash', emptyCodeHash);
    this.#change(account, 'code', emptyCode);
    this.#change(account, 'isStorageCleared', true);
    this.#change(account, 'storage', new SlotMap<SlotState>());
  }

  #touch(account: AccountState): void {
    if (account.isTouched) return;
    this.#log.push(account, 'isTouched', false);
    account.isTouched = true;
    this.#touched.push(account);
  }

  #create(account: AccountState): void {
    if (!account.exists) this.#change(account, 'exists', true);
  }

  #change<K extends keyof AccountState>(account: AccountState, field: K, value: AccountState[K]): void {
    this.#log.push(account, field as Change, account[field]);
    account[field] = value;
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.failure ??= { error };
      throw error;
    }
  }
}

const ripemd160 = `${'\0'.repeat(19)}\x03`;

/** An address as a key of a `Map`: V8 hashes strings with a secret. */
export function addressKey(address: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(address, 0, 20);
}
