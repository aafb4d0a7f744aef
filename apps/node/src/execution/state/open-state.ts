import { equalBytes, toHex } from '@devp2p/bytes';
import type { Hasher } from '@devp2p/eth';
import { encode } from '@devp2p/rlp';
import type { Genesis } from '../../config/genesis/genesis.ts';
import { StateError } from '../../errors/state-error.ts';
import type { BlockRef } from '../../storage/schema.ts';
import { emptyTrieRoot } from '../../validation/empty-roots.ts';
import { computeChanges } from './compute-changes.ts';
import { decodeDifference } from './difference.ts';
import { readInteger } from './integers.ts';
import type { AccountChange } from './interfaces.ts';
import { keyOf } from './keys.ts';
import { decodeRecord, formatCodec, formatVersion, type HeadRecord, headCodec } from './records.ts';
import { blockOfDifference, differenceKey, metaKeys, sublevels } from './schema.ts';
import { openStateDatabase, type StateDatabase } from './state-database.ts';
import { noChanges, StateLayer } from './state-layer.ts';
import { StateReads } from './state-reads.ts';
import { StateTries } from './state-tries.ts';
import { writeFlat, writeHead } from './state-writer.ts';

/** The chain of a state. */
export type StateGenesis = Pick<Genesis, 'header' | 'accounts' | 'source'>;

/** Keys that are listed or deleted at once. */
const keysAtOnce = 4096;
/** Accounts of a genesis that are written at once. */
const accountsAtOnce = 4096;
/** Memory of the caches while the genesis is written. */
const genesisCacheSize = 32 * 1024 * 1024;

/**
 * Checks the format of a database, and writes the genesis state to an empty one.
 *
 * @throws StateError `other-genesis`, `other-format`, `genesis-accounts`, `corrupt`, `unusable`
 */
export async function prepareState(database: StateDatabase, genesis: StateGenesis, hasher: Hasher): Promise<void> {
  const { location } = database;
  const record = database.get(metaKeys.format);
  if (record === undefined) {
    await writeGenesis(database, genesis, hasher);
    return;
  }
  const found = decodeRecord(formatCodec, record, location, 'the format record');
  if (found.version !== formatVersion) {
    const remedy = 'use the version of the program that wrote it, or remove it: the blocks are executed again';
    const formats = `has format ${found.version}, this program writes format ${formatVersion}`;
    throw new StateError('other-format', `${location} ${formats}: ${remedy}`);
  }
  if (!equalBytes(found.genesis, genesis.header.hash)) {
    const blocks = `0x${toHex(found.genesis)}, not 0x${toHex(genesis.header.hash)} of ${genesis.source}`;
    const remedy = 'use the genesis that it was created with, or another datadir';
    throw new StateError('other-genesis', `${location} has the state of genesis block ${blocks}: ${remedy}`);
  }
}

/**
 * Reads the head and the blocks that its differences lead to.
 *
 * @throws StateError `corrupt`, `unusable`
 */
export async function readPosition(database: StateDatabase): Promise<{ head: HeadRecord; blocks: BlockRef[] }> {
  const { location } = database;
  const damaged = (what: string): StateError =>
    new StateError(
      'corrupt',
      `${location}: ${what} is missing or damaged: remove it, and the blocks are executed again`,
    );
  const record = database.get(metaKeys.head);
  if (record === undefined) throw damaged('the head record');
  const head = decodeRecord(headCodec, record, location, 'the head record');
  const blocks: BlockRef[] = [];
  let { from } = sublevels.differences.all;
  for (;;) {
    const keys = await database.keys({ from, to: sublevels.differences.all.to }, keysAtOnce);
    for (const key of keys) blocks.push(blockOfDifference(key));
    const last = keys.at(-1);
    if (last === undefined || keys.length < keysAtOnce) break;
    from = new Uint8Array(last.length + 1);
    from.set(last);
  }
  const [first] = blocks;
  if (first === undefined) return { head, blocks: [head] };
  const isWhole = blocks.every(({ number }, i) => number === first.number + i);
  const last = blocks.at(-1) as BlockRef;
  if (!isWhole || last.number !== head.number || !equalBytes(last.hash, head.hash)) throw damaged('a difference');
  const oldest = decodeDifference(database.get(differenceKey(first)) ?? new Uint8Array(0));
  if (oldest === undefined) throw damaged(`the difference of block ${first.number}`);
  return { head, blocks: [{ number: first.number - 1, hash: oldest.parentHash }, ...blocks] };
}

