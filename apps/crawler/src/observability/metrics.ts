import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Progress } from '../crawl/crawler.ts';
import { CrawlerError } from '../model/error.ts';

/** @see serveMetrics */
export interface MetricsOptions {
  readonly host: string;
  readonly port: number;
  readonly progress: () => Progress;
}

/** Metrics on HTTP. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Milliseconds for a request to arrive, and connections at a time: nobody but Prometheus has business here. */
const requestTimeout = 5_000;
const maxConnections = 16;

/**
 * Serves what Prometheus reads, under `/metrics`.
 *
 * @throws CrawlerError `port-unavailable`
 */
export async function serveMetrics(options: MetricsOptions): Promise<MetricsServer> {
  const registry = crawlMetrics(options.progress);
  const server = createServer(
    { requestTimeout, headersTimeout: requestTimeout },
    (request, response) => {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (!isRead || request.url?.split('?', 1)[0] !== '/metrics') {
        response.writeHead(isRead ? 404 : 405).end();
        return;
      }
      registry.metrics().then(
        (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    },
  );
  server.maxConnections = maxConnections;
  await listen(server, options);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, { host, port }: MetricsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `cannot serve metrics on TCP port ${port} of ${host}: ${cause.message}; choose others with --metrics.port and --metrics.addr`;
      reject(new CrawlerError('port-unavailable', message, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

/** What is read is what holds at that moment. */
function crawlMetrics(progress: () => Progress): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: (now: Progress) => number): void => {
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(value(progress()));
      },
    });
  };
  const gauges = (name: string, help: string, label: string, values: (now: Progress) => object) =>
    new Gauge({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        this.reset();
        for (const [key, value] of Object.entries(values(progress()))) {
          this.set({ [label]: key }, value);
        }
      },
    });
  const counters = (name: string, help: string, label: string, values: (now: Progress) => object) =>
    new Counter({
      ...{ name, help, registers, labelNames: [label] },
      collect() {
        this.reset();
        for (const [key, value] of Object.entries(values(progress()))) {
          this.inc({ [label]: key }, value);
        }
      },
    });
  gauges('crawler_nodes', 'Nodes that got at least so far', 'step', ({ rollup }) => rollup.funnel);
  gauges(
    'crawler_nodes_by_trust',
    'Nodes by what shows where they are: an answer, a signature alone, others alone',
    'trust',
    ({ rollup }) => ({
      gossiped: rollup.gossiped,
      verified: rollup.verified,
      signed: rollup.funnel.discovered - rollup.verified - rollup.gossiped,
    }),
  );
  gauge('crawler_nodes_answered', 'Nodes that have answered at least once', ({ rollup }) => {
    return rollup.answered;
  });
  gauges(
    'crawler_disconnects',
    'Nodes by the reason that they gave last',
    'reason',
    ({ rollup }) => rollup.disconnects,
  );
  gauges(
    'crawler_errors',
    'Nodes by what ended the last visit',
    'error',
    ({ rollup }) => rollup.errors,
  );
  gauge('crawler_visiting', 'Visits under way', ({ visiting }) => visiting);
  gauge('crawler_unvisited', 'Nodes that were never visited', ({ unvisited }) => unvisited);
  new Counter({
    ...{ name: 'crawler_visits_total', help: 'Visits that are over', registers },
    collect() {
      this.reset();
      this.inc(progress().visits);
    },
  });
  counters('crawler_refused_total', 'Named nodes not taken in', 'limit', ({ refused }) => refused);
  counters('crawler_packets_total', 'Datagrams', 'direction', ({ packets }) => packets);
  return registry;
}
