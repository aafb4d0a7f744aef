import type { Crypto } from '@devp2p/crypto';
import { Reader, Writer } from '@devp2p/rlp';
import type { PeerTransactions } from '../gossip/transactions/transaction-exchange.ts';
import { wrapTransaction } from '../types/transaction.ts';
import type { ReceiptsFormat } from '../wire/eth-version.ts';
import { type GetBlockHeaders, type GetReceipts, maxBlocks } from '../wire/messages.ts';
import type { Chain } from './chain.ts';

/** A response ends with the item that reaches this length in bytes (recommended by eth.md). */
const softLimit = 2 * 1024 * 1024;

/** Longest message in either direction, in bytes (eth.md). */
export const hardLimit: number = 10 * 1024 * 1024;

/** Upper bound of prefixes, request id and flag around the items of a response, in bytes. */
export const envelopeLength = 32;

/** Hashes of one request that are looked up: of blocks, and of transactions (go-ethereum v1.17.10). */
const maxLookups = 2048;
const maxPooledLookups = 4096;

/** Blocks in one lookup. Bounds the blocks that are read in vain when long ones follow short ones. */
const maxBatch = 16;

type Lookup = (hashes: readonly Uint8Array[]) => Promise<readonly (Uint8Array | undefined)[]>;

/**
 * Result of the first read of the chain: the response, if it is complete, or a function that reads the rest.
 * go-ethereum keeps its consensus client waiting until its peers have reported that they lack a block, so an empty
 * response does not wait for the reads of others.
 */
export type Step<T> = T | (() => Promise<T>);

/** Serves GetBlockHeaders. */
export async function serveHeaders(chain: Chain, query: GetBlockHeaders['query']): Promise<Step<Uint8Array[]>> {
  const origin = typeof query.origin === 'bigint' ? Number(query.origin) : query.origin;
  if (query.amount === 0n || !isReachable(origin)) return [];
  let amount = query.amount < maxBlocks ? Number(query.amount) : maxBlocks;
  let step = Number(query.skip) + 1;
  if (step >= maxChainLength) {
    step = 1;
    amount = 1;
  }
  if (query.reverse && typeof origin === 'number') {
    amount = Math.min(amount, Math.floor(origin / step) + 1);
  }
  const request = { origin, step: query.reverse ? -step : step };
  const first = await chain.headers({ ...request, amount: 1 });
  if (first.length === 0 || amount === 1) return [...first];
  return async () => {
    const response = new ResponseItems();
    for (const header of await chain.headers({ ...request, amount })) if (!response.add(header)) break;
    return response.items;
  };
}

/** No block has this number, and 1024 steps of this length add up to a safe integer. */
const maxChainLength = 2 ** 42;

function isReachable(origin: number | Uint8Array): boolean {
  return typeof origin !== 'number' || origin < maxChainLength;
}

/** Serves GetBlockBodies. */
export async function serveBodies(chain: Chain, hashes: readonly Uint8Array[]): Promise<Step<Uint8Array[]>> {
  const lookup: Lookup = (batch) => chain.bodies(batch);
  const [first] = await lookup(hashes.slice(0, 1));
  const response = new ResponseItems();
  if (first === undefined || !response.add(first) || hashes.length === 1) return response.items;
  return async () => {
    for await (const body of lookUp(lookup, hashes.slice(1, maxLookups), response)) {
      if (body === undefined || !response.add(body)) break;
    }
    return response.items;
  };
}

/** Serves GetPooledTransactions. */
export async function servePooled(
  transactions: PeerTransactions | undefined,
  hashes: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  if (transactions === undefined) return [];
  const response = new ResponseItems(maxPooledLookups);
  const served: Uint8Array[] = [];
  const wanted = hashes.slice(0, maxPooledLookups);
  let index = 0;
  for await (const transaction of lookUp((batch) => transactions.get(batch), wanted, response)) {
    const hash = wanted[index++] as Uint8Array;
    if (transaction === undefined) continue;
    if (!response.add(wrapTransaction(transaction))) break;
    served.push(hash);
  }
  transactions.served(served);
  return response.items;
}

