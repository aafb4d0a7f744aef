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
  transactionHash,
} from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { blobParameters, type ChainConfig } from '../../validation/chain-config.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { blobBaseFee, effectiveGasPrice, gasPerBlob } from '../../validation/fees.ts';
import { placeIn } from './block.ts';
import { toData, toQuantity } from './hex.ts';
import { senderOf, type TransactionPlace } from './transaction.ts';

type Json = Readonly<Record<string, unknown>>;

/** Transactions whose senders are recovered before other work has its turn. */
const turn = 64;

/** A block's receipts as the `eth` methods show them. */
export async function receiptsJson(
  header: SealedHeader,
  transactions: RawList,
  receipts: RawList,
  { config, crypto }: { readonly config: ChainConfig; readonly crypto: Crypto },
): Promise<readonly Json[]> {
  const blobs = blobParameters(config, header.timestamp);
  const blobGasPrice = blobs && blobBaseFee(header.excessBlobGas ?? 0, blobs);
  const all: Json[] = [];
  let gasBefore = 0;
  let logIndex = 0;
  for (let index = 0; index < receipts.length; index++) {
    if (index % turn === turn - 1) await new Promise(setImmediate);
    const receipt = decode(receiptCodec, receipts.at(index));
    const transaction = decodeTransaction(transactions.at(index));
    const hash = transactionHash(transaction.raw, crypto);
    const place = placeIn(header, index);
    const from = senderOf(transaction, crypto);
    const { type, to, nonce, blobVersionedHashes } = transaction;
    all.push({
      type: toQuantity(type),
      transactionHash: toData(hash),
      transactionIndex: toQuantity(index),
      blockHash: toData(header.hash),
      blockNumber: toQuantity(header.number),
      from: toData(from),
      to: to === undefined ? null : toData(to),
      contractAddress: to === undefined ? toData(contractAddress(from, nonce, crypto)) : null,
      cumulativeGasUsed: toQuantity(receipt.cumulativeGas),
      gasUsed: toQuantity(receipt.cumulativeGas - gasBefore),
      effectiveGasPrice: toQuantity(effectiveGasPrice(transaction, place.baseFee)),
      ...outcomeJson(receipt),
      logsBloom: toData(bloomOf(receipt.logs, crypto)),
      logs: receipt.logs.map((log, i) => logJson(log, place, hash, logIndex + i)),
      ...(blobVersionedHashes &&
        blobGasPrice !== undefined && {
          blobGasUsed: toQuantity(gasPerBlob * blobVersionedHashes.length),
          blobGasPrice: toQuantity(blobGasPrice),
        }),
    });
    gasBefore = receipt.cumulativeGas;
    logIndex += receipt.logs.length;
  }
  return all;
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

/** @param logIndex place in the whole block */
export function logJson(
  { address, topics, data }: Log,
  place: TransactionPlace,
  transactionHash: Uint8Array,
  logIndex: number,
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
    removed: false,
  };
}
