import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { Genesis } from '../config/genesis/genesis.ts';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { passThroughExecutor } from '../execution/executor.ts';
import type { Head } from '../storage/block-records.ts';
import type { BlockStore } from '../storage/blocks.ts';
import { decodeConfigRecord, encodeConfigRecord } from '../storage/config-record.ts';
import { type Database, put } from '../storage/database.ts';
import { corrupt } from '../storage/records.ts';
import { metaKey } from '../storage/schema.ts';
import { createBlockRules } from '../validation/block.ts';
import { decodeStored } from './decode-stored.ts';
import { createImportStages } from './import-stages.ts';
import type { NewBlock } from './interfaces.ts';
import { findScheduleConflict } from './schedule-conflict.ts';

/** @see settleSchedule */
export interface ScheduleParts {
  readonly database: Database;
  readonly store: BlockStore;
  readonly genesis: Genesis;
  readonly crypto: Crypto;
  /** Called before each batch of stored blocks, with the number of the last checked block and of the head. */
  readonly onCheck?: ((checked: number, last: number) => void) | undefined;
  /** Ends the check before the next batch; the next start repeats it. */
  readonly signal?: AbortSignal | undefined;
}

/** Blocks of one batch. */
const batchSize = 64;
const advice = 'use the schedule of the stored blocks, or another datadir';

/**
 * Checks that stored blocks match the given fork schedule, and stores the schedule. A stored schedule may differ after
 * the head; without a stored schedule, all stored blocks are checked by the given one.
 *
 * @throws ChainError `other-schedule`, `corrupt`; the reason of the signal
 */
export async function settleSchedule(parts: ScheduleParts): Promise<void> {
  const { database, store, genesis } = parts;
  const record = await database.get(metaKey('config'));
  if (record === undefined) await checkStoredBlocks(parts);
  else checkChanges(record, store, genesis, database.location);
  const given = encodeConfigRecord(genesis.config);
  if (record !== undefined && equalBytes(record, given)) return;
  await database.batch([put(metaKey('config'), given)]);
}

function checkChanges(
  record: Uint8Array,
  { head: { header, totalDifficulty } }: BlockStore,
  { config, source, header: first }: Genesis,
  location: string,
): void {
  const conflict = findScheduleConflict(decodeConfigRecord(record), config, {
    number: header.number,
    timestamp: header.timestamp,
    parentTotalDifficulty: totalDifficulty - header.difficulty,
    genesisDifficulty: first.difficulty,
  });
  if (conflict === undefined) return;
  const { field, stored, given } = conflict;
  const blocks = `blocks up to ${header.number} (time ${header.timestamp})`;
  throw new ChainError(
    'other-schedule',
    `${location} has ${blocks} by another fork schedule: ${field} is ${stored} there, ${given} in ${source}; ${advice}`,
  );
}

/** Checks all stored blocks, ascending. */
async function checkStoredBlocks(parts: ScheduleParts): Promise<void> {
  const { store, genesis, crypto, database, onCheck, signal } = parts;
  const { config, header: first } = genesis;
  const rules = createBlockRules(config, crypto);
  // Timestamps were checked against the clock when the blocks were imported.
  const clock = { now: () => Number.POSITIVE_INFINITY };
  const stages = createImportStages({
    store,
    config,
    rules,
    required: new Map(),
    executor: passThroughExecutor,
    clock,
    crypto,
  });
  const last = store.head.header.number;
  let parent: Head = { header: first, totalDifficulty: first.difficulty };
  for (let next = 1; next <= last; next += batchSize) {
    signal?.throwIfAborted();
    onCheck?.(next - 1, last);
    const count = Math.min(batchSize, last - next + 1);
    const numbers = Array.from({ length: count }, (_, i) => next + i);
    const blocks = await Promise.all(numbers.map((number) => storedBlock(store, number)));
    try {
      for await (const { header } of stages(blocks, parent)) {
        parent = { header, totalDifficulty: parent.totalDifficulty + header.difficulty };
      }
    } catch (error) {
      throw error instanceof BlockError ? misfit(error, database.location, genesis.source) : error;
    }
  }
}

async function storedBlock(store: BlockStore, number: number): Promise<NewBlock> {
  const block = await store.block(number);
  if (block === undefined) throw corrupt(`block ${number}`);
  return decodeStored(block);
}

function misfit(error: BlockError, location: string, source: string): ChainError {
  return new ChainError(
    'other-schedule',
    `${location} has no fork schedule of its own, and its blocks do not fit the one in ${source}: ${error.message}; ${advice}`,
    { cause: error },
  );
}
