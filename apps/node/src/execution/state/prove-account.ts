import { emptyTrieRoot } from '../../validation/empty-roots.ts';
import type { AccountProof, SlotProof } from './interfaces.ts';
import { storageKey } from './keys.ts';
import type { StateLayer } from './state-layer.ts';
import type { StateReads } from './state-reads.ts';
import type { StateTries } from './state-tries.ts';

/** The state that is proved. */
export interface ProvedState {
  readonly reads: StateReads;
  readonly tries: StateTries;
  readonly layer: StateLayer;
}

/** Proves an account, or its absence, and some of its slots. @param address 20 bytes */
export function proveAccount(
  { reads, tries, layer }: ProvedState,
  address: Uint8Array,
  slots: readonly bigint[],
): AccountProof {
  const key = reads.addressKey(address);
  const account = reads.account(layer, key);
  const { storageRoot } = account ?? {};
  const proveSlot = (slot: bigint): SlotProof => {
    if (account === undefined || storageRoot === undefined) return { value: 0n, nodes: [] };
    const hashed = reads.slotKey(slot);
    return {
      value: reads.slot(layer, storageKey(account.storageId) + hashed),
      nodes: tries.proveSlot(layer, account, hashed),
    };
  };
  return {
    account: account && { nonce: account.nonce, balance: account.balance, codeHash: account.codeHash },
    storageRoot: storageRoot ?? emptyTrieRoot,
    nodes: tries.proveAccount(layer, key),
    slots: slots.map(proveSlot),
  };
}
