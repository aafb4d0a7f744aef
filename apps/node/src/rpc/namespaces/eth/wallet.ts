import { type Methods, unavailable } from './parts.ts';

/** Methods that prepare and send transactions. */
export function walletMethods(): Methods {
  const names = ['sendRawTransaction', 'sendRawTransactionSync'];
  return unavailable(names, 'state is not available without execution');
}
