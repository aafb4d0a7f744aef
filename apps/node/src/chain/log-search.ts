import { setImmediate } from 'node:timers/promises';
import type { Crypto } from '@devp2p/crypto';
import { bloomLength, decodeBody, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { Reader } from '@devp2p/rlp';
import type { BlockStore } from '../storage/blocks.ts';
import type { Database } from '../storage/database.ts';
import type { IndexState } from '../storage/indexes/canonical-index.ts';
import type { LogIndex } from '../storage/indexes/log-index.ts';
import { sectionLength } from '../storage/indexes/log-section.ts';
import { corrupt } from '../storage/records.ts';
import { type BlockRef, blockKey } from '../storage/schema.ts';
import { bloomCheck, type FoundLog, type LogFilter, logCheck, matchingLogs, patternOf } from './log-filter.ts';

/** Canonical blocks whose logs are searched. */
interface LogQuery extends LogFilter {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

/** A block with logs that match a query. */
export interface BlockLogs {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** `undefined` for a block that may have some, and whose receipts are not stored. */
  readonly logs: readonly FoundLog[] | undefined;
}

/** Finds logs by address and topics. */
export interface LogReader {
  readonly logIndex: IndexState;
  /**
   * Searches canonical blocks, ascending. A reorganization during the search shows from the next block on.
   *
   * @param isOver asked after each few blocks; the search ends when it returns true. @default never
   * @throws ChainError
   */
  findLogs(query: LogQuery, isOver?: () => boolean): AsyncIterable<BlockLogs>;
}

/** @see createLogReader */
export interface LogReaderParts {
  readonly database: Database;
  readonly store: BlockStore;
  readonly index: LogIndex;
  readonly crypto: Crypto;
}

/** Blocks whose receipts are read at once. */
const readBatch = 8;
/** Bytes of receipts that are searched before other work has its turn: a few ms. */
const turnSize = 256 * 1024;

export function createLogReader({ database, store, index, crypto }: LogReaderParts): Pick<LogReader, 'findLogs'> {
  /** Numbers of the blocks of a section that may have matching logs, by the index or by the headers. */
  const candidatesOf = (query: LogQuery): ((first: number, last: number) => Promise<number[]>) => {
    const pattern = patternOf(query, crypto);
    const isPossible = bloomCheck(query, crypto);
    return async (first, last) => {
      const section = Math.floor(first / sectionLength);
      const { first: low, next } = index.range;
      if (first >= low && first < next) {
        const places = await index.search(section, pattern);
        if (places !== undefined) {
          return numbersFrom(first, last).filter((number) => places[number - section * sectionLength] === 1);
        }
      }
      const records = await store.headerRecords({ origin: first, amount: last - first + 1, step: 1 });
      return records
        .filter(({ number, record }) => record !== undefined && isPossible(bloomOf(record, number)))
        .map(({ number }) => number);
    };
  };

  const read = async ({ number, hash }: BlockRef): Promise<Omit<BlockLogs, 'logs'>> => {
    const [header, body] = await Promise.all([
      store.headerByHash(hash),
      database.get(blockKey('bodies', number, hash)),
    ]);
    if (header === undefined || body === undefined) throw corrupt(`block ${number}`);
    return { header, body: decodeBody(body) };
  };

  return {
    async *findLogs(query, isOver = () => false) {
      const candidates = candidatesOf(query);
      const isWanted = logCheck(query);
      let size = 0;
      for (let first = query.first; first <= query.last; first = endOfSection(first) + 1) {
        if (isOver()) return;
        const numbers = await candidates(first, Math.min(query.last, endOfSection(first)));
        for (let at = 0; at < numbers.length; at += readBatch) {
          if (isOver()) return;
          const refs = await canonicalOf(store, numbers.slice(at, at + readBatch));
          const records = await database.getMany(refs.map(({ number, hash }) => blockKey('receipts', number, hash)));
          for (const [i, receipts] of records.entries()) {
            const ref = refs[i] as BlockRef;
            const logs = receipts && found(receipts, isWanted, ref.number);
            if (logs?.length !== 0) yield { ...(await read(ref)), logs };
            size += receipts?.length ?? 0;
            if (size < turnSize) continue;
            size = 0;
            await setImmediate();
          }
        }
      }
    },
  };
}

function found(receipts: Uint8Array, isWanted: ReturnType<typeof logCheck>, number: number): FoundLog[] {
  try {
    return [...matchingLogs(receipts, isWanted)];
  } catch (error) {
    throw corrupt(`the receipts of block ${number}`, error);
  }
}

/** Canonical blocks by numbers; those beyond the head are left out. */
async function canonicalOf(store: BlockStore, numbers: readonly number[]): Promise<BlockRef[]> {
  const refs: BlockRef[] = [];
  for (const [i, hash] of (await Promise.all(numbers.map((number) => store.hashAt(number)))).entries()) {
    if (hash !== undefined) refs.push({ number: numbers[i] as number, hash });
  }
  return refs;
}

function numbersFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** The number of the last block of a section. */
function endOfSection(number: number): number {
  return (Math.floor(number / sectionLength) + 1) * sectionLength - 1;
}

/** Fields of a header before its bloom filter. */
const fieldsBeforeBloom = 6;

/** The bloom filter of an encoded header. */
function bloomOf(header: Uint8Array, number: number): Uint8Array {
  try {
    const reader = new Reader(header);
    reader.enterList();
    for (let i = 0; i < fieldsBeforeBloom; i++) reader.skip();
    return reader.fixed(bloomLength);
  } catch (error) {
    throw corrupt(`the header of block ${number}`, error);
  }
}