async function writeGenesis(database: StateDatabase, genesis: StateGenesis, hasher: Hasher): Promise<void> {
  const { header, accounts, source } = genesis;
  if (accounts === undefined) {
    const remedy = 'name a genesis.json with its accounts';
    throw new StateError('genesis-accounts', `the accounts of the genesis of ${source} are not known: ${remedy}`);
  }
  // The format record is written last: without it, this is the rest of an interrupted run.
  await removeAll(database);
  const changes = genesisChanges(accounts, hasher);
  let layer = new StateLayer(header, noChanges(emptyTrieRoot));
  const reads = new StateReads(database, layer, hasher, genesisCacheSize);
  const tries = new StateTries(reads, hasher);
  let nextStorageId = 1;
  const context = { reads, tries, createStorageId: () => nextStorageId++ };
  for (let start = 0; start < changes.length; start += accountsAtOnce) {
    const part = computeChanges(layer, changes.slice(start, start + accountsAtOnce), context);
    layer = new StateLayer(header, part.changes, layer);
    const batch = database.batch();
    writeFlat(batch, [layer]);
    await batch.write();
    reads.follow(layer);
    layer.becomeLowest();
  }
  if (!equalBytes(layer.stateRoot, header.stateRoot)) {
    const roots = `0x${toHex(layer.stateRoot)}, its header has 0x${toHex(header.stateRoot)}`;
    throw new StateError('genesis-accounts', `the accounts of ${source} have the state root ${roots}`);
  }
  const { number, hash, stateRoot } = header;
  const batch = database.batch();
  batch.put(metaKeys.format, encode(formatCodec, { version: formatVersion, genesis: hash }));
  writeHead(batch, { number, hash, stateRoot, nextStorageId });
  await batch.write();
}

/** The genesis accounts as changes; of equal addresses or slots the last counts. */
function genesisChanges(accounts: NonNullable<StateGenesis['accounts']>, hasher: Hasher): AccountChange[] {
  const changes = new Map<string, AccountChange>();
  for (const [address, { nonce, balance, code, storage }] of accounts) {
    changes.set(keyOf(address), {
      address,
      account: { nonce, balance, codeHash: hasher.keccak256(code) },
      code: code.length > 0 ? code : undefined,
      isStorageCleared: false,
      storage: new Map(storage.map(([slot, value]) => [readInteger(slot, 0, 32), readInteger(value, 0, 32)])),
    });
  }
  return [...changes.values()];
}

async function removeAll(database: StateDatabase): Promise<void> {
  const range = { from: new Uint8Array(0), to: Uint8Array.of(0xff) };
  for (;;) {
    const keys = await database.keys(range, keysAtOnce);
    if (keys.length === 0) return;
    const batch = database.batch();
    for (const key of keys) batch.del(key);
    await batch.write();
  }
}

/**
 * Gives up the state in a directory: the next opening writes that of the genesis.
 *
 * @throws StateError `in-use`, `unusable`, `corrupt`
 */
export async function clearState(location: string): Promise<void> {
  const database = await openStateDatabase(location);
  try {
    // The rest is removed by the next opening, also when this process ends before.
    const batch = database.batch();
    batch.del(metaKeys.format);
    await batch.write();
  } finally {
    await database.close();
  }
}
