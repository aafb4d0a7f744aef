import { Counter, Registry } from 'prom-client';
import type { TransactionPool } from '../../txpool/transaction-pool.ts';
import { countConnections } from './connections.ts';
import type { MetricGroup } from './group.ts';
import { showPool } from './pool.ts';
import { measureProcess } from './process.ts';
import { type StateSources, showState } from './state.ts';
import { countTraffic } from './traffic.ts';
import { showTransactions, type TransactionCounts } from './transactions.ts';

/** Metrics of a node, for Prometheus. */
export interface Metrics {
  readonly contentType: string;
  /** Returns all metrics as text. */
  text(): Promise<string>;
  /** Adds the state of a node, its transaction pool, and the exchange of transactions with peers. */
  watch(
    sources: StateSources,
    pool?: Pick<TransactionPool, 'status' | 'counters'>,
    transactions?: TransactionCounts,
  ): void;
  /** Counts a JSON-RPC call. */
  countCall(ok: boolean): void;
  /** Stops counting. Idempotent. */
  close(): void;
}

/** Starts to count. @param localId public key of the node, 64 bytes; events of other nodes are not counted */
export function createMetrics(localId: Uint8Array): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const groups: MetricGroup[] = [
    measureProcess(registry),
    countConnections(registry, localId),
    countTraffic(registry, localId),
  ];
  const calls = new Counter({ name: 'rpc_requests', help: 'JSON-RPC calls', registers });
  const successes = new Counter({
    name: 'rpc_success',
    help: 'JSON-RPC calls answered',
    registers,
  });
  const failures = new Counter({ name: 'rpc_failure', help: 'JSON-RPC calls refused', registers });
  return {
    contentType: registry.contentType,
    text() {
      for (const group of groups) group.update?.();
      return registry.metrics();
    },
    watch(sources, pool, transactions) {
      groups.push(showState(registry, sources));
      if (pool !== undefined) groups.push(showPool(registry, pool));
      if (transactions !== undefined) groups.push(showTransactions(registry, transactions));
    },
    countCall(ok) {
      calls.inc();
      (ok ? successes : failures).inc();
    },
    close() {
      for (const group of groups.splice(0)) group.close?.();
    },
  };
}
