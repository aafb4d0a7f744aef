import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type PortService, portUnavailable } from '../../errors/port-unavailable.ts';
import type { Log } from '../../logging/log.ts';

/** How many connections there may be, and how slow. Times in ms. */
export interface HttpLimits {
  /** Connections at once. @default 512 */
  readonly maxConnections: number;
  /** Of these, such as wait for the rest of a request, or for the next one; one more displaces the oldest. @default 256 */
  readonly maxWaiting: number;
  /** Time for a request's headers. @default 10_000 */
  readonly headersTimeout: number;
  /** Time for a whole request. @default 30_000 (go-ethereum, `ReadTimeout`) */
  readonly requestTimeout: number;
  /** Silence after which a connection is closed. @default 120_000 (go-ethereum, `IdleTimeout`) */
  readonly idleTimeout: number;
  /** How often the first two are looked at. @default 1_000 */
  readonly checkInterval: number;
}

export const httpLimits: HttpLimits = {
  maxConnections: 512,
  maxWaiting: 256,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  idleTimeout: 120_000,
  checkInterval: 1_000,
};

/** Takes a connection over from HTTP. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** @see listenHttp */
export interface ListenHttpOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Name of the server, for errors and log lines. */
  readonly service: PortService;
  readonly limits: HttpLimits;
  readonly log: Log;
  readonly onRequest: RequestListener;
  /** @default an upgrade is a request like any other */
  readonly onUpgrade?: UpgradeListener | undefined;
}

/** An HTTP server that listens. */
export interface HttpListener {
  /** Without a path, `http://127.0.0.1:8545`. */
  readonly url: string;
  /** Stops listening and drops every connection. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens for HTTP on one address. Who is slow is told so (408) and dropped, and cannot keep others out until then.
 *
 * @throws NodeError `port-unavailable`
 */
export async function listenHttp(options: ListenHttpOptions): Promise<HttpListener> {
  const { host, port, service, limits, log, onRequest, onUpgrade } = options;
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.checkInterval,
    keepAliveTimeout: limits.idleTimeout,
  });
  server.maxConnections = limits.maxConnections;
  server.timeout = limits.idleTimeout;
  // What arrives after a request was refused is nobody's loss.
  server.on('clientError', onClientError);
  const waiting = displaceWaiting(server, limits.maxWaiting);
  server.on('request', onRequest);
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request, socket, head) => {
      waiting.delete(request.socket);
      onUpgrade(request, socket, head);
    });
  }
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (error) {
    throw portUnavailable(error, { service, host, port });
  }
  server.on('error', (error) =>
    log.warn({ error }, `${service} server failed to accept a connection`),
  );
  const bound = (server.address() as AddressInfo).port;
  const endpoint = `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info({ endpoint }, `${service} server started`);
  let closed: Promise<void> | undefined;
  return {
    url: `http://${endpoint}`,
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** Sockets without a whole request, the longest without one first. */
function displaceWaiting(server: Server, max: number): Set<Socket> {
  const waiting = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    waiting.add(socket);
    socket.once('close', () => waiting.delete(socket));
    const [oldest] = waiting;
    if (waiting.size > max) oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    const request = response.req;
    request.once('end', () => waiting.delete(socket));
    response.once('close', () => {
      if (!socket.destroyed) waiting.add(socket);
    });
  });
  return waiting;
}

const statuses: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}
