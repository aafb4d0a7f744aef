import { encode } from '@devp2p/rlp';
import type { Change } from '../../storage/database.ts';
import type { BlockRef } from '../../storage/schema.ts';
import { encodeAccount } from './account-record.ts';
import { encodeDifference } from './difference.ts';
import { writeInteger } from './integers.ts';
import { type HeadRecord, headCodec } from './records.ts';
import { databaseKey, differenceKey, droppedKey, metaKeys } from './schema.ts';
import type { StateLayer } from './state-layer.ts';

const valueScratch = new Uint8Array(32);
const emptyValue = new Uint8Array(0);

type Flat = Pick<StateLayer, 'accounts' | 'slots' | 'nodes' | 'code'>;

/** Merges successive layers, the lowest first: of several values of one key the last counts. */
function merge(layers: readonly StateLayer[]): Flat {
  const [first] = layers;
  if (layers.length === 1 && first !== undefined) return first;
  const accounts = new Map(first?.accounts);
  const slots = new Map(first?.slots);
  const nodes = new Map(first?.nodes);
  const code = new Map(first?.code);
  for (const layer of layers.slice(1)) {
    for (const [key, value] of layer.accounts) accounts.set(key, value);
    for (const [key, value] of layer.slots) slots.set(key, value);
    for (const [key, value] of layer.nodes) nodes.set(key, value);
    for (const [key, value] of layer.code) code.set(key, value);
  }
  return { accounts, slots, nodes, code };
}

/** The changes of the database that make its accounts, slots, nodes and codes those of the last of these layers. */
export function flatChanges(layers: readonly StateLayer[]): Change[] {
  const { accounts, slots, nodes, code } = merge(layers);
  const changes: Change[] = [];
  for (const [key, account] of accounts) {
    const at = databaseKey('accounts', key);
    changes.push(account === null ? { type: 'del', key: at } : { type: 'put', key: at, value: encodeAccount(account) });
  }
  for (const [key, value] of slots) {
    const at = databaseKey('slots', key);
    if (value === 0n) changes.push({ type: 'del', key: at });
    else {
      const length = writeInteger(valueScratch, 0, value);
      changes.push({ type: 'put', key: at, value: valueScratch.slice(0, length) });
    }
  }
  for (const [path, node] of nodes) {
    const at = databaseKey('nodes', path);
    changes.push(node === null ? { type: 'del', key: at } : { type: 'put', key: at, value: node });
  }
  for (const [key, value] of code) changes.push({ type: 'put', key: databaseKey('code', key), value });
  return changes;
}

/** The changes of the differences and of the list of dropped storages for a step from one state to the next. */
export function stepChanges(layer: StateLayer): Change[] {
  const { step } = layer;
  const changes: Change[] = [];
  if (step?.type === 'forward') {
    const { difference } = step;
    changes.push({ type: 'put', key: differenceKey(layer), value: encodeDifference(difference) });
    for (const id of difference.dropped) {
      changes.push({ type: 'put', key: droppedKey(layer.number, id), value: emptyValue });
    }
  } else if (step?.type === 'back') {
    const { undone, difference } = step;
    changes.push({ type: 'del', key: differenceKey(undone) });
    for (const id of difference.dropped) changes.push({ type: 'del', key: droppedKey(undone.number, id) });
    // No difference leads to these any more: they are deleted as soon as there is time.
    for (const id of difference.created) changes.push({ type: 'put', key: droppedKey(0, id), value: emptyValue });
  }
  return changes;
}

export function headChange({ number, hash, stateRoot, nextStorageId }: HeadRecord): Change {
  return { type: 'put', key: metaKeys.head, value: encode(headCodec, { number, hash, stateRoot, nextStorageId }) };
}

export function differenceDeletion(block: BlockRef): Change {
  return { type: 'del', key: differenceKey(block) };
}
