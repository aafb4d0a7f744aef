import { Counter, Gauge, type Registry } from 'prom-client';
import type { TransactionPool } from '../../txpool/transaction-pool.ts';
import type { MetricGroup } from './group.ts';

/** Gauges and counters of the transaction pool, computed for each scrape. */
export function showPool(registry: Registry, pool: Pick<TransactionPool, 'status' | 'counters'>): MetricGroup {
  const registers = [registry];
  const size = new Gauge({ name: 'txpool_transactions', help: 'Pooled transactions', labelNames: ['part'], registers });
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers });
  const added = counter('txpool_added', 'Transactions that were added');
  const refused = counter('txpool_refused', 'Transactions that were refused, by reason', ['reason']);
  const dropped = counter('txpool_dropped', 'Transactions that have left the pool, by reason', ['reason']);
  const reinjected = counter('txpool_reinjected', 'Transactions of replaced blocks that were added again');
  return {
    update() {
      const { pending, queued, blobs } = pool.status;
      size.set({ part: 'pending' }, pending);
      size.set({ part: 'queued' }, queued);
      size.set({ part: 'blobs' }, blobs);
      const { counters } = pool;
      for (const [one, count] of [
        [added, counters.added],
        [reinjected, counters.reinjected],
      ] as const) {
        one.reset();
        one.inc(count);
      }
      for (const [by, counts] of [
        [refused, counters.refused],
        [dropped, counters.dropped],
      ] as const) {
        by.reset();
        for (const [reason, count] of Object.entries(counts)) by.inc({ reason }, count);
      }
    },
  };
}
