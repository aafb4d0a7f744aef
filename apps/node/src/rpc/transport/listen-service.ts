import { type HttpListener, type ListenHttpOptions, listenHttp } from '@devp2p/appkit/http';
import { type PortService, portUnavailable } from '../../errors/port-unavailable.ts';
import type { Log } from '../../logging/log.ts';

/** @see listenService */
export interface ListenServiceOptions extends Omit<ListenHttpOptions, 'onError'> {
  /** Name of the server, for errors and log lines. */
  readonly service: PortService;
  readonly log: Log;
}

/**
 * Listens for HTTP, and logs it.
 *
 * @throws NodeError `port-unavailable`
 */
export async function listenService(options: ListenServiceOptions): Promise<HttpListener> {
  const { service, host, port, log } = options;
  const onError = (error: Error): void => log.warn({ error }, `${service} server failed to accept a connection`);
  try {
    const listener = await listenHttp({ ...options, onError });
    log.info({ endpoint: listener.endpoint }, `${service} server started`);
    return listener;
  } catch (error) {
    throw portUnavailable(error, { service, host, port });
  }
}
