import type { Backend } from '../backend.ts';
import { TransactionIdentities } from '../codec/transaction-identities.ts';
import { createTipOracle } from '../fees/tip-oracle.ts';
import { Filters } from '../live/filters.ts';
import { watchHeads } from '../live/heads.ts';
import { watchLogs } from '../live/log-watch.ts';
import { watchPending } from '../live/pending-watch.ts';
import type { Namespace } from '../transport/api.ts';
import { chainView } from './chain-view.ts';
import { blockMethods } from './eth/blocks.ts';
import { callMethods } from './eth/calls.ts';
import { capabilityMethods } from './eth/capabilities.ts';
import { feeMethods } from './eth/fees.ts';
import { fillMethods } from './eth/fill-transaction.ts';
import { filterMethods, type LiveParts } from './eth/filters.ts';
import { infoMethods } from './eth/info.ts';
import { logMethods } from './eth/logs.ts';
import type { EthParts } from './eth/parts.ts';
import { stateMethods } from './eth/state.ts';
import { ethSubscriptions } from './eth/subscriptions.ts';
import { transactionMethods } from './eth/transactions.ts';
import { walletMethods } from './eth/wallet.ts';

/** A namespace with filters and subscriptions, which end with `close`. */
export interface EthNamespace extends Namespace {
  close(): void;
}

/** `eth_*` methods and subscriptions (execution-apis). */
export function ethNamespace(backend: Backend): EthNamespace {
  const { chain, tags, pool, crypto } = backend;
  const view = chainView(chain, tags);
  const parts: EthParts = {
    ...backend,
    view,
    tips: createTipOracle(view, crypto),
    identities: new TransactionIdentities(crypto),
  };
  const heads = watchHeads({ chain, tags });
  const live: LiveParts = {
    heads,
    logs: watchLogs({ heads, view: parts.view, crypto }),
    pending: pool && watchPending(pool),
    filters: new Filters({ clock: backend.clock, random: backend.random }),
  };
  return {
    subscriptions: ethSubscriptions(parts, live),
    close() {
      live.filters.close();
      heads.close();
    },
    methods: {
      ...infoMethods(parts),
      ...blockMethods(parts),
      ...transactionMethods(parts),
      ...logMethods(parts),
      ...filterMethods(parts, live),
      ...feeMethods(parts),
      ...stateMethods(parts),
      ...callMethods(parts),
      ...walletMethods(parts),
      ...fillMethods(parts),
      ...capabilityMethods(parts),
    },
  };
}
