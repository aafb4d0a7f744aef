import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Limits of an HTTP server. Times are in milliseconds. */
export interface HttpLimits {
  /** Concurrent connections. @default 512 */
  readonly maxConnections: number;
  /** Connections that wait for the rest of a request or for the next one; one more displaces the oldest. @default 256 */
  readonly maxWaiting: number;
  /** Time to receive the headers of a request. @default 10_000 */
  readonly headersTimeout: number;
  /** Time to receive a request. @default 30_000 (go-ethereum, `ReadTimeout`) */
  readonly requestTimeout: number;
  /** Inactivity after which a connection is closed. @default 120_000 (go-ethereum, `IdleTimeout`) */
  readonly idleTimeout: number;
  /** Interval at which the first two times are checked. @default 1_000 */
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
  /** 0 selects a free port. */
  readonly port: number;
  /** @default httpLimits */
  readonly limits?: HttpLimits | undefined;
  readonly onRequest: RequestListener;
  /** @default an upgrade is handled as a request */
  readonly onUpgrade?: UpgradeListener | undefined;
  /** Called when the server fails to accept a connection; it continues. */
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A listening HTTP server. */
export interface HttpListener {
  /** Address and port, `127.0.0.1:8545`. */
  readonly endpoint: string;
  /** Without a path, `http://127.0.0.1:8545`. */
  readonly url: string;
  /** Stops listening and drops every connection. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens for HTTP on one address. A slow client receives 408 and is disconnected; it cannot keep other clients out
 * until then.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function listenHttp(options: ListenHttpOptions): Promise<HttpListener> {
  const { host, port, limits = httpLimits, onRequest, onUpgrade, onError } = options;
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: limits.checkInterval,
    keepAliveTimeout: limits.idleTimeout,
  });
  server.maxConnections = limits.maxConnections;
  server.timeout = limits.idleTimeout;
  // Errors after a refused request have no listener of their own.
  server.on('clientError', onClientError);
  const waiting = displaceWaiting(server, limits.maxWaiting);
  server.on('request', onRequest);
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request, socket, head) => {
      waiting.delete(request.socket);
      onUpgrade(request, socket, head);
    });
  }
  server.listen({ host, port });
  await once(server, 'listening');
  server.on('error', (error) => onError?.(error));
  const bound = (server.address() as AddressInfo).port;
  const endpoint = `${host.includes(':') ? `[${host}]` : host}:${bound}`;
  let closed: Promise<void> | undefined;
  return {
    endpoint,
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

/** Returns the sockets without a complete request, the longest waiting first. */
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
