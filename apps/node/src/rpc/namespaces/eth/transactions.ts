import { type Methods, unavailable } from './parts.ts';

/** Methods about a transaction by its hash alone. */
export function transactionMethods(): Methods {
  const names = ['getTransactionByHash', 'getTransactionReceipt', 'getRawTransactionByHash'];
  return unavailable(names, 'transactions are not indexed by hash: request their block');
}
