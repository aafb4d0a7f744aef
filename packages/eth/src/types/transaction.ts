import type { Crypto } from '@devp2p/crypto';
import { bytes, type Codec, decode, encode, list, Reader, RlpError, raw } from '@devp2p/rlp';
import { blobType } from './decode-transaction.ts';
import { type RawList, type ReadElement, rawList } from './raw-list.ts';

/** Nine empty fields. Transactions of all types have at least nine fields. */
const minPayload = 9;

/** Reads a transaction. Its view is the canonical form: without the string around a typed one. */
const transaction: ReadElement = (reader) => {
  const start = reader.position;
  if (reader.isList()) {
    const length = reader.listHeader();
    if (length < minPayload) throw new RlpError('too-few-items', 'list is too short for a transaction', start);
    reader.position += length;
    return start;
  }
  const length = reader.stringHeader();
  const type = length > minPayload ? (reader.bytes[reader.position] as number) : 0;
  // EIP-2718: a type is 1 to 0x7f; a first byte of 0xc0 or more belongs to a legacy transaction.
  if (type === 0 || type > 0x7f) {
    throw new RlpError('invalid-value', 'string is not a typed transaction', start);
  }
  reader.position += length;
  return reader.position - length;
};

/**
 * Codec of a list of transactions in blocks and messages. Its elements are in canonical form, from which transaction
 * tries and hashes are computed: `type ‖ payload`, or a legacy transaction's RLP list.
 *
 * @param max most transactions. @default Infinity
 */
export function transactionList(max?: number): Codec<RawList> {
  return rawList(transaction, max);
}

/** Makes a {@link transactionList} of transactions in canonical form. */
export function transactionsOf(transactions: readonly Uint8Array[]): RawList {
  return decode(transactionList(), encode(list(raw), transactions.map(wrapTransaction)));
}

/** Converts a canonical transaction to an RLP item: a typed one becomes a string. */
export function wrapTransaction(transaction: Uint8Array): Uint8Array {
  return (transaction[0] ?? 0) < 0xc0 ? encode(bytes(), transaction) : transaction;
}

/**
 * The reverse of {@link wrapTransaction}.
 *
 * @throws RlpError when the item is not a transaction.
 */
export function unwrapTransaction(item: Uint8Array): Uint8Array {
  const reader = new Reader(item);
  return item.subarray(transaction(reader), reader.position);
}

/**
 * Computes a transaction's hash. For a blob transaction with its sidecar (the network form of EIP-4844, a list around the
 * payload) it is the hash without the sidecar.
 *
 * @throws RlpError when a blob transaction is malformed.
 */
export function transactionHash(transaction: Uint8Array, crypto: Crypto): Uint8Array {
  if (transaction[0] !== blobType || !hasSidecar(transaction)) return crypto.keccak256(transaction);
  const reader = new Reader(transaction.subarray(1));
  reader.enterList();
  const payload = reader.item();
  const bare = new Uint8Array(1 + payload.length);
  bare[0] = blobType;
  bare.set(payload, 1);
  return crypto.keccak256(bare);
}

/**
 * Whether a blob transaction has a sidecar.
 *
 * @throws RlpError when the transaction is malformed
 */
export function hasSidecar(transaction: Uint8Array): boolean {
  const reader = new Reader(transaction.subarray(1));
  reader.enterList();
  return reader.isList();
}
