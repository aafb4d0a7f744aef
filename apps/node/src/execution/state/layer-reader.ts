import { toHex } from '@devp2p/bytes';
import { StateError } from '../../errors/state-error.ts';
import { type AccountRecord, isEmptyCodeHash } from './account-record.ts';
import type { Account, StateReader } from './interfaces.ts';
import { storageKey } from './keys.ts';
import type { StateLayer } from './state-layer.ts';
import type { StateReads } from './state-reads.ts';
import type { StateTries } from './state-tries.ts';

const noCode = new Uint8Array(0);

/** Reads of the state after one block, as long as the store has it. */
export class LayerReader implements StateReader {
  readonly #reads: StateReads;
  readonly #layer: StateLayer;
  readonly #verify: StateTries | undefined;

  /** @param verify checks each read value against the state root */
  constructor(reads: StateReads, layer: StateLayer, verify?: StateTries) {
    this.#reads = reads;
    this.#layer = layer;
    this.#verify = verify;
  }

  /** @throws StateError */
  account(address: Uint8Array): Account | undefined {
    return this.#account(address);
  }

  /** @throws StateError */
  storage(address: Uint8Array, slot: bigint): bigint {
    const account = this.#account(address);
    if (account?.storageRoot === undefined) return 0n;
    const key = this.#reads.slotKey(slot);
    const value = this.#reads.slot(this.#layer, storageKey(account.storageId) + key);
    this.#verify?.verifySlot(this.#layer, account, key, value);
    return value;
  }

  /** @throws StateError */
  hasStorage(address: Uint8Array): boolean {
    return this.#account(address)?.storageRoot !== undefined;
  }

  /** @throws StateError */
  code(codeHash: Uint8Array): Uint8Array {
    this.#expectLive();
    return isEmptyCodeHash(codeHash) ? noCode : this.#reads.code(this.#layer, codeHash);
  }

  #account(address: Uint8Array): AccountRecord | undefined {
    this.#expectLive();
    const key = this.#reads.addressKey(address);
    const account = this.#reads.account(this.#layer, key);
    this.#verify?.verifyAccount(this.#layer, key, account);
    return account;
  }

  #expectLive(): void {
    const { isLive, number, hash } = this.#layer;
    if (!isLive) throw new StateError('unknown-state', `the state of block ${number} 0x${toHex(hash)} was dropped`);
  }
}
