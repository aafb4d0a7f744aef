import type { Crypto } from '@devp2p/crypto';
import { bytes, type Codec, decode, encode, list, Reader, RlpError, raw } from '@devp2p/rlp';
import { type RawList, type ReadElement, rawList } from './raw-list.ts';

/** Nine empty fields: every transaction, of whatever type, has at least as many. */
const minPayload = 9;

/** Reads a transaction, of which the view is the canonical form: without the string around a typed one. */
const transaction: ReadElement = (reader) => {
  const start = reader.position;
  if (reader.isList()) {
    const length = reader.listHeader();
    if (length < minPayload) throw new RlpError('too-few-items', 'no transaction', start);
    reader.position += length;
    return start;
  }
  const length = reader.stringHeader();
  const type = length > minPayload ? (reader.bytes[reader.position] as number) : 0;
  // EIP-2718: a type is 1 to 0x7f; what begins with 0xc0 or more would be a legacy transaction.
  if (type === 0 || type > 0x7f) {
    throw new RlpError('invalid-value', 'string that is no typed transaction', start);
  }
  reader.position += length;
  return reader.position - length;
};

/**
 * A list of transactions as blocks and messages carry them. Its elements are in canonical form, which is what
 * transaction tries and hashes are made of: `type ‖ payload`, or a legacy transaction's RLP list.
 *
 * @param max the most transactions. @default Infinity
 */
export function transactionList(max?: number): Codec<RawList> {
  return rawList(transaction, max);
}

/** Makes a {@link transactionList} of transactions in canonical form. */
export function transactionsOf(transactions: readonly Uint8Array[]): RawList {
  return decode(transactionList(), encode(list(raw), transactions.map(wrapTransaction)));
}

/** A canonical transaction as an RLP item: a typed one becomes a string. */
export function wrapTransaction(transaction: Uint8Array): Uint8Array {
  return (transaction[0] ?? 0) < 0xc0 ? encode(bytes(), transaction) : transaction;
}

/**
 * The reverse of {@link wrapTransaction}.
 *
 * @throws RlpError when the item is no transaction.
 */
export function unwrapTransaction(item: Uint8Array): Uint8Array {
  const reader = new Reader(item);
  return item.subarray(transaction(reader), reader.position);
}

const blobType = 0x03;

/**
 * A transaction's hash. For a blob transaction with its sidecar (EIP-4844's network form, a list around the payload)
 * it is the hash without the sidecar.
 *
 * @throws RlpError when a blob transaction is malformed.
 */
export function transactionHash(transaction: Uint8Array, crypto: Crypto): Uint8Array {
  if (transaction[0] !== blobType) return crypto.keccak256(transaction);
  const reader = new Reader(transaction.subarray(1));
  reader.enterList();
  if (!reader.isList()) return crypto.keccak256(transaction);
  const payload = reader.item();
  const bare = new Uint8Array(1 + payload.length);
  bare[0] = blobType;
  bare.set(payload, 1);
  return crypto.keccak256(bare);
}