/**
 * Serves GetReceipts. Where receipts are divisible, the first list may lack receipts at its start and the last list at
 * its end.
 */
export async function serveReceipts(
  chain: Chain,
  request: GetReceipts,
  format: ReceiptsFormat,
  crypto: Crypto,
): Promise<Step<ReceiptsResponse>> {
  const { hashes, firstBlockReceiptIndex } = request;
  const lookup: Lookup = (batch) => chain.receipts(batch);
  const [first] = await lookup(hashes.slice(0, 1));
  const response = new ResponseItems();
  const done = { items: response.items, lastBlockIncomplete: false };
  /** @returns the whole response, when it ends with this block */
  const add = (stored: Uint8Array, from: number): ReceiptsResponse | undefined => {
    if (response.full) return done;
    const block = sliceList(format.encode(stored, crypto), from);
    if (response.add(block)) return undefined;
    const part = format.isDivisible ? sliceList(block, 0, response.room) : emptyList;
    return { items: response.items, lastBlockIncomplete: part.length > 1 && response.add(part) };
  };
  if (first === undefined) return done;
  return async () => {
    let whole = add(first, firstBlockReceiptIndex);
    if (whole !== undefined) return whole;
    for await (const stored of lookUp(lookup, hashes.slice(1, maxLookups), response)) {
      whole = stored === undefined ? done : add(stored, 0);
      if (whole !== undefined) return whole;
    }
    return done;
  };
}

interface ReceiptsResponse {
  readonly items: Uint8Array[];
  readonly lastBlockIncomplete: boolean;
}

/** Items of one response, up to the limits. */
class ResponseItems {
  readonly items: Uint8Array[] = [];
  #bytes = 0;
  readonly #max: number;

  constructor(max: number = maxBlocks) {
    this.#max = max;
  }

  /** Whether the response takes no further item. */
  get full(): boolean {
    return this.#bytes >= softLimit || this.items.length >= this.#max;
  }

  /** Longest next item in bytes. */
  get room(): number {
    return hardLimit - envelopeLength - this.#bytes;
  }

  /** Estimate of the items that are missing until the response is full, 1 to `maxBatch`, from the lengths so far. */
  get missing(): number {
    const average = this.#bytes / this.items.length || softLimit / maxBatch;
    return Math.min(maxBatch, Math.max(1, Math.ceil((softLimit - this.#bytes) / average)));
  }

  /** Adds an item. @returns `false` when the response is full or the item is too long for it. */
  add(item: Uint8Array): boolean {
    if (this.full || item.length > this.room) return false;
    this.items.push(item);
    this.#bytes += item.length;
    return true;
  }
}

/** Looks hashes up in order, in batches that follow the lengths of earlier items. */
async function* lookUp(
  lookup: Lookup,
  hashes: readonly Uint8Array[],
  response: ResponseItems,
): AsyncGenerator<Uint8Array | undefined, void, undefined> {
  for (let at = 0; at < hashes.length && !response.full; ) {
    const end = at + response.missing;
    for (const found of await lookup(hashes.slice(at, end))) yield found;
    at = end;
  }
}

const emptyList = Uint8Array.of(0xc0);

/** The elements of a list from index `from` on that fit into a list of at most `room` bytes. */
function sliceList(encoded: Uint8Array, from: number, room: number = encoded.length): Uint8Array {
  if (from === 0 && room >= encoded.length) return encoded;
  const reader = new Reader(encoded);
  reader.enterList();
  for (let i = 0; i < from && !reader.done; i++) reader.skip();
  const start = reader.position;
  let end = start;
  while (!reader.done) {
    reader.skip();
    if (reader.position - start > room - maxPrefixLength) break;
    end = reader.position;
  }
  const writer = new Writer(end - start + maxPrefixLength);
  writer.copy(encoded.subarray(start, end));
  writer.wrapList(0);
  return writer.finish();
}

/** Prefix of a list shorter than 4 GiB, in bytes. */
const maxPrefixLength = 5;
