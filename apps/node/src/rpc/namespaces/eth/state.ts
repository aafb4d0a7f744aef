import { type Methods, unavailable } from './parts.ts';

/** Methods about accounts. */
export function stateMethods(): Methods {
  const names = ['getBalance', 'getCode', 'getProof', 'getStorageAt', 'getStorageValues', 'getTransactionCount'];
  return unavailable(names, 'state is not available without execution');
}
