import { DevError } from '../errors/dev-error.ts';
import type { TransactionErrorCode } from '../errors/transaction-error.ts';
import type { PoolErrorCode } from '../txpool/interfaces.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import type { WaitingTransactions } from './waiting-transactions.ts';

/** The transactions of the pool of a node. The pool follows the head by itself. */
export function pooledTransactions(
  pool: Pick<TransactionPool, 'add' | 'pending' | 'onPending' | 'settled' | 'status'>,
): WaitingTransactions {
  return {
    get size() {
      const { pending, queued } = pool.status;
      return pending + queued;
    },
    pending: (conditions) => pool.pending(conditions),
    async add(transaction) {
      const [result] = await pool.add([transaction]);
      if (result?.status === 'added') return result.hash;
      if (result?.code === 'known' && result.hash !== undefined) return result.hash;
      throw refusal(result?.code ?? 'transaction', result?.reason ?? 'it is refused');
    },
    onPending: (listener) => pool.onPending(listener),
    settle: () => pool.settled(),
  };
}

/** The rules of blocks that codes of the pool alone stand for. */
const rules: Readonly<Record<Exclude<PoolErrorCode, TransactionErrorCode>, TransactionErrorCode | undefined>> = {
  known: undefined,
  type: 'transaction',
  size: 'transaction',
  'nonce-low': 'transaction-nonce',
  'nonce-gap': 'transaction-nonce',
  underpriced: undefined,
  replacement: undefined,
  overdraft: 'balance',
  'account-limit': undefined,
  delegated: undefined,
  reserved: undefined,
  authority: undefined,
  authorizations: 'transaction',
  full: undefined,
  proof: 'blobs',
  unprotected: undefined,
  'no-state': undefined,
  closed: undefined,
};

function refusal(code: PoolErrorCode, reason: string): DevError {
  if (code === 'closed') return new DevError('closed', 'the development chain is closed');
  if (code === 'full' || code === 'account-limit') return new DevError('queue-full', reason);
  const transaction = code in rules ? rules[code as keyof typeof rules] : (code as TransactionErrorCode);
  return new DevError('transaction-refused', reason, transaction && { transaction });
}
