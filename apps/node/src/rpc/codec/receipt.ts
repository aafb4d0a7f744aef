import type { Crypto } from '@devp2p/crypto';
import {
  addToBloom,
  bloomLength,
  contractAddress,
  type Log,
  type RawList,
  type Receipt,
  receiptCodec,
  type SealedHeader,
} from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import type { FoundLog } from '../../chain/log-filter.ts';
import { blobParameters, type ChainConfig } from '../../validation/chain-config.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { blobBaseFee, effectiveGasPrice, gasPerBlob } from '../../validation/fees.ts';
import { placeIn } from './block.ts';
import { toData, toQuantity } from './hex.ts';
import type { TransactionPlace } from './transaction.ts';
import type { TransactionIdentities } from './transaction-identities.ts';

type Json = Readonly<Record<string, unknown>>;

/** Transactions whose senders are recovered before other work has its turn. */
const turn = 64;

/** The rules by which receipts are shown. */
export interface ReceiptContext {
  readonly config: ChainConfig;
  readonly crypto: Crypto;
  readonly identities: TransactionIdentities;
}

/** A block's receipts as the `eth` methods show them. */
export async function receiptsJson(
  header: SealedHeader,
  transactions: RawList,
  receipts: RawList,
  context: ReceiptContext,
): Promise<readonly Json[]> {
  const all: Json[] = [];
  let before: Before = { gas: 0, logs: 0 };
  for (let index = 0; index < receipts.length; index++) {
    if (index % turn === turn - 1) await new Promise(setImmediate);
    const receipt = decode(receiptCodec, receipts.at(index));
    all.push(oneReceiptJson(header, transactions, receipt, index, before, context));
    before = after(receipt, before);
  }
  return all;
}

/** One receipt of a block as the `eth` methods show it. */
export function receiptJson(
  header: SealedHeader,
  transactions: RawList,
  receipts: RawList,
  index: number,
  context: ReceiptContext,
): Json {
  let before: Before = { gas: 0, logs: 0 };
  for (let i = 0; i < index; i++) before = after(decode(receiptCodec, receipts.at(i)), before);
  const receipt = decode(receiptCodec, receipts.at(index));
  return oneReceiptJson(header, transactions, receipt, index, before, context);
}

/** Gas and logs of the transactions of a block before one of them. */
interface Before {
  readonly gas: number;
  readonly logs: number;
}

function after({ cumulativeGas, logs }: Receipt, before: Before): Before {
  return { gas: cumulativeGas, logs: before.logs + logs.length };
}

function oneReceiptJson(
  header: SealedHeader,
  transactions: RawList,
  receipt: Receipt,
  index: number,
  before: Before,
  { config, crypto, identities }: ReceiptContext,
): Json {
  const blobs = blobParameters(config, header.timestamp);
  const blobGasPrice = blobs && blobBaseFee(header.excessBlobGas ?? 0, blobs);
  const transaction = decodeTransaction(transactions.at(index));
  const { hash, sender: from } = identities.of(header, transactions, index);
  const place = placeIn(header, index);
  const { type, to, nonce, blobVersionedHashes } = transaction;
  return {
    type: toQuantity(type),
    transactionHash: toData(hash),
    transactionIndex: toQuantity(index),
    blockHash: toData(header.hash),
    blockNumber: toQuantity(header.number),
    from: toData(from),
    to: to === undefined ? null : toData(to),
    contractAddress: to === undefined ? toData(contractAddress(from, nonce, crypto)) : null,
    cumulativeGasUsed: toQuantity(receipt.cumulativeGas),
    gasUsed: toQuantity(receipt.cumulativeGas - before.gas),
    effectiveGasPrice: toQuantity(effectiveGasPrice(transaction, place.baseFee)),
    ...outcomeJson(receipt),
    logsBloom: toData(bloomOf(receipt.logs, crypto)),
    logs: receipt.logs.map((log, i) => logJson(log, place, hash, before.logs + i)),
    ...(blobVersionedHashes &&
      blobGasPrice !== undefined && {
        blobGasUsed: toQuantity(gasPerBlob * blobVersionedHashes.length),
        blobGasPrice: toQuantity(blobGasPrice),
      }),
  };
}

/** A status since Byzantium, before that the state root. */
function outcomeJson({ outcome }: Receipt): Json {
  return typeof outcome === 'boolean' ? { status: toQuantity(outcome ? 1 : 0) } : { root: toData(outcome) };
}

function bloomOf(logs: readonly Log[], crypto: Crypto): Uint8Array {
  const bloom = new Uint8Array(bloomLength);
  for (const { address, topics } of logs) {
    for (const item of [address, ...topics]) addToBloom(bloom, item, crypto);
  }
  return bloom;
}

/**
 * @param logIndex place in the whole block
 * @param removed whether a reorganization has removed its block. @default false
 */
export function logJson(
  { address, topics, data }: Pick<FoundLog, 'address' | 'topics' | 'data'>,
  place: TransactionPlace,
  transactionHash: Uint8Array,
  logIndex: number,
  removed = false,
): Json {
  return {
    address: toData(address),
    topics: topics.map(toData),
    data: toData(data),
    blockHash: toData(place.blockHash),
    blockNumber: toQuantity(place.blockNumber),
    blockTimestamp: toQuantity(place.blockTimestamp),
    transactionHash: toData(transactionHash),
    transactionIndex: toQuantity(place.index),
    logIndex: toQuantity(logIndex),
    removed,
  };
}
