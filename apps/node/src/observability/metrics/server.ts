import type { RequestListener } from 'node:http';
import { answer, answerJson, type HttpListener, refuse } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import type { Log } from '../../logging/log.ts';
import { listenService } from '../../rpc/transport/listen-service.ts';
import type { Metrics } from './metrics.ts';

/** Where metrics are served. */
export interface MetricsSettings {
  /** IP address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** TCP port; 0 selects a free one. @default 6060 */
  readonly port?: number | undefined;
}

/** @see serveMetrics */
export interface ServeMetricsOptions extends MetricsSettings {
  readonly metrics: Metrics;
  readonly health: () => { readonly healthy: boolean };
  readonly clock: Clock;
  readonly log: Log;
}

/** Where Prometheus looks by itself, and where go-ethereum has them. */
const paths = ['/metrics', '/debug/metrics/prometheus'];

/**
 * Serves metrics and health over HTTP.
 *
 * @throws NodeError `port-unavailable`
 */
export function serveMetrics(options: ServeMetricsOptions): Promise<HttpListener> {
  const { host = '127.0.0.1', port = 6060, metrics, health, clock, log } = options;
  const onRequest: RequestListener = (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      refuse(request, response, 405, 'method not allowed', clock);
    } else if (path === '/health') {
      const state = health();
      answerJson(response, state.healthy ? 200 : 503, JSON.stringify(state));
    } else if (paths.includes(path)) {
      metrics.text().then(
        (text) => answer(response, 200, metrics.contentType, text),
        () => refuse(request, response, 500, 'metrics cannot be read', clock),
      );
    } else refuse(request, response, 404, 'not found', clock);
  };
  return listenService({ service: 'metrics', host, port, log, onRequest });
}
