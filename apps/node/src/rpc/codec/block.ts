import type { Crypto } from '@devp2p/crypto';
import { decodeHeader, type RawList, type SealedBody, type SealedHeader, withdrawalCodec } from '@devp2p/eth';
import { decode } from '@devp2p/rlp';
import { encodeBlock } from '../../chain/files/block-rlp.ts';
import { decodeTransaction } from '../../validation/decode-transaction.ts';
import { toData, toQuantity } from './hex.ts';
import { type TransactionPlace, transactionJson } from './transaction.ts';
import type { TransactionIdentities } from './transaction-identities.ts';

type Json = Readonly<Record<string, unknown>>;

/** A header as the `eth` methods show it. */
export function headerJson(header: SealedHeader): Json {
  const { baseFeePerGas, withdrawalsRoot, blobGasUsed, excessBlobGas } = header;
  const { parentBeaconBlockRoot, requestsHash, blockAccessListHash, slotNumber } = header;
  return {
    number: toQuantity(header.number),
    hash: toData(header.hash),
    parentHash: toData(header.parentHash),
    nonce: toData(header.nonce),
    mixHash: toData(header.mixHash),
    sha3Uncles: toData(header.unclesHash),
    logsBloom: toData(header.logsBloom),
    transactionsRoot: toData(header.transactionsRoot),
    stateRoot: toData(header.stateRoot),
    receiptsRoot: toData(header.receiptsRoot),
    miner: toData(header.beneficiary),
    difficulty: toQuantity(header.difficulty),
    extraData: toData(header.extraData),
    gasLimit: toQuantity(header.gasLimit),
    gasUsed: toQuantity(header.gasUsed),
    timestamp: toQuantity(header.timestamp),
    ...(baseFeePerGas !== undefined && { baseFeePerGas: toQuantity(baseFeePerGas) }),
    ...(withdrawalsRoot && { withdrawalsRoot: toData(withdrawalsRoot) }),
    ...(blobGasUsed !== undefined && { blobGasUsed: toQuantity(blobGasUsed) }),
    ...(excessBlobGas !== undefined && { excessBlobGas: toQuantity(excessBlobGas) }),
    ...(parentBeaconBlockRoot && { parentBeaconBlockRoot: toData(parentBeaconBlockRoot) }),
    ...(requestsHash && { requestsHash: toData(requestsHash) }),
    ...(blockAccessListHash && { blockAccessListHash: toData(blockAccessListHash) }),
    ...(slotNumber !== undefined && { slotNumber: toQuantity(slotNumber) }),
  };
}

/** Transactions whose senders are recovered before other work has its turn. */
const turn = 64;

/** A block as the `eth` methods show it, its transactions whole or as hashes. */
export async function blockJson(
  header: SealedHeader,
  body: SealedBody,
  whole: boolean,
  crypto: Crypto,
  identities: TransactionIdentities,
): Promise<Json> {
  const transactions: unknown[] = [];
  for (let index = 0; index < body.transactions.length; index++) {
    if (!whole) transactions.push(toData(identities.hash(header, body.transactions, index)));
    else {
      if (index % turn === turn - 1) await new Promise(setImmediate);
      transactions.push(blockTransactionJson(header, body.transactions, index, identities));
    }
  }
  return {
    ...headerJson(header),
    size: toQuantity(encodeBlock(header.raw, body.raw).length),
    uncles: [...body.uncles].map((uncle) => toData(crypto.keccak256(uncle))),
    transactions,
    ...(body.withdrawals && { withdrawals: withdrawalsJson(body.withdrawals) }),
  };
}

/** An uncle: its header and no transactions. */
export function uncleJson(raw: Uint8Array, crypto: Crypto): Json {
  const header = decodeHeader(raw, crypto);
  const size = encodeBlock(raw, Uint8Array.of(0xc2, 0xc0, 0xc0)).length;
  return { ...headerJson(header), size: toQuantity(size), uncles: [] };
}

/** One transaction of a block. */
export function blockTransactionJson(
  header: SealedHeader,
  transactions: RawList,
  index: number,
  identities: TransactionIdentities,
): Json {
  const identity = identities.of(header, transactions, index);
  return transactionJson(decodeTransaction(transactions.at(index)), placeIn(header, index), identity);
}

export function placeIn(header: SealedHeader, index: number): TransactionPlace {
  const { hash, number, timestamp, baseFeePerGas } = header;
  return {
    blockHash: hash,
    blockNumber: number,
    blockTimestamp: timestamp,
    baseFee: baseFeePerGas,
    index,
  };
}

/** Withdrawals, as blocks and payloads show them. */
export function withdrawalsJson(withdrawals: Iterable<Uint8Array>): readonly Json[] {
  return [...withdrawals].map((raw) => {
    const { index, validatorIndex, address, amount } = decode(withdrawalCodec, raw);
    return {
      index: toQuantity(index),
      validatorIndex: toQuantity(validatorIndex),
      address: toData(address),
      amount: toQuantity(amount),
    };
  });
}
