import { Counter, Registry } from 'prom-client';
import { countConnections } from './connections.ts';
import type { MetricGroup } from './group.ts';
import { measureProcess } from './process.ts';
import { type StateSources, showState } from './state.ts';
import { countTraffic } from './traffic.ts';

/** The metrics of a node, for Prometheus. */
export interface Metrics {
  readonly contentType: string;
  /** All of them as text. */
  text(): Promise<string>;
  /** Shows the state of a node from now on. */
  watch(sources: StateSources): void;
  /** Counts a JSON-RPC call. */
  countCall(ok: boolean): void;
  /** Ends the measuring. Idempotent. */
  close(): void;
}

/** Begins to count. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const groups: MetricGroup[] = [
    measureProcess(registry),
    countConnections(registry),
    countTraffic(registry),
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
    watch(sources) {
      groups.push(showState(registry, sources));
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
