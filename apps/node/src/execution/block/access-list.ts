import { equalBytes } from '@devp2p/bytes';
import { Writer } from '@devp2p/rlp';
import { emptyCodeHash } from '../evm/state/account-state.ts';
import { addressKey, type BlockState } from '../evm/state/block-state.ts';
import { SlotMap } from '../evm/state/slot-map.ts';

/** Gas of a block per item of its access list (EIP-7928, go-ethereum's `BALItemCost`). */
const gasPerItem = 2000;

/** A value with the index at which it was set: 0 before the transactions, then one for each, then one after them. */
type Change<T> = readonly [index: number, value: T];

interface SlotAccess {
  readonly slot: bigint;
  /** Empty for a slot that was only read. */
  readonly writes: Change<bigint>[];
}

interface AccountAccess {
  readonly address: Uint8Array;
  readonly slots: SlotMap<SlotAccess>;
  readonly balances: Change<bigint>[];
  readonly nonces: Change<bigint>[];
  readonly codes: Change<Uint8Array>[];
  balance: bigint;
  nonce: bigint;
  codeHash: Uint8Array;
}

/** Accesses of one transaction. */
interface CurrentAccess {
  readonly address: Uint8Array;
  readonly slots: SlotMap<{ readonly slot: bigint }>;
}

/**
 * Collects the block access list of a block while it is executed (EIP-7928): accounts and slots that were accessed, also
 * by calls that failed, and what they were changed to.
 */
export class AccessListBuilder {
  readonly #state: BlockState;
  readonly #accounts = new Map<string, AccountAccess>();
  readonly #current = new Map<string, CurrentAccess>();

  constructor(state: BlockState) {
    this.#state = state;
  }

  /** Records an access of an account. @param address 20 bytes, which must not change afterwards */
  account(address: Uint8Array): void {
    this.#access(address);
  }

  /** Records an access of a slot and of its account. */
  slot(address: Uint8Array, slot: bigint): void {
    const { slots } = this.#access(address);
    if (slots.get(slot) === undefined) slots.add({ slot });
  }

  /**
   * Ends a transaction, or a part of the block between transactions.
   *
   * @param index see {@link Change}
   * @param destroyed accounts that the transaction destroys; their slots count as read
   * @param finishTransaction ends the transaction in the state
   */
  finish(index: number, destroyed: readonly Uint8Array[], finishTransaction: () => void): void {
    const removed = new Set(destroyed.map(addressKey));
    for (const [key, current] of this.#current) this.#addSlots(key, current, index, removed.has(key));
    finishTransaction();
    for (const key of this.#current.keys()) this.#addChanges(this.#accounts.get(key) as AccountAccess, index);
    this.#current.clear();
  }

  /** Number of accounts and slots. */
  get size(): number {
    let size = this.#accounts.size;
    for (const { slots } of this.#accounts.values()) size += slots.size;
    return size;
  }

  /** The list in RLP, sorted by address and slot. */
  encode(): Uint8Array {
    const writer = new Writer(1 << 14);
    const keys = [...this.#accounts.keys()].sort();
    for (let i = keys.length - 1; i >= 0; i--) {
      writeAccount(writer, this.#accounts.get(keys[i] as string) as AccountAccess);
    }
    writer.wrapList(0);
    return writer.finish();
  }

  #access(address: Uint8Array): CurrentAccess {
    const key = addressKey(address);
    let access = this.#current.get(key);
    if (access === undefined) {
      access = { address, slots: new SlotMap() };
      this.#current.set(key, access);
    }
    return access;
  }

  #addSlots(key: string, { address, slots }: CurrentAccess, index: number, isRemoved: boolean): void {
    const account = this.#state.load(address);
    let access = this.#accounts.get(key);
    if (access === undefined) {
      const { parent } = account;
      access = {
        address,
        slots: new SlotMap(),
        balances: [],
        nonces: [],
        codes: [],
        balance: parent?.balance ?? 0n,
        nonce: parent?.nonce ?? 0n,
        codeHash: parent?.codeHash ?? emptyCodeHash,
      };
      this.#accounts.set(key, access);
    }
    for (const { slot } of slots) {
      let slotAccess = access.slots.get(slot);
      if (slotAccess === undefined) {
        slotAccess = { slot, writes: [] };
        access.slots.add(slotAccess);
      }
      if (isRemoved) continue;
      const { original, value } = this.#state.slotOf(account, slot);
      if (original !== value) record(slotAccess.writes, index, value);
    }
  }

  #addChanges(access: AccountAccess, index: number): void {
    const { balance, nonce, codeHash } = this.#state.load(access.address);
    if (balance !== access.balance) record(access.balances, index, balance);
    if (nonce !== access.nonce) record(access.nonces, index, nonce);
    if (!equalBytes(codeHash, access.codeHash)) record(access.codes, index, this.#state.code(access.address));
    access.balance = balance;
    access.nonce = nonce;
    access.codeHash = codeHash;
  }
}

/** The most accounts and slots that the access list of a block may have (EIP-7928). */
export function maxAccessListSize(gasLimit: number): number {
  return Math.floor(gasLimit / gasPerItem);
}

/** Adds a change; a later one of the same index replaces it. */
function record<T>(changes: Change<T>[], index: number, value: T): void {
  if (changes.at(-1)?.[0] === index) changes.pop();
  changes.push([index, value]);
}

// A writer fills its buffer from the end, so all lists are written in reverse.

function writeAccount(writer: Writer, access: AccountAccess): void {
  const mark = writer.length;
  writeChanges(writer, access.codes, (code) => writer.string(code));
  writeChanges(writer, access.nonces, (nonce) => writer.bigint(nonce));
  writeChanges(writer, access.balances, (balance) => writer.bigint(balance));
  const slots = [...access.slots].sort((a, b) => (a.slot < b.slot ? -1 : 1));
  const readsMark = writer.length;
  for (let i = slots.length - 1; i >= 0; i--) {
    const { slot, writes } = slots[i] as SlotAccess;
    if (writes.length === 0) writer.bigint(slot);
  }
  writer.wrapList(readsMark);
  const writesMark = writer.length;
  for (let i = slots.length - 1; i >= 0; i--) {
    const { slot, writes } = slots[i] as SlotAccess;
    if (writes.length === 0) continue;
    const slotMark = writer.length;
    writeChanges(writer, writes, (value) => writer.bigint(value));
    writer.bigint(slot);
    writer.wrapList(slotMark);
  }
  writer.wrapList(writesMark);
  writer.string(access.address);
  writer.wrapList(mark);
}

function writeChanges<T>(writer: Writer, changes: readonly Change<T>[], write: (value: T) => void): void {
  const mark = writer.length;
  for (let i = changes.length - 1; i >= 0; i--) {
    const [index, value] = changes[i] as Change<T>;
    const changeMark = writer.length;
    write(value);
    writer.uint(index);
    writer.wrapList(changeMark);
  }
  writer.wrapList(mark);
}
