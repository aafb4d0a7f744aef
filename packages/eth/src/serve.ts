import type { Crypto } from '@devp2p/crypto';
import { Reader, Writer } from '@devp2p/rlp';
import type { Chain } from './chain.ts';
import type { TransactionPool } from './eth-peer.ts';
import { type GetBlockHeaders, type GetReceipts, maxBlocks } from './messages.ts';
import { toReceipts68 } from './receipt-forms.ts';
import { wrapTransaction } from './transaction.ts';

/** An answer ends with the item that reaches this length in bytes (eth.md's recommendation). */
const softLimit = 2 * 1024 * 1024;

/** No message is longer, in either direction, in bytes (eth.md). */
export const hardLimit: number = 10 * 1024 * 1024;

/** Prefixes, request id and flag around an answer's items take less than this, in bytes. */
const overhead = 32;

/** Hashes of one question that are looked up (go-ethereum's figure). */
const maxLookups = 2048;

/**
 * Blocks that are looked up at once, first and at most: as many of the longest ones may be read for nothing behind some
 * short ones.
 */
const firstBatch = 4;
const maxBatch = 16;

type Lookup = (hashes: readonly Uint8Array[]) => Promise<readonly (Uint8Array | undefined)[]>;

/** The answer to GetBlockHeaders. */
export async function serveHeaders(
  chain: Chain,
  query: GetBlockHeaders['query'],
): Promise<Uint8Array[]> {
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
  const headers = await chain.headers({ origin, amount, step: query.reverse ? -step : step });
  const answer = new Items();
  for (const header of headers) if (!answer.add(header)) break;
  return answer.items;
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
): Promise<Uint8Array[]> {
  const answer = new Items();
  for await (const body of lookUp((batch) => chain.bodies(batch), hashes, answer)) {
    if (body === undefined || !answer.add(body)) break;
  }
  return answer.items;
}

/** The answer to GetPooledTransactions. */
export async function servePooled(
  pool: TransactionPool,
  hashes: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const answer = new Items(maxLookups);
  for await (const transaction of lookUp((batch) => pool.get(batch), hashes, answer)) {
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
): Promise<{ items: Uint8Array[]; lastBlockIncomplete: boolean }> {
  const answer = new Items();
  let first = request.firstBlockReceiptIndex;
  for await (const stored of lookUp((batch) => chain.receipts(batch), request.hashes, answer)) {
    if (stored === undefined || answer.full) break;
    const block = version < 69 ? toReceipts68(stored, crypto) : sliceList(stored, first);
    first = 0;
    if (answer.add(block)) continue;
    const part = version < 70 ? emptyList : sliceList(block, 0, answer.room);
    return { items: answer.items, lastBlockIncomplete: part.length > 1 && answer.add(part) };
  }
  return { items: answer.items, lastBlockIncomplete: false };
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
    const average = this.#bytes / this.items.length || 1;
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

/** What is found under each hash in turn, looked up in batches that follow the length of what was found so far. */
async function* lookUp(
  lookup: Lookup,
  hashes: readonly Uint8Array[],
  answer: Items,
): AsyncGenerator<Uint8Array | undefined, void, undefined> {
  let batch = firstBatch;
  for (let at = 0; at < Math.min(hashes.length, maxLookups) && !answer.full; ) {
    const end = Math.min(at + batch, maxLookups);
    for (const found of await lookup(hashes.slice(at, end))) yield found;
    at = end;
    batch = answer.missing;
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
