import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import {
  bodyCodec,
  decodeBody,
  listRoot,
  RawList,
  StackTrie,
  sealHeader,
  transactionsOf,
  withdrawalCodec,
} from '@devp2p/eth';
import { decode, encode } from '@devp2p/rlp';
import { TransactionError } from '../../errors/transaction-error.ts';
import { maxBlockSize } from '../../validation/block.ts';
import type { ChainConfig } from '../../validation/chain-config.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { emptyListHash } from '../../validation/empty-roots.ts';
import type { BuildRequest, BuiltBlock, RefusedTransaction } from '../build-request.ts';
import type { StateChanges } from '../state/interfaces.ts';
import type { BlockExecution } from './block-execution.ts';
import type { BlockProcessor, BlockStart } from './block-processor.ts';
import { nextFields } from './next-header.ts';

/** Room in a block for everything but transactions and withdrawals (go-ethereum, `maxBlockSizeBufferZone`). */
const sizeReserve = 1_000_000;
/** A transaction costs at least this gas (EIP-2780). */
const minTransactionGas = 12_000;
/** Gas after which other tasks of the thread have their turn: some ms of execution. */
const gasPerTurn = 2_000_000;

const emptyNonce: Uint8Array = new Uint8Array(8);

/** @see buildBlock */
export interface BuildParts {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  readonly processor: Pick<BlockProcessor, 'begin' | 'commitments'>;
  /** The state after the parent. */
  readonly start: BlockStart;
  /** The root of the state after changes of the parent's. */
  readonly stateRoot: (changes: StateChanges) => Uint8Array;
  /**
   * Called regularly between transactions.
   *
   * @returns whether to end the block with the transactions that it has
   */
  readonly onTurn: () => Promise<boolean>;
}

/**
 * Builds a block on a state. A transaction that cannot be executed is left out; the later ones of its sender fail for
 * their nonce.
 *
 * @throws BlockError when no block is valid on this parent, or its withdrawals are too many
 */
export async function buildBlock(request: BuildRequest, parts: BuildParts): Promise<BuiltBlock> {
  const { config, crypto, processor, start, stateRoot } = parts;
  const { withdrawals } = request;
  const fields = nextFields(config, request);
  const execution = await processor.begin(fields, start);
  const { transactions, included, refused, value } = await fill(execution, request, parts);
  const result = await execution.finish({
    withdrawals: [...(withdrawals ?? [])].map((raw) => decode(withdrawalCodec, raw)),
  });
  const commitments = processor.commitments(result);
  const list = transactionsOf(transactions);
  const trie = new StackTrie(crypto);
  const header = sealHeader(
    {
      ...fields,
      unclesHash: emptyListHash,
      stateRoot: stateRoot(result.changes),
      transactionsRoot: listRoot(trie, list),
      receiptsRoot: commitments.receiptsRoot,
      logsBloom: commitments.logsBloom,
      gasUsed: commitments.gasUsed,
      extraData: request.extraData,
      nonce: emptyNonce,
      ...(withdrawals && { withdrawalsRoot: listRoot(trie, withdrawals) }),
      ...(fields.excessBlobGas !== undefined && { blobGasUsed: commitments.blobGasUsed }),
      ...(commitments.requestsHash && { requestsHash: commitments.requestsHash }),
      ...(commitments.blockAccessListHash && { blockAccessListHash: commitments.blockAccessListHash }),
    },
    crypto,
  );
  const body = encode(bodyCodec, { transactions: list, uncles: RawList.of([]), ...(withdrawals && { withdrawals }) });
  const { accessList, requests } = result;
  return { header, body: decodeBody(body), accessList, requests, included, refused, value };
}

interface Filling {
  readonly transactions: readonly Uint8Array[];
  readonly included: readonly number[];
  readonly refused: readonly RefusedTransaction[];
  readonly value: bigint;
}

/** Executes transactions until no more fit. */
async function fill(
  execution: BlockExecution,
  { transactions, withdrawals }: BuildRequest,
  { onTurn }: BuildParts,
): Promise<Filling> {
  const filled: Uint8Array[] = [];
  const included: number[] = [];
  const refused: RefusedTransaction[] = [];
  /** Senders whose later transactions would fail. */
  const skipped = new Set<string>();
  let room = maxBlockSize - sizeReserve - (withdrawals?.raw.length ?? 0);
  let value = 0n;
  let gas = 0;
  for (const [position, { raw, sender }] of transactions.entries()) {
    if (execution.gasLeft < minTransactionGas) break;
    if (skipped.has(toHex(sender))) continue;
    if (gas >= gasPerTurn) {
      gas = 0;
      if (await onTurn()) break;
    }
    if (raw.length > room) {
      skipped.add(toHex(sender));
      continue;
    }
    try {
      const { tip, spent } = await execution.apply(decodeTransaction(raw), sender);
      filled.push(raw);
      included.push(position);
      room -= raw.length;
      value += tip * BigInt(spent.paid);
      gas += spent.paid;
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error;
      gas += minTransactionGas;
      refused.push({ position, code: error.code, reason: error.message });
      // After a nonce that was used before, the next one may be valid.
      if (error.code !== 'transaction-nonce') skipped.add(toHex(sender));
    }
  }
  return { transactions: filled, included, refused, value };
}
