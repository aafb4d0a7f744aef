import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { addToBloom, bloomLength, type Log, receiptCodec, type SealedHeader, transactionHash } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import * as v from 'valibot';
import { placeIn } from '../codec/block.ts';
import { type BlockTag, blockNumber } from '../codec/block-id.ts';
import { data, parameter } from '../codec/hex.ts';
import { logJson } from '../codec/receipt.ts';
import { RpcError } from '../transport/rpc-error.ts';
import type { ChainView, ViewedBlock } from './chain-view.ts';

/** Limits of one query for logs. */
export interface LogLimits {
  /** Blocks of a range. @default 25_000, more than the 10,000 that consensus clients request */
  readonly maxBlocks: number;
  /** Bytes of the logs in JSON, about. @default 100_000_000 */
  readonly maxBytes: number;
}

const logLimits: LogLimits = { maxBlocks: 25_000, maxBytes: 100_000_000 };

/** Addresses, or topics at one place (go-ethereum). */
const maxAlternatives = 1_000;
const maxTopics = 4;

/** Selects logs and blocks. An empty list of alternatives matches all. */
interface LogFilter {
  readonly blocks: { readonly hash: Uint8Array } | { readonly from: BlockTag | number; readonly to: BlockTag | number };
  readonly addresses: readonly Uint8Array[];
  readonly topics: readonly (readonly Uint8Array[])[];
}

/** Bytes of one length, one or several of them; absent or `null` for none. */
const oneOrMore = (length: number) => {
  const expected = `expected 0x and ${2 * length} hex digits, or at most ${maxAlternatives} of those`;
  const several = v.pipe(v.array(data(length)), v.maxLength(maxAlternatives));
  return v.pipe(
    v.nullish(v.union([data(length), several], expected), []),
    v.transform((value) => (value instanceof Uint8Array ? [value] : value)),
  );
};

const fields = parameter(
  v.object({
    fromBlock: v.nullish(v.unknown()),
    toBlock: v.nullish(v.unknown()),
    blockHash: v.nullish(data(32)),
    address: oneOrMore(20),
    topics: v.nullish(
      v.pipe(v.array(oneOrMore(32)), v.maxLength(maxTopics, `expected topics at ${maxTopics} places at most`)),
      [],
    ),
  }),
);

/** Reads the parameter of `eth_getLogs`. Throws an `Error` with the expected form. */
export function logFilter(value: unknown): LogFilter {
  const { fromBlock, toBlock, blockHash, address, topics } = fields(value);
  const rest = { addresses: address, topics };
  if (blockHash !== null && blockHash !== undefined) {
    if ((fromBlock ?? toBlock ?? null) !== null) {
      throw new Error('expected blockHash, or fromBlock and toBlock, but not both');
    }
    return { blocks: { hash: blockHash }, ...rest };
  }
  return { blocks: { from: bound(fromBlock), to: bound(toBlock) }, ...rest };
}

function bound(value: unknown): BlockTag | number {
  const block = blockNumber(value ?? 'latest');
  if (block === 'pending') throw new Error('expected another block than the pending one');
  return block;
}

/**
 * Finds logs in the receipts of canonical blocks.
 *
 * @throws RpcError `invalid-params` for a range that is empty, too long or above the head; `failed` for an unknown
 * block; `pruned-history` when receipts are not held; `too-large`
 */
export async function findLogs(
  filter: LogFilter,
  view: ChainView,
  crypto: Crypto,
  limits: LogLimits = logLimits,
): Promise<readonly unknown[]> {
  const { blocks, addresses, topics } = filter;
  const wanted = [addresses, ...topics]
    .filter((alternatives) => alternatives.length > 0)
    .map((alternatives) => alternatives.map((item) => bloomBits(item, crypto)));
  const found: unknown[] = [];
  let room = limits.maxBytes;
  const look = async (header: SealedHeader): Promise<void> => {
    if (!wanted.every((some) => some.some((bits) => isInBloom(header.logsBloom, bits)))) return;
    const block = await view.block(header.hash);
    if (block === undefined) throw new RpcError('failed', 'the chain changed during the request: repeat it');
    for (const { json, size } of matchingLogs(block, filter, crypto)) {
      room -= size;
      if (room < 0) throw new RpcError('too-large', 'too many logs: request fewer blocks');
      found.push(json);
    }
  };
  if ('hash' in blocks) {
    const header = await view.header(blocks.hash);
    if (header === undefined) throw new RpcError('failed', 'unknown block');
    await look(header);
    return found;
  }
  const [from, to] = [await view.header(blocks.from), await view.header(blocks.to)];
  if (from === undefined || to === undefined || from.number > to.number) {
    throw new RpcError('invalid-params', 'invalid block range');
  }
  const count = to.number - from.number + 1;
  if (count > limits.maxBlocks) {
    throw new RpcError('invalid-params', `range of ${count} blocks, at most ${limits.maxBlocks}`);
  }
  for (let number = from.number; number <= to.number; number++) {
    const header = await view.header(number);
    if (header === undefined) throw new RpcError('failed', 'the chain changed during the request: repeat it');
    await look(header);
  }
  return found;
}

function* matchingLogs(
  { header, body, receipts }: ViewedBlock,
  filter: LogFilter,
  crypto: Crypto,
): Generator<{ json: unknown; size: number }> {
  if (receipts === undefined) {
    throw new RpcError('pruned-history', `receipts of block ${header.number} are not held`);
  }
  let logIndex = 0;
  for (let index = 0; index < receipts.length; index++) {
    const { logs } = decode(receiptCodec, receipts.at(index));
    let hash: Uint8Array | undefined;
    for (const log of logs) {
      if (isWanted(log, filter)) {
        hash ??= transactionHash(body.transactions.at(index), crypto);
        const json = logJson(log, placeIn(header, index), hash, logIndex);
        yield { json, size: 600 + 2 * log.data.length };
      }
      logIndex += 1;
    }
  }
}

function isWanted(log: Log, { addresses, topics }: LogFilter): boolean {
  const isAmong = (all: readonly Uint8Array[], one: Uint8Array): boolean =>
    all.length === 0 || all.some((other) => equalBytes(other, one));
  return (
    isAmong(addresses, log.address) &&
    topics.length <= log.topics.length &&
    topics.every((some, i) => isAmong(some, log.topics[i] as Uint8Array))
  );
}

/** The bytes of a bloom filter in which an item has bits. */
type BloomBits = readonly (readonly [index: number, bits: number])[];

function bloomBits(item: Uint8Array, crypto: Crypto): BloomBits {
  const bloom = new Uint8Array(bloomLength);
  addToBloom(bloom, item, crypto);
  return [...bloom.entries()].filter(([, bits]) => bits !== 0);
}

function isInBloom(bloom: Uint8Array, bits: BloomBits): boolean {
  return bits.every(([index, mask]) => ((bloom[index] as number) & mask) === mask);
}
