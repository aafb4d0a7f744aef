import { encode } from '@devp2p/rlp';
import { writeAccount } from './account-record.ts';
import { encodeDifference } from './difference.ts';
import { writeInteger } from './integers.ts';
import { writeKey } from './keys.ts';
import { type HeadRecord, headCodec } from './records.ts';
import { differenceKey, droppedKey, keyWriters, metaKeys } from './schema.ts';
import type { StateBatch } from './state-database.ts';
import type { StateLayer } from './state-layer.ts';
import { maxNodeLength } from './trie-node.ts';

/** Room for an account, a value or a node. */
const scratch = new Uint8Array(maxNodeLength);
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

/** Makes the accounts, slots, nodes and codes of the database those of the last of these layers. */
export function writeFlat(batch: StateBatch, layers: readonly StateLayer[]): void {
  const { accounts, slots, nodes, code } = merge(layers);
  for (const [key, account] of accounts) {
    if (account === null) batch.del(keyWriters.accounts.key(key));
    else batch.put(keyWriters.accounts.key(key), scratch.subarray(0, writeAccount(scratch, 0, account)));
  }
  for (const [key, value] of slots) {
    if (value === 0n) batch.del(keyWriters.slots.key(key));
    else batch.put(keyWriters.slots.key(key), scratch.subarray(0, writeInteger(scratch, 0, value)));
  }
  for (const [path, node] of nodes) {
    if (node === null) batch.del(keyWriters.nodes.key(path));
    else {
      writeKey(scratch, 0, node);
      batch.put(keyWriters.nodes.key(path), scratch.subarray(0, node.length));
    }
  }
  for (const [key, value] of code) batch.put(keyWriters.code.key(key), value);
}

/** Writes the difference and the dropped storages of a step from one state to the next. */
export function writeStep(batch: StateBatch, layer: StateLayer): void {
  const { step } = layer;
  if (step?.type === 'forward') {
    const { difference } = step;
    batch.put(differenceKey(layer), encodeDifference(difference));
    for (const id of difference.dropped) batch.put(droppedKey(layer.number, id), emptyValue);
  } else if (step?.type === 'back') {
    const { undone, difference } = step;
    batch.del(differenceKey(undone));
    for (const id of difference.dropped) batch.del(droppedKey(undone.number, id));
    // No difference leads to these any more: they are deleted as soon as there is time.
    for (const id of difference.created) batch.put(droppedKey(0, id), emptyValue);
  }
}

export function writeHead(batch: StateBatch, { number, hash, stateRoot, nextStorageId }: HeadRecord): void {
  batch.put(metaKeys.head, encode(headCodec, { number, hash, stateRoot, nextStorageId }));
}
