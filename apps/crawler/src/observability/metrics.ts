import type { RequestListener } from 'node:http';
import { answer, type HttpLimits, httpLimits, listenHttp, refuse } from '@devp2p/appkit/http';
import { systemClock } from '@devp2p/clock';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Progress } from '../crawl/progress.ts';
import { CrawlerError } from '../model/error.ts';

/** @see serveMetrics */
export interface MetricsOptions {
  readonly host: string;
  readonly port: number;
  readonly progress: () => Progress;
}

/** HTTP server of metrics. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Times in milliseconds. Prometheus needs one connection. */
const limits: HttpLimits = {
  ...httpLimits,
  maxConnections: 16,
  maxWaiting: 16,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
};

/**
 * Serves metrics for Prometheus under `/metrics`.
 *
 * @throws CrawlerError `port-unavailable`
 */
export async function serveMetrics({ host, port, progress }: MetricsOptions): Promise<MetricsServer> {
  const registry = crawlMetrics(progress);
  const onRequest: RequestListener = (request, response) => {
    const refuseWith = (status: number, message: string): void =>
      refuse(request, response, status, message, systemClock);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      refuseWith(405, 'method not allowed');
    } else if (request.url?.split('?', 1)[0] !== '/metrics') refuseWith(404, 'not found');
    else {
      registry.metrics().then(
        (text) => answer(response, 200, registry.contentType, text),
        () => refuseWith(500, 'metrics cannot be read'),
      );
    }
  };
  try {
    const listener = await listenHttp({ host, port, limits, onRequest });
    return { url: `${listener.url}/metrics`, close: listener.close };
  } catch (cause) {
    const message = `cannot serve metrics on TCP port ${port} of ${host}: ${(cause as Error).message}`;
    throw new CrawlerError('port-unavailable', message, { cause, data: { host, port } });
  }
}

/** Returns the metrics of a crawl, which are computed from its progress when they are read. */
function crawlMetrics(progress: () => Progress): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addNodeMetrics(registry, progress);
  addActivityMetrics(registry, progress);
  return registry;
}

/** Adds counts of nodes. */
function addNodeMetrics(registry: Registry, progress: () => Progress): void {
  labeledGauge(registry, {
    name: 'crawler_nodes',
    help: 'Nodes that reached a step or a further one',
    label: 'step',
    values: () => progress().rollup.funnel,
  });
  labeledGauge(registry, {
    name: 'crawler_nodes_by_trust',
    help: 'Nodes by the evidence for their endpoint: an answer, a signature alone, reports of other nodes alone',
    label: 'trust',
    values: () => {
      const { gossiped, verified, funnel } = progress().rollup;
      return { gossiped, verified, signed: funnel.discovered - verified - gossiped };
    },
  });
  gauge(registry, {
    name: 'crawler_nodes_answered',
    help: 'Nodes that answered at least once',
    value: () => progress().rollup.answered,
  });
  labeledGauge(registry, {
    name: 'crawler_disconnects',
    help: 'Nodes by the reason of their last Disconnect',
    label: 'reason',
    values: () => progress().rollup.disconnects,
  });
  labeledGauge(registry, {
    name: 'crawler_errors',
    help: 'Nodes by the error of their last visit',
    label: 'error',
    values: () => progress().rollup.errors,
  });
  gauge(registry, {
    name: 'crawler_unvisited',
    help: 'Nodes that were never visited',
    value: () => progress().unvisited,
  });
}

/** Adds counts of visits, refused reports and datagrams. */
function addActivityMetrics(registry: Registry, progress: () => Progress): void {
  gauge(registry, {
    name: 'crawler_visiting',
    help: 'Visits in progress',
    value: () => progress().visiting,
  });
  const registers = [registry];
  new Counter({
    name: 'crawler_visits_total',
    help: 'Completed visits',
    registers,
    collect() {
      this.reset();
      this.inc(progress().visits);
    },
  });
  labeledCounter(registry, {
    name: 'crawler_refused_total',
    help: 'Refused reports of nodes',
    label: 'limit',
    values: () => progress().refused,
  });
  labeledCounter(registry, {
    name: 'crawler_packets_total',
    help: 'Datagrams',
    label: 'direction',
    values: () => progress().packets,
  });
}

interface Metric {
  readonly name: string;
  readonly help: string;
}

interface LabeledMetric extends Metric {
  readonly label: string;
  /** Returns the value of each value of the label. */
  readonly values: () => object;
}

function gauge(registry: Registry, { name, help, value }: Metric & { readonly value: () => number }): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

function labeledGauge(registry: Registry, { name, help, label, values }: LabeledMetric): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    labelNames: [label],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(values())) this.set({ [label]: key }, value);
    },
  });
}

function labeledCounter(registry: Registry, { name, help, label, values }: LabeledMetric): void {
  new Counter({
    name,
    help,
    registers: [registry],
    labelNames: [label],
    collect() {
      this.reset();
      for (const [key, value] of Object.entries(values())) this.inc({ [label]: key }, value);
    },
  });
}
