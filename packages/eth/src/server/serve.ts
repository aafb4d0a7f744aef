import type { Crypto } from '@devp2p/crypto';
import { Reader, Writer } from '@devp2p/rlp';
import type { TransactionPool } from '../peer/eth-peer.ts';
import { wrapTransaction } from '../types/transaction.ts';
import { type GetBlockHeaders, type GetReceipts, maxBlocks } from '../wire/messages.ts';
import { toReceipts68 } from '../wire/receipt-forms.ts';
import type { Chain } from './chain.ts';

/** An answer ends with the item that reaches this length in bytes (eth.md's recommendation). */
const softLimit = 2 * 1024 * 1024;

/** No message is longer, in either direction, in bytes (eth.md). */
export const hardLimit: number = 10 * 1024 * 1024;

/** Prefixes, request id and flag around an answer's items take less than this, in bytes. */
const overhead = 32;

/** Hashes of one question that are looked up (go-ethereum's figure). */
const maxLookups = 2048;

/** Blocks that are looked up at once at most: as many of the longest ones may be read for nothing after short ones. */
const maxBatch = 16;

type Lookup = (hashes: readonly Uint8Array[]) => Promise<readonly (Uint8Array | undefined)[]>;

/**
 * What one look at the chain gives: the whole answer when there is nothing, or nothing else, to be had, or else what
 * reads the rest. go-ethereum keeps its consensus client waiting until its peers have said that they lack a block, so
 * that an empty answer waits for no other.
 */
export type Step<T> = T | (() => Promise<T>);

/** The answer to GetBlockHeaders. */
export async function serveHeaders(
  chain: Chain,
  query: GetBlockHeaders['query'],
): Promise<Step<Uint8Array[]>> {
  const origin = typeof query.origin === 'bigint' ? Number(query.origin) : query.origin;
  if (query.amount === 0n || !isReachable(origin)) return [];
  let amount = query.amount < maxBlocks ? Number(query.amount) : maxBlocks;
  let step = Number(query.skip) + 1;
  if (step >= longestChain) {
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
    const answer = new Items();
    for (const header of await chain.headers({ ...request, amount }))
      if (!answer.add(header)) break;
    return answer.items;
  };
}

/** No block has such a number, and 1024 steps from one to the next still are a safe integer. */
const longestChain = 2 ** 42;

function isReachable(origin: number | Uint8Array): boolean {
  return typeof origin !== 'number' || origin < longestChain;
}

/** The answer to GetBlockBodies. */
export async function serveBodies(
  chain: Chain,
  hashes: readonly Uint8Array[],
): Promise<Step<Uint8Array[]>> {
  const lookup: Lookup = (batch) => chain.bodies(batch);
  const [first] = await lookup(hashes.slice(0, 1));
  const answer = new Items();
  if (first === undefined || !answer.add(first) || hashes.length === 1) return answer.items;
  return async () => {
    for await (const body of lookUp(lookup, hashes.slice(1, maxLookups), answer)) {
      if (body === undefined || !answer.add(body)) break;
    }
    return answer.items;
  };
}

/** The answer to GetPooledTransactions. */
export async function servePooled(
  pool: TransactionPool,
  hashes: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const answer = new Items(maxLookups);
  for await (const transaction of lookUp(
    (batch) => pool.get(batch),
    hashes.slice(0, maxLookups),
    answer,
  )) {
    if (transaction !== undefined && !answer.add(wrapTransaction(transaction))) break;
  }
  return answer.items;
}

/** The answer to GetReceipts. Only eth/70 can leave receipts out at the ends of the first and last list. */
export async function serveReceipts(
  chain: Chain,
  request: GetReceipts,
  version: number,
  crypto: Crypto,
): Promise<Step<ReceiptsAnswer>> {
  const { hashes, firstBlockReceiptIndex } = request;
  const lookup: Lookup = (batch) => chain.receipts(batch);
  const [first] = await lookup(hashes.slice(0, 1));
  const answer = new Items();
  const done = { items: answer.items, lastBlockIncomplete: false };
  /** @returns the whole answer, when it ends with this block */
  const add = (stored: Uint8Array, from: number): ReceiptsAnswer | undefined => {
    if (answer.full) return done;
    const block = version < 69 ? toReceipts68(stored, crypto) : sliceList(stored, from);
    if (answer.add(block)) return undefined;
    const part = version < 70 ? emptyList : sliceList(block, 0, answer.room);
    return { items: answer.items, lastBlockIncomplete: part.length > 1 && answer.add(part) };
  };
  if (first === undefined) return done;
  return async () => {
    let whole = add(first, firstBlockReceiptIndex);
    if (whole !== undefined) return whole;
    for await (const stored of lookUp(lookup, hashes.slice(1, maxLookups), answer)) {
      whole = stored === undefined ? done : add(stored, 0);
      if (whole !== undefined) return whole;
    }
    return done;
  };
}

interface ReceiptsAnswer {
  readonly items: Uint8Array[];
  readonly lastBlockIncomplete: boolean;
}

/** Items of one answer, as many as the limits allow. */
class Items {
  readonly items: Uint8Array[] = [];
  #bytes = 0;
  readonly #max: number;

  constructor(max: number = maxBlocks) {
    this.#max = max;
  }

  /** Whether the answer ends here, whatever comes next. */
  get full(): boolean {
    return this.#bytes >= softLimit || this.items.length >= this.#max;
  }

  /** How long the next item can be, in bytes. */
  get room(): number {
    return hardLimit - overhead - this.#bytes;
  }

  /** How many items like those so far are missing until the answer is full, 1 to `maxBatch`. */
  get missing(): number {
    const average = this.#bytes / this.items.length || softLimit / maxBatch;
    return Math.min(maxBatch, Math.max(1, Math.ceil((softLimit - this.#bytes) / average)));
  }

  /** Takes an item in; `false` if the answer is full or the item too long for it. */
  add(item: Uint8Array): boolean {
    if (this.full || item.length > this.room) return false;
    this.items.push(item);
    this.#bytes += item.length;
    return true;
  }
}

/** What is found under each hash in turn, looked up in batches that follow the length of what the answer has so far. */
async function* lookUp(
  lookup: Lookup,
  hashes: readonly Uint8Array[],
  answer: Items,
): AsyncGenerator<Uint8Array | undefined, void, undefined> {
  for (let at = 0; at < hashes.length && !answer.full; ) {
    const end = at + answer.missing;
    for (const found of await lookup(hashes.slice(at, end))) yield found;
    at = end;
  }
}

const emptyList = Uint8Array.of(0xc0);

/** A list's elements from `from` on, as many as make a list of at most `room` bytes. */
function sliceList(encoded: Uint8Array, from: number, room: number = encoded.length): Uint8Array {
  if (from === 0 && room >= encoded.length) return encoded;
  const reader = new Reader(encoded);
  reader.enterList();
  for (let i = 0; i < from && !reader.done; i++) reader.skip();
  const start = reader.position;
  let end = start;
  while (!reader.done) {
    reader.skip();
    if (reader.position - start > room - longestPrefix) break;
    end = reader.position;
  }
  const writer = new Writer(end - start + longestPrefix);
  writer.copy(encoded.subarray(start, end));
  writer.wrapList(0);
  return writer.finish();
}

/** Of a list shorter than 4 GiB, in bytes. */
const longestPrefix = 5;
