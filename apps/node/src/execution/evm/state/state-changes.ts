import { equalBytes } from '@devp2p/bytes';
import type { AccountChange, StateChanges } from '../../state/interfaces.ts';
import { type AccountState, isEmptyCodeHash } from './account-state.ts';
import type { BlockState } from './block-state.ts';

/** The accounts and slots whose values differ from those of the parent block. Between transactions only. */
export function stateChanges(state: BlockState): StateChanges {
  const changes: AccountChange[] = [];
  for (const account of state.accounts()) {
    const change = accountChange(account);
    if (change !== undefined) changes.push(change);
  }
  return changes;
}

function accountChange(state: AccountState): AccountChange | undefined {
  const { address, parent, exists, nonce, balance, codeHash, code, isStorageCleared } = state;
  if (parent === undefined && !exists) return undefined;
  const isCodeChanged = !equalBytes(codeHash, parent?.codeHash ?? noCodeHash);
  const isChanged =
    exists !== (parent !== undefined) || nonce !== parent?.nonce || balance !== parent.balance || isCodeChanged;
  const storage = new Map<bigint, bigint>();
  if (exists) for (const slot of state.storage) if (slot.value !== slot.parent) storage.set(slot.slot, slot.value);
  if (!isChanged && !isStorageCleared && storage.size === 0) return undefined;
  return {
    address,
    account: exists ? { nonce, balance, codeHash } : undefined,
    ...(exists && isCodeChanged && !isEmptyCodeHash(codeHash) ? { code } : {}),
    isStorageCleared: isStorageCleared && parent !== undefined,
    storage,
  };
}

const noCodeHash = new Uint8Array(0);
