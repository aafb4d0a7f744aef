import type { AddOutcome, GossipPool, PooledInfo } from '@devp2p/eth';
import type { AddResult, PoolErrorCode } from './interfaces.ts';
import type { TransactionPool } from './transaction-pool.ts';

/** The pool as the exchange of transactions with peers uses it. */
export function gossipPool(pool: TransactionPool): GossipPool {
  return {
    wants: (hash, type) => pool.wants(hash, type),
    has: (hash) => pool.has(hash),
    get: (hashes) => Promise.all(hashes.map((hash) => pool.networkForm(hash))),
    add: async (transactions) => (await pool.add(transactions)).map(outcomeOf),
    pending: () => pool.plainPending() satisfies Iterable<PooledInfo>,
    onPending: (listener) => pool.onPending(listener),
  };
}

/** Faults of a transaction that its sender, the peer, could have seen without the state of the chain (TP-09). */
const breaches: ReadonlySet<PoolErrorCode> = new Set<PoolErrorCode>(['transaction', 'sidecar', 'proof']);

function outcomeOf(result: AddResult): AddOutcome {
  if (result.status === 'added') return 'added';
  const { code } = result;
  if (code === 'known' || code === 'underpriced' || code === 'full') return code;
  if (code === 'replacement') return 'underpriced';
  return breaches.has(code) ? 'invalid' : 'refused';
}
