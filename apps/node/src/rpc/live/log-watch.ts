import type { Crypto } from '@devp2p/crypto';
import type { SealedHeader } from '@devp2p/eth';
import { bloomCheck, type LogFilter, logCheck, matchingLogs } from '../../chain/log-filter.ts';
import type { ChainView, ViewedBlock } from '../namespaces/chain-view.ts';
import { logsJson } from '../namespaces/logs.ts';
import type { HeadChange, Heads } from './heads.ts';

/** @see watchLogs */
export interface LogWatchParts {
  readonly heads: Heads;
  readonly view: Pick<ChainView, 'anyBlock'>;
  readonly crypto: Crypto;
}

/** Logs of new blocks, and of blocks that a reorganization has removed. */
export interface LogWatch {
  /**
   * Calls the listener with the logs of each block that has some.
   *
   * @returns a function that ends the subscription
   */
  onLogs(filter: LogFilter & { readonly first?: number; readonly last?: number }, listener: LogListener): () => void;
}

/** Receives logs in JSON. Logs of removed blocks have `removed: true`. */
type LogListener = (logs: readonly unknown[]) => void;

interface Watcher {
  readonly isPossible: (header: SealedHeader) => boolean;
  readonly isWanted: ReturnType<typeof logCheck>;
  readonly listener: LogListener;
}

/** Watchers that are called before other work has its turn. */
const turn = 256;

export function watchLogs({ heads, view, crypto }: LogWatchParts): LogWatch {
  const watchers = new Set<Watcher>();
  let end: (() => void) | undefined;

  const report = async (header: SealedHeader, removed: boolean): Promise<void> => {
    let block: ViewedBlock | undefined;
    let count = 0;
    for (const watcher of [...watchers]) {
      if (++count % turn === 0) await new Promise(setImmediate);
      if (!watchers.has(watcher) || !watcher.isPossible(header)) continue;
      block ??= await view.anyBlock(header);
      // Receipts that are not stored have been reported with the blocks that lack them.
      if (block?.receipts === undefined) return;
      const logs = [...matchingLogs(block.receipts.raw, watcher.isWanted)];
      if (logs.length === 0) continue;
      watcher.listener([...logsJson(header, block.body, logs, crypto, removed)].map(({ json }) => json));
    }
  };
  const onChange = async ({ removed, added }: HeadChange): Promise<void> => {
    for (const header of removed) await report(header, true);
    for (const header of added) await report(header, false);
  };

  return {
    onLogs({ first = 0, last = Number.POSITIVE_INFINITY, ...filter }, listener) {
      const mayContain = bloomCheck(filter, crypto);
      const watcher: Watcher = {
        isPossible: ({ number, logsBloom }) => number >= first && number <= last && mayContain(logsBloom),
        isWanted: logCheck(filter),
        listener,
      };
      watchers.add(watcher);
      end ??= heads.onChange(onChange);
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        end?.();
        end = undefined;
      };
    },
  };
}
