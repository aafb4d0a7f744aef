import { toHex } from '@devp2p/bytes';
import { StateError } from '../../errors/state-error.ts';
import { isEmptyCodeHash } from './account-record.ts';
import type { Account, StateReader } from './interfaces.ts';
import { storageKey } from './keys.ts';
import type { StateLayer } from './state-layer.ts';
import type { StateReads } from './state-reads.ts';

const noCode = new Uint8Array(0);

/** Reads of the state after one block, as long as the store has it. */
export class LayerReader implements StateReader {
  readonly #reads: StateReads;
  readonly #layer: StateLayer;

  constructor(reads: StateReads, layer: StateLayer) {
    this.#reads = reads;
    this.#layer = layer;
  }

  /** @throws StateError */
  account(address: Uint8Array): Account | undefined {
    this.#expectLive();
    return this.#reads.account(this.#layer, this.#reads.addressKey(address));
  }

  /** @throws StateError */
  storage(address: Uint8Array, slot: bigint): bigint {
    this.#expectLive();
    const reads = this.#reads;
    const account = reads.account(this.#layer, reads.addressKey(address));
    if (account?.storageRoot === undefined) return 0n;
    return reads.slot(this.#layer, storageKey(account.storageId) + reads.slotKey(slot));
  }

  /** @throws StateError */
  hasStorage(address: Uint8Array): boolean {
    this.#expectLive();
    return this.#reads.account(this.#layer, this.#reads.addressKey(address))?.storageRoot !== undefined;
  }

  /** @throws StateError */
  code(codeHash: Uint8Array): Uint8Array {
    this.#expectLive();
    return isEmptyCodeHash(codeHash) ? noCode : this.#reads.code(this.#layer, codeHash);
  }

  #expectLive(): void {
    const { isLive, number, hash } = this.#layer;
    if (!isLive) throw new StateError('unknown-state', `the state of block ${number} 0x${toHex(hash)} was dropped`);
  }
}
