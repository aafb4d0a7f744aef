import type { Backend } from '../../backend.ts';
import type { TransactionIdentities } from '../../codec/transaction-identities.ts';
import type { TipOracle } from '../../fees/tip-oracle.ts';
import type { Namespace } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import type { ChainView } from '../chain-view.ts';

/** The backend, and the chain as the `eth` methods show it. */
export interface EthParts extends Backend {
  readonly view: ChainView;
  readonly identities: TransactionIdentities;
  readonly tips: TipOracle;
}

export type Methods = Namespace['methods'];

/** Methods of a part that the node does not have. */
export function unavailable(names: readonly string[], reason: string): Methods {
  const refuse = (): never => {
    throw new RpcError('failed', reason);
  };
  return Object.fromEntries(names.map((name) => [name, refuse]));
}

/** Reads a parameter. Throws an `Error` with the expected form. */
export function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new Error('expected true or false');
  return value;
}
