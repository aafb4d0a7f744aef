import type { AccessListItem } from '@devp2p/eth';
import type { AccessRecorder } from '../evm/evm.ts';
import { addressKey } from '../evm/state/block-state.ts';
import { wordBytes } from '../evm/words.ts';

/** Collects the accounts and slots that a call accesses, for an access list (EIP-2930). */
export class AccessedState implements AccessRecorder {
  readonly #excluded: ReadonlySet<string>;
  readonly #accounts = new Map<string, { readonly address: Uint8Array; readonly slots: Set<bigint> }>();

  /** @param excluded keys of accounts that are accessed anyway: they are listed only with slots */
  constructor(accessList: readonly AccessListItem[], excluded: ReadonlySet<string>) {
    this.#excluded = excluded;
    for (const { address, storageKeys } of accessList) {
      if (!excluded.has(addressKey(address))) this.#at(address);
      for (const key of storageKeys) this.slot(address, BigInt(`0x${Buffer.from(key).toString('hex')}`));
    }
  }

  account(address: Uint8Array): void {
    if (!this.#excluded.has(addressKey(address))) this.#at(address);
  }

  slot(address: Uint8Array, slot: bigint): void {
    this.#at(address).add(slot);
  }

  /** Number of accounts and slots, which only grows from one execution to the next. */
  get size(): number {
    let size = 0;
    for (const { slots } of this.#accounts.values()) size += 1 + slots.size;
    return size;
  }

  list(): readonly AccessListItem[] {
    return [...this.#accounts.values()].map(({ address, slots }) => ({
      address,
      storageKeys: [...slots].map((slot) => wordBytes(slot).slice()),
    }));
  }

  #at(address: Uint8Array): Set<bigint> {
    const key = addressKey(address);
    let entry = this.#accounts.get(key);
    if (entry === undefined) {
      entry = { address: address.slice(), slots: new Set() };
      this.#accounts.set(key, entry);
    }
    return entry.slots;
  }
}
