import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { type SealedBody, type SealedHeader, transactionHash } from '@devp2p/eth';
import * as v from 'valibot';
import { bloomCheck, type FoundLog, type LogFilter, logCheck, matchingLogs } from '../../chain/log-filter.ts';
import type { BlockLogs } from '../../chain/log-search.ts';
import type { ViewedChain } from '../backend.ts';
import { placeIn } from '../codec/block.ts';
import { type BlockTag, blockNumber } from '../codec/block-id.ts';
import { data, parameter } from '../codec/hex.ts';
import { logJson } from '../codec/receipt.ts';
import { RpcError } from '../transport/rpc-error.ts';
import type { ChainView } from './chain-view.ts';

/** Limits of one query for logs. */
export interface LogLimits {
  /** Blocks of a range; 0 for no limit. @default 25_000, more than the 10,000 that consensus clients request */
  readonly maxBlocks: number;
  /** Bytes of the logs in JSON, about. @default 25_000_000, as of a response */
  readonly maxBytes: number;
  /** Time for a query, in ms. @default 10_000 */
  readonly maxTime: number;
}

const logLimits: LogLimits = { maxBlocks: 25_000, maxBytes: 25_000_000, maxTime: 10_000 };

/** Addresses, or topics at one place (go-ethereum). */
const maxAlternatives = 1_000;
const maxTopics = 4;

/** Blocks of a query. */
interface BlockSpan {
  readonly from: BlockTag | number;
  readonly to: BlockTag | number;
}

/** Selects logs and blocks. */
export interface LogRequest extends LogFilter {
  readonly blocks: { readonly hash: Uint8Array } | BlockSpan;
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
export function logFilter(value: unknown): LogRequest {
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

/** The parts of the node that a query uses. */
export interface LogParts {
  readonly chain: ViewedChain;
  readonly view: ChainView;
  readonly crypto: Crypto;
  readonly clock: Clock;
}

/**
 * Finds logs of canonical blocks.
 *
 * @throws RpcError `invalid-params` for a range that is empty, too long or above the head; `failed` for an unknown
 * block and when the chain changes meanwhile; `pruned-history` when receipts are not held; `too-large`; `timeout`
 */
export async function findLogs(
  request: LogRequest,
  { chain, view, crypto, clock }: LogParts,
  limits: LogLimits = logLimits,
): Promise<readonly unknown[]> {
  const { blocks, addresses, topics } = request;
  const found: unknown[] = [];
  let room = limits.maxBytes;
  const add = ({ header, body, logs }: BlockLogs): void => {
    for (const { json, size } of logsJson(header, body, logs, crypto)) {
      room -= size;
      if (room < 0) throw new RpcError('too-large', 'too many logs: request fewer blocks');
      found.push(json);
    }
  };
  if ('hash' in blocks) {
    const header = await view.header(blocks.hash);
    if (header === undefined) throw new RpcError('failed', 'unknown block');
    if (!bloomCheck(request, crypto)(header.logsBloom)) return found;
    const block = await view.block(blocks.hash);
    if (block === undefined) throw changed();
    const { body, receipts } = block;
    add({ header, body, logs: receipts && [...matchingLogs(receipts.raw, logCheck(request))] });
    return found;
  }
  const [from, to] = [await view.header(blocks.from), await view.header(blocks.to)];
  if (from === undefined || to === undefined || from.number > to.number) {
    throw new RpcError('invalid-params', 'invalid block range');
  }
  const count = to.number - from.number + 1;
  if (limits.maxBlocks > 0 && count > limits.maxBlocks) {
    throw new RpcError('invalid-params', `range of ${count} blocks, at most ${limits.maxBlocks}`);
  }
  const end = clock.monotonic() + limits.maxTime;
  const isOver = (): boolean => clock.monotonic() > end;
  for await (const block of chain.findLogs({ addresses, topics, first: from.number, last: to.number }, isOver)) {
    add(block);
  }
  if (isOver()) throw new RpcError('timeout', 'query timed out: request fewer blocks');
  const last = await view.header(to.number);
  if (last === undefined || !equalBytes(last.hash, to.hash)) throw changed();
  return found;
}

function changed(): RpcError {
  return new RpcError('failed', 'the chain changed during the request: repeat it');
}

/**
 * The logs of one block, with their size in JSON, about.
 *
 * @param removed whether a reorganization has removed the block. @default false
 * @throws RpcError `pruned-history`
 */
export function* logsJson(
  header: SealedHeader,
  body: SealedBody,
  logs: readonly FoundLog[] | undefined,
  crypto: Crypto,
  removed = false,
): Generator<{ json: unknown; size: number }> {
  if (logs === undefined) throw new RpcError('pruned-history', `receipts of block ${header.number} are not held`);
  let last: { readonly index: number; readonly hash: Uint8Array } | undefined;
  for (const log of logs) {
    const index = log.transactionIndex;
    if (last?.index !== index) last = { index, hash: transactionHash(body.transactions.at(index), crypto) };
    const json = logJson(log, placeIn(header, index), last.hash, log.logIndex, removed);
    yield { json, size: 600 + 2 * log.data.length };
  }
}
