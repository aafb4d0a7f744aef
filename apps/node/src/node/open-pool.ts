import { join } from 'node:path';
import { openTransactionPool, type TransactionPool } from '../txpool/transaction-pool.ts';
import type { NodeContext } from './context.ts';
import type { NodeStorage } from './open-storage.ts';

/** Opens the pool of transactions. @returns `undefined` for a node that does not execute blocks, or without a pool */
export async function openPool(
  { options, lifecycle, crypto, clock, logs }: NodeContext,
  { chain, datadir }: NodeStorage,
): Promise<TransactionPool | undefined> {
  if (!chain.isExecuting) return undefined;
  const pool = await openTransactionPool({
    ...options.txpool,
    chain,
    directory: join(datadir, 'txpool'),
    crypto,
    clock,
    log: logs('txpool'),
  });
  lifecycle.onClose(() => pool.close());
  return pool;
}
