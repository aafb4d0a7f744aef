import { type Methods, unavailable } from './parts.ts';

/** Methods that execute a call, and change nothing. */
export function callMethods(): Methods {
  const names = ['call', 'createAccessList', 'estimateGas', 'simulateV1'];
  return unavailable(names, 'state is not available without execution');
}
