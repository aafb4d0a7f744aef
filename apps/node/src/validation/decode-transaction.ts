import { decodeTransaction as decodeCanonical, type Transaction } from '@devp2p/eth';
import { Reader, RlpError } from '@devp2p/rlp';
import { TransactionError } from '../errors/transaction-error.ts';

const blobType = 3;

/**
 * Decodes a transaction of a block. The signature is not verified.
 *
 * @param raw in canonical form
 * @throws TransactionError `transaction` for malformed RLP, an unknown type and a recipient that is not an address;
 * `sidecar`
 */
export function decodeTransaction(raw: Uint8Array): Transaction {
  try {
    if (raw[0] === blobType) {
      const reader = new Reader(raw.subarray(1));
      reader.enterList();
      refuseSidecar(reader);
    }
    return decodeCanonical(raw);
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new TransactionError('transaction', cause.message, { cause });
  }
}

/**
 * Refuses a blob transaction with its sidecar, whose first item is the list of the transaction itself.
 *
 * @param reader at the first item
 * @throws TransactionError `sidecar`
 */
export function refuseSidecar(reader: Reader): void {
  if (reader.isList()) throw new TransactionError('sidecar', 'a blob transaction with its sidecar');
}
