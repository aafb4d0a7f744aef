import { equalBytes } from '@devp2p/bytes';
import type { AccountRecord } from './account-record.ts';
import type { Difference } from './difference.ts';
import type { AccountChange, StateChanges } from './interfaces.ts';
import { keyOf, storageIdOf, storageKey, storageKeyLength } from './keys.ts';
import type { LayerChanges, StateLayer } from './state-layer.ts';
import type { StateReads } from './state-reads.ts';
import type { Entry, StateTries } from './state-tries.ts';
import type { ChangedNodes } from './trie.ts';

/** Memory of a changed account, with its earlier form, in bytes, about. */
const accountSize = 700;
const slotSize = 300;
const nodeSize = 100;

/** @see computeChanges */
export interface ChangeContext {
  readonly reads: StateReads;
  readonly tries: StateTries;
  /** Returns an id that no storage has had. */
  readonly createStorageId: () => number;
}

/** Computes the state after changes of another one, with its root, and the difference that leads back. */
export function computeChanges(
  parent: StateLayer,
  changes: StateChanges,
  context: ChangeContext,
): { readonly changes: LayerChanges; readonly difference: Difference } {
  const { reads, tries } = context;
  const accounts = new Map<string, AccountRecord | null>();
  const slots = new Map<string, bigint>();
  const nodes: ChangedNodes = new Map();
  const code = new Map<string, Uint8Array>();
  const oldAccounts = new Map<string, AccountRecord | null>();
  const oldSlots = new Map<string, bigint>();
  const created: number[] = [];
  const dropped: number[] = [];
  const entries: Entry<AccountRecord>[] = [];
  let bytes = 0;

  const changeStorage = (change: AccountChange, old: AccountRecord | undefined): StorageOf => {
    const { isStorageCleared, storage } = change;
    let id = old?.storageId ?? 0;
    const before = id;
    if (isStorageCleared) id = 0;
    if (storage.size === 0) return { storageId: id, storageRoot: id === 0 ? undefined : old?.storageRoot };
    const isNew = id === 0;
    if (isNew) id = context.createStorageId();
    const prefix = storageKey(id);
    const changed: Entry<bigint>[] = [];
    for (const [slot, value] of storage) {
      const hash = reads.slotKey(slot);
      const key = prefix + hash;
      const oldValue = isNew ? 0n : reads.slot(parent, key);
      if (value === oldValue) continue;
      changed.push({ key: hash, value: value === 0n ? undefined : value });
      slots.set(key, value);
      if (!isNew) oldSlots.set(key, oldValue);
    }
    if (changed.length === 0)
      return { storageId: isNew ? 0 : before, storageRoot: isNew ? undefined : old?.storageRoot };
    if (isNew) created.push(id);
    const root = isNew ? undefined : old?.storageRoot;
    return { storageId: id, storageRoot: tries.updateStorage(parent, id, root, changed, nodes) };
  };

  for (const change of changes) {
    const key = reads.addressKey(change.address);
    const old = reads.account(parent, key);
    let account: AccountRecord | undefined;
    if (change.account !== undefined) {
      const { nonce, balance, codeHash } = change.account;
      const { storageId, storageRoot } = changeStorage(change, old);
      account = { nonce, balance, codeHash, storageId, storageRoot };
      if (change.code !== undefined) {
        code.set(keyOf(codeHash), change.code);
        bytes += change.code.length;
      }
    }
    if (isSameAccount(old, account)) continue;
    if (old !== undefined && old.storageId !== 0 && old.storageId !== account?.storageId) dropped.push(old.storageId);
    accounts.set(key, account ?? null);
    oldAccounts.set(key, old ?? null);
    entries.push({ key, value: account });
  }
  const stateRoot = tries.updateAccounts(parent, entries, nodes);
  for (const node of nodes.values()) bytes += nodeSize + (node?.length ?? 0);
  bytes += accounts.size * accountSize + slots.size * slotSize;
  return {
    changes: { stateRoot, accounts, slots, nodes, code, bytes },
    difference: {
      parentHash: parent.hash,
      parentRoot: parent.stateRoot,
      created,
      dropped,
      accounts: oldAccounts,
      slots: oldSlots,
    },
  };
}

type StorageOf = Pick<AccountRecord, 'storageId' | 'storageRoot'>;

function isSameAccount(a: AccountRecord | undefined, b: AccountRecord | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.nonce !== b.nonce || a.balance !== b.balance || a.storageId !== b.storageId) return false;
  if (a.codeHash !== b.codeHash && !equalBytes(a.codeHash, b.codeHash)) return false;
  if (a.storageRoot === undefined || b.storageRoot === undefined) return a.storageRoot === b.storageRoot;
  return equalBytes(a.storageRoot, b.storageRoot);
}

/**
 * Computes the state before a block from the state after it.
 *
 * @returns `undefined` if a root differs from the recorded one
 */
export function computeUndo(
  state: StateLayer,
  difference: Difference,
  { reads, tries }: Pick<ChangeContext, 'reads' | 'tries'>,
): LayerChanges | undefined {
  const nodes: ChangedNodes = new Map();
  const slotsOf = new Map<number, Entry<bigint>[]>();
  for (const [key, value] of difference.slots) {
    const id = storageIdOf(key);
    const entry = { key: key.slice(storageKeyLength), value: value === 0n ? undefined : value };
    const list = slotsOf.get(id);
    if (list === undefined) slotsOf.set(id, [entry]);
    else list.push(entry);
  }
  const entries: Entry<AccountRecord>[] = [];
  for (const [key, account] of difference.accounts) {
    entries.push({ key, value: account ?? undefined });
    const slots = account === null ? undefined : slotsOf.get(account.storageId);
    if (account === null || slots === undefined) continue;
    slotsOf.delete(account.storageId);
    const now = reads.account(state, key);
    if (now?.storageId !== account.storageId) return undefined;
    const root = tries.updateStorage(state, account.storageId, now.storageRoot, slots, nodes);
    if (!isSameAccount({ ...account, storageRoot: root }, account)) return undefined;
  }
  if (slotsOf.size > 0) return undefined;
  const stateRoot = tries.updateAccounts(state, entries, nodes);
  if (!equalBytes(stateRoot, difference.parentRoot)) return undefined;
  let bytes = difference.accounts.size * accountSize + difference.slots.size * slotSize;
  for (const node of nodes.values()) bytes += nodeSize + (node?.length ?? 0);
  return {
    stateRoot,
    accounts: new Map(difference.accounts),
    slots: new Map(difference.slots),
    nodes,
    code: new Map(),
    bytes,
  };
}
