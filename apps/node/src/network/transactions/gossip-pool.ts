import type { AddOutcome, GossipPool } from '@devp2p/eth';
import type { AddResult, PoolErrorCode } from '../../txpool/interfaces.ts';
import type { TransactionPool } from '../../txpool/transaction-pool.ts';

/** The part of the pool that the exchange with peers uses. */
export type ExchangedPool = Pick<
  TransactionPool,
  'wants' | 'has' | 'networkForm' | 'add' | 'plainPending' | 'onPending'
>;

/**
 * Outcomes of refusals; others are `refused`. A peer is disconnected only for transactions that no node could have
 * accepted before: malformed ones, and blobs in a wrong form or with false proofs.
 */
const outcomes: Readonly<Partial<Record<PoolErrorCode, AddOutcome>>> = {
  known: 'known',
  underpriced: 'underpriced',
  replacement: 'underpriced',
  full: 'full',
  transaction: 'invalid',
  sidecar: 'invalid',
  proof: 'invalid',
};

/** The pool as the exchange with peers sees it. */
export function createGossipPool(pool: ExchangedPool): GossipPool {
  return {
    wants: (hash, type) => pool.wants(hash, type),
    has: (hash) => pool.has(hash),
    get: (hashes) => Promise.all(hashes.map((hash) => pool.networkForm(hash))),
    add: async (transactions) => (await pool.add(transactions)).map(outcomeOf),
    pending: () => pool.plainPending(),
    onPending: (listener) => pool.onPending(listener),
  };
}

function outcomeOf(result: AddResult): AddOutcome {
  return result.status === 'added' ? 'added' : (outcomes[result.code] ?? 'refused');
}
