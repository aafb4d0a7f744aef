import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { addToBloom, bloomLength } from '@devp2p/eth';
import type { LogPattern } from '../storage/indexes/log-index.ts';
import { type EncodedLog, fingerprintOf, readLogs } from '../storage/indexes/log-section.ts';

/** Selects logs. An empty list of alternatives matches all. */
export interface LogFilter {
  /** Of 20 bytes. */
  readonly addresses: readonly Uint8Array[];
  /** At most four lists, each with alternatives of 32 bytes for a topic. A log with fewer topics than lists does not match. */
  readonly topics: readonly (readonly Uint8Array[])[];
}

/** A log that matches a filter. */
export interface FoundLog {
  readonly transactionIndex: number;
  /** Place in the whole block. */
  readonly logIndex: number;
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
}

/** Bytes of a bloom filter in which an item has bits. */
type BloomBits = readonly (readonly [index: number, bits: number])[];

/** Addresses and topics by which a filter restricts logs, with their places: 0 for the address, from 1 on for topics. */
function restrictions({ addresses, topics }: LogFilter): { place: number; alternatives: readonly Uint8Array[] }[] {
  return [addresses, ...topics]
    .map((alternatives, place) => ({ place, alternatives }))
    .filter(({ alternatives }) => alternatives.length > 0);
}

/** The pattern of a filter in the index of logs. */
export function patternOf(filter: LogFilter, crypto: Crypto): LogPattern {
  return restrictions(filter).map(({ place, alternatives }) =>
    alternatives.map((item) => fingerprintOf(place, item, crypto)),
  );
}

/** Creates a check for the bloom filters of headers: whether a block may have logs that match. */
export function bloomCheck(filter: LogFilter, crypto: Crypto): (bloom: Uint8Array) => boolean {
  const wanted = restrictions(filter).map(({ alternatives }) => alternatives.map((item) => bloomBits(item, crypto)));
  return (bloom) => wanted.every((some) => some.some((bits) => isInBloom(bloom, bits)));
}

function bloomBits(item: Uint8Array, crypto: Crypto): BloomBits {
  const bloom = new Uint8Array(bloomLength);
  addToBloom(bloom, item, crypto);
  return [...bloom.entries()].filter(([, bits]) => bits !== 0);
}

function isInBloom(bloom: Uint8Array, bits: BloomBits): boolean {
  for (const [index, mask] of bits) if (((bloom[index] as number) & mask) !== mask) return false;
  return true;
}

/**
 * Creates a check for logs.
 *
 * @returns whether a log, as its address and its topics, matches
 */
export function logCheck({ addresses, topics }: LogFilter): (items: EncodedLog['items']) => boolean {
  const checks = [addresses, ...topics].map(memberCheck);
  return (items) => {
    if (items.length < checks.length) return false;
    for (let i = 0; i < checks.length; i++) if (!checks[i]?.(items[i] as Uint8Array)) return false;
    return true;
  };
}

/** Alternatives that are compared one by one; more of them are looked up. */
const fewAlternatives = 8;

function memberCheck(alternatives: readonly Uint8Array[]): (item: Uint8Array) => boolean {
  if (alternatives.length === 0) return () => true;
  if (alternatives.length <= fewAlternatives) return (item) => alternatives.some((one) => equalBytes(one, item));
  const byKey = new Set(alternatives.map(keyOf));
  return (item) => byKey.has(keyOf(item));
}

function keyOf(item: Uint8Array): string {
  return Buffer.from(item.buffer, item.byteOffset, item.length).toString('latin1');
}

/**
 * The logs of a block that match.
 *
 * @param receipts of the block, as a list in the form of eth/69
 * @throws RlpError
 */
export function* matchingLogs(
  receipts: Uint8Array,
  isWanted: (items: EncodedLog['items']) => boolean,
): Generator<FoundLog, void, undefined> {
  let logIndex = 0;
  for (const { receipt, items, data } of readLogs(receipts)) {
    if (isWanted(items)) {
      const [address, ...topics] = items as [Uint8Array, ...Uint8Array[]];
      yield { transactionIndex: receipt, logIndex, address, topics, data };
    }
    logIndex += 1;
  }
}
