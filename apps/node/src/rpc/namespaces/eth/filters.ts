import { toData } from '../../codec/hex.ts';
import type { Filters } from '../../live/filters.ts';
import type { Heads } from '../../live/heads.ts';
import type { LogWatch } from '../../live/log-watch.ts';
import type { PendingWatch } from '../../live/pending-watch.ts';
import { method, optional } from '../../transport/api.ts';
import { RpcError } from '../../transport/rpc-error.ts';
import { findLogs, type LogRequest, logFilter } from '../logs.ts';
import { boolean, type EthParts, type Methods } from './parts.ts';

/** Sources of changes that filters and subscriptions share. */
export interface LiveParts {
  readonly heads: Heads;
  readonly logs: LogWatch;
  /** Absent without a pool. */
  readonly pending: PendingWatch | undefined;
  readonly filters: Filters<LogRequest>;
}

/** The pending transactions. @throws RpcError `failed` without a pool */
export function pendingOf({ pending }: Pick<LiveParts, 'pending'>): PendingWatch {
  if (pending === undefined) throw new RpcError('failed', 'transactions are not pooled without execution');
  return pending;
}

/** Methods about changes since the last call. */
export function filterMethods(parts: EthParts, live: LiveParts): Methods {
  const { heads, logs, filters } = live;
  return {
    newBlockFilter: method([], () =>
      filters.add((add) => heads.onChange(({ added }) => add(added.map(({ hash }) => toData(hash))))),
    ),
    newPendingTransactionFilter: method([optional(boolean)], (whole = false) => {
      const pending = pendingOf(live);
      return filters.add((add) => pending.onTransactions(whole, add));
    }),
    newFilter: method([logFilter], (request) => {
      const { blocks, ...filter } = request;
      if ('hash' in blocks) throw new RpcError('invalid-params', 'invalid argument 0: expected no blockHash');
      const { from, to } = blocks;
      if (typeof from === 'number' && typeof to === 'number' && from > to) {
        throw new RpcError('invalid-params', 'invalid block range params');
      }
      const range = {
        ...(typeof from === 'number' && { first: from }),
        ...(typeof to === 'number' && { last: to }),
      };
      return filters.add((add) => logs.onLogs({ ...filter, ...range }, add), request);
    }),
    getFilterChanges: method([filterId], (id) => filters.poll(id)),
    getFilterLogs: method([filterId], (id) => findLogs(filters.requestOf(id), parts)),
    uninstallFilter: method([filterId], (id) => filters.remove(id)),
  };
}

function filterId(value: unknown): string {
  if (typeof value !== 'string' || value.length > 66) throw new Error('expected a filter id');
  return value.toLowerCase();
}
