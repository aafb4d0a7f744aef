import type { Crypto } from '@devp2p/crypto';
import { EthError } from '../error.ts';
import { hashKey } from '../gossip/transactions/hash-key.ts';
import type { PooledTransaction } from '../peer/eth-peer.ts';
import { showFields } from '../types/show-fields.ts';
import { transactionHash, unwrapTransaction } from '../types/transaction.ts';

/**
 * Matches transactions with the requested hashes: each transaction has one of them, and no two have the same.
 *
 * @throws EthError `invalid-response`, RlpError
 */
export function checkPooledTransactions(
  items: readonly Uint8Array[],
  hashes: readonly Uint8Array[],
  crypto: Crypto,
): PooledTransaction[] {
  const wanted = new Map(hashes.map((hash) => [hashKey(hash), hash]));
  const found: PooledTransaction[] = [];
  for (const item of items) {
    const transaction = unwrapTransaction(item);
    const key = hashKey(transactionHash(transaction, crypto));
    const hash = wanted.get(key);
    if (hash === undefined) {
      throw new EthError('invalid-response', 'a transaction that was not requested');
    }
    wanted.delete(key);
    found.push(showFields({ hash, transaction }));
  }
  return found;
}
