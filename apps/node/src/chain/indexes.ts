import { equalBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import type { BlockStore } from '../storage/blocks.ts';
import type { Database } from '../storage/database.ts';
import type { BackgroundIndex } from '../storage/indexes/canonical-index.ts';
import { LogIndex } from '../storage/indexes/log-index.ts';
import { TransactionIndex } from '../storage/indexes/transaction-index.ts';
import { decodeStored } from './decode-stored.ts';
import type { TransactionReader } from './interfaces.ts';

/** How much of the chain is indexed. Numbers of recent blocks; 0 for all blocks, `false` for no index. */
export interface IndexSettings {
  /** Blocks whose transactions can be found by hash. @default 2_350_000, a year of mainnet (go-ethereum) */
  readonly transactionHistory?: number | false | undefined;
  /** Blocks whose logs can be found without reading all headers. @default 2_350_000 (go-ethereum) */
  readonly logHistory?: number | false | undefined;
}

/** @default of {@link IndexSettings} */
const defaultHistory = 2_350_000;

/** @see openIndexes */
export interface IndexParts extends IndexSettings {
  readonly database: Database;
  readonly store: BlockStore;
  readonly crypto: Crypto;
}

/** The indexes of a chain. */
export interface ChainIndexes {
  readonly transactions: TransactionIndex;
  readonly logs: LogIndex;
}

/** Opens the indexes of a chain, which change with it from now on. @throws ChainError */
export async function openIndexes(parts: IndexParts): Promise<ChainIndexes> {
  const { database, store, crypto, transactionHistory = defaultHistory, logHistory = defaultHistory } = parts;
  const head = (): number => store.head.header.number;
  const transactions = await TransactionIndex.open({ database, crypto, head, history: transactionHistory });
  const logs = await LogIndex.open({ database, crypto, head, history: logHistory });
  store.addIndex(transactions);
  store.addIndex(logs);
  return { transactions, logs };
}

/** Finds transactions by hash. */
export function readTransactions(
  store: BlockStore,
  { transactions }: ChainIndexes,
  crypto: Crypto,
): Pick<TransactionReader, 'findTransaction'> {
  return {
    async findTransaction(hash) {
      const position = await transactions.find(hash);
      const block = position && (await store.block(position.number));
      if (position === undefined || block === undefined) return undefined;
      const { header, body, receipts } = decodeStored(block);
      if (position.index >= body.transactions.length) return undefined;
      const transaction = body.transactions.at(position.index);
      if (!equalBytes(crypto.keccak256(transaction), hash)) return undefined;
      return { header, body, receipts, index: position.index };
    },
  };
}

/** @see buildIndexes */
export interface BuildParts {
  readonly indexes: ChainIndexes;
  /** Runs an action between other changes of the chain. Rejects when the chain is closed, and when a write fails. */
  readonly change: (action: () => Promise<void>) => Promise<void>;
  readonly signal: AbortSignal;
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/**
 * Builds and removes the older parts of the indexes, step by step, until they are complete.
 *
 * @returns a function that continues after the chain has changed
 */
export function buildIndexes({ indexes, change, signal, onFailure }: BuildParts): () => void {
  let isRunning = false;
  let isChanged = false;
  let isReported = false;
  const all: readonly BackgroundIndex[] = [indexes.transactions, indexes.logs];
  const run = async (): Promise<void> => {
    let steps = all;
    while (steps.length > 0 && !signal.aborted) {
      isChanged = false;
      const left: BackgroundIndex[] = [];
      for (const index of steps) {
        const write = signal.aborted ? undefined : await index.prepareStep();
        if (write === undefined) continue;
        await change(write);
        left.push(index);
      }
      steps = left.length === 0 && isChanged ? all : left;
    }
  };
  const start = (): void => {
    isChanged = true;
    if (isRunning || signal.aborted) return;
    isRunning = true;
    run()
      .catch((error: unknown) => {
        if (!signal.aborted && !isReported) onFailure?.(error);
        isReported = true;
      })
      .finally(() => {
        isRunning = false;
        if (isChanged) start();
      });
  };
  return start;
}
