import type { Crypto } from '@devp2p/crypto';
import { decode, encode, list, raw } from '@devp2p/rlp';
import { EthError } from './error.ts';
import type { PooledTransaction } from './eth-peer.ts';
import { transactionHash, transactionList } from './transaction.ts';

/**
 * Matches transactions with the hashes that were asked for: each is one of them, and none comes twice.
 *
 * @throws EthError `invalid-response`, RlpError
 */
export function checkPooledTransactions(
  items: Uint8Array[],
  hashes: readonly Uint8Array[],
  crypto: Crypto,
): PooledTransaction[] {
  const wanted = new Map(hashes.map((hash) => [hash.join(), hash]));
  const found: PooledTransaction[] = [];
  for (const transaction of decode(transactionList(), encode(list(raw), items))) {
    const key = transactionHash(transaction, crypto).join();
    const hash = wanted.get(key);
    if (hash === undefined) {
      throw new EthError('invalid-response', 'a transaction that was not asked for');
    }
    wanted.delete(key);
    found.push({ hash, transaction });
  }
  return found;
}
