import type { Backend } from '../backend.ts';
import type { Namespace } from '../transport/api.ts';
import { chainView } from './chain-view.ts';
import { blockMethods } from './eth/blocks.ts';
import { callMethods } from './eth/calls.ts';
import { infoMethods } from './eth/info.ts';
import { logMethods } from './eth/logs.ts';
import type { EthParts } from './eth/parts.ts';
import { stateMethods } from './eth/state.ts';
import { transactionMethods } from './eth/transactions.ts';
import { walletMethods } from './eth/wallet.ts';

/** `eth_*` methods (execution-apis). */
export function ethNamespace(backend: Backend): Namespace {
  const parts: EthParts = { ...backend, view: chainView(backend.chain, backend.tags) };
  return {
    methods: {
      ...infoMethods(parts),
      ...blockMethods(parts),
      ...transactionMethods(parts),
      ...logMethods(parts),
      ...stateMethods(parts),
      ...callMethods(parts),
      ...walletMethods(),
    },
  };
}
