import { headerJson } from '../../codec/block.ts';
import { optional, type Subscription, subscription } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { logFilter } from '../logs.ts';
import { type LiveParts, pendingOf } from './filters.ts';
import { syncStateJson } from './info.ts';
import { boolean, type EthParts } from './parts.ts';

/** `eth_subscribe`. */
export function ethSubscriptions(
  { syncState }: Pick<EthParts, 'syncState'>,
  live: LiveParts,
): Readonly<Record<string, Subscription>> {
  const { heads, logs } = live;
  return {
    newHeads: subscription([], () => (listener) => {
      return heads.onChange(({ added }) => {
        for (const header of added) listener(headerJson(header));
      });
    }),
    logs: subscription([optional(logFilter)], (request) => {
      const { blocks, ...filter } = request ?? { blocks: undefined, addresses: [], topics: [] };
      if (blocks !== undefined && 'hash' in blocks) {
        throw new RpcError('invalid-params', 'invalid argument 1: expected no blockHash');
      }
      return (listener) =>
        logs.onLogs(filter, (found) => {
          for (const log of found) listener(log);
        });
    }),
    newPendingTransactions: subscription([optional(boolean)], (whole = false) => {
      const pending = pendingOf(live);
      return (listener) =>
        pending.onTransactions(whole, (transactions) => {
          for (const transaction of transactions) listener(transaction);
        });
    }),
    syncing: subscription([], () => (listener) => {
      let isSyncing: boolean | undefined;
      const check = async (): Promise<void> => {
        const state = await syncState();
        if ((state !== undefined) === isSyncing) return;
        isSyncing = state !== undefined;
        listener(state === undefined ? false : { syncing: true, status: syncStateJson(state) });
      };
      void check().catch(() => {});
      return heads.onChange(check);
    }),
  };
}
