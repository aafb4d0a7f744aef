import type { TransactionGossip } from '@devp2p/eth';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { MetricGroup } from './group.ts';

/** The exchange of transactions, as the metrics use it. */
export type TransactionCounts = Pick<TransactionGossip, 'stats' | 'pending'>;

/**
 * Counts of the exchange of transactions with all peers, computed for each scrape; go-ethereum's names where it has them.
 * Those of single peers are in `admin_peers`.
 */
export function showTransactions(registry: Registry, gossip: TransactionCounts): MetricGroup {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name, help, labelNames, registers });
  const gauge = (stage: string): Gauge =>
    new Gauge({
      name: `eth_fetcher_transaction_${stage}_hashes`,
      help: `Announced transactions: ${stage}`,
      registers,
    });
  const gauges = { waiting: gauge('waiting'), queued: gauge('queueing'), fetching: gauge('fetching') };
  const counters = [
    ['announced', counter('eth_fetcher_transaction_announces_in', 'Hashes that peers have announced')],
    ['broadcast', counter('eth_fetcher_transaction_broadcasts_in', 'Transactions that peers have sent unasked')],
    ['delivered', counter('eth_fetcher_transaction_replies_in', 'Transactions that peers have sent on request')],
    ['requested', counter('eth_fetcher_transaction_request_out', 'Hashes that were requested from peers')],
  ] as const;
  const received = counter('eth_transactions_received', 'Transactions of peers, by outcome', ['outcome']);
  const sent = counter('eth_transactions_sent', 'Transactions that were sent to peers, by form', ['form']);
  return {
    update() {
      const { stats } = gossip;
      const size = gossip.pending();
      for (const stage of ['waiting', 'queued', 'fetching'] as const) gauges[stage].set(size[stage]);
      for (const [name, one] of counters) {
        one.reset();
        one.inc(stats[name]);
      }
      received.reset();
      for (const [outcome, count] of Object.entries(stats.outcomes)) received.inc({ outcome }, count);
      sent.reset();
      sent.inc({ form: 'whole' }, stats.sentWhole);
      sent.inc({ form: 'hash' }, stats.sentHashes);
      sent.inc({ form: 'response' }, stats.served);
    },
  };
}
