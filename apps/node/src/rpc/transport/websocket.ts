import { refuseUpgrade, type UpgradeListener } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/random';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { JsonRpc } from './json-rpc.ts';
import { isSocketOrigin } from './origins.ts';
import { Subscriptions } from './subscriptions.ts';

/** How much WebSocket callers may cost. Times in ms, sizes in bytes. */
export interface WebSocketLimits {
  /** Connections at once. @default 64 */
  readonly maxConnections: number;
  /** Of one message. @default 5 MiB, as over HTTP */
  readonly maxRequest: number;
  /** Requests of one connection that are being answered; no more is read until one is. @default 32 */
  readonly maxConcurrent: number;
  /** Subscriptions of one connection. @default 32 */
  readonly maxSubscriptions: number;
  /**
   * Bytes that may wait for a caller that does not read. Beyond it, reading from the caller stops, and the next
   * notification disconnects it. @default 1 MiB
   */
  readonly maxUnread: number;
  /**
   * Interval of pings, in ms; a caller without a response to the last one is disconnected.
   *
   * @default 30_000 (go-ethereum)
   */
  readonly pingInterval: number;
}

export const webSocketLimits: WebSocketLimits = {
  maxConnections: 64,
  maxRequest: 5 * 1024 * 1024,
  maxConcurrent: 32,
  maxSubscriptions: 32,
  maxUnread: 1024 * 1024,
  pingInterval: 30_000,
};

/** Time for a caller to respond to the close of a connection, in ms. */
const closeTime = 1_000;

/** @see createWebSocketHandler */
export interface WebSocketHandlerOptions {
  readonly rpc: JsonRpc;
  /** Origins whose pages may connect, as `isSocketOrigin` reads them. */
  readonly origins: readonly string[];
  readonly limits: WebSocketLimits;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Answers JSON-RPC over WebSocket. */
export interface WebSocketHandler {
  /** Handles an HTTP upgrade. */
  readonly upgrade: UpgradeListener;
  /** Notifies the connected clients that the server closes. */
  close(): void;
}

/** Creates the handler of a server for WebSocket connections. */
export function createWebSocketHandler(options: WebSocketHandlerOptions): WebSocketHandler {
  const { origins, limits, clock } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxRequest,
    perMessageDeflate: false,
  });
  /** The connected clients, and whether each has responded since the last ping. */
  const alive = new Map<WebSocket, boolean>();
  const ping = (): void => {
    for (const [socket, isAlive] of alive) {
      if (!isAlive) socket.terminate();
      else {
        alive.set(socket, false);
        socket.ping();
      }
    }
    timer = clock.setTimeout(ping, limits.pingInterval);
  };
  let timer = clock.setTimeout(ping, limits.pingInterval);
  let closed = false;
  return {
    upgrade(request, socket, head) {
      const { origin } = request.headers;
      const path = request.url?.split('?', 1)[0];
      if (path !== '/') return refuseUpgrade(socket, 404, 'not found');
      // A client that is not a browser can send any origin, and sends none.
      if (origin !== undefined && !isSocketOrigin(origin, origins)) {
        return refuseUpgrade(socket, 403, 'origin not allowed');
      }
      if (closed || alive.size >= limits.maxConnections) {
        return refuseUpgrade(socket, 503, 'too many connections');
      }
      server.handleUpgrade(request, socket, head, (webSocket) => {
        alive.set(webSocket, true);
        webSocket.on('pong', () => alive.set(webSocket, true));
        webSocket.on('close', () => alive.delete(webSocket));
        serveSocket(webSocket, options);
      });
    },
    close() {
      closed = true;
      timer.cancel();
      for (const socket of alive.keys()) {
        socket.close(1001);
        const end = clock.setTimeout(() => socket.terminate(), closeTime);
        socket.once('close', () => end.cancel());
      }
    },
  };
}

function serveSocket(socket: WebSocket, { rpc, limits, random }: WebSocketHandlerOptions): void {
  const subscriptions = new Subscriptions({
    max: limits.maxSubscriptions,
    random,
    send: (text) => {
      socket.send(text);
      if (socket.bufferedAmount > limits.maxUnread) socket.terminate();
    },
  });
  let underWay = 0;
  /** Stops reading from a caller that has too many pending requests, or does not read the responses. */
  const throttle = (): void => {
    const isBehind = underWay >= limits.maxConcurrent || socket.bufferedAmount > limits.maxUnread;
    if (isBehind && !socket.isPaused) socket.pause();
    else if (!isBehind && socket.isPaused) socket.resume();
  };
  const respond = async (data: RawData): Promise<void> => {
    underWay += 1;
    throttle();
    const { text } = await rpc(data.toString(), subscriptions);
    if (text !== undefined) {
      const sent = new Promise((resolve) => socket.send(text, resolve));
      throttle();
      await sent;
    }
    subscriptions.begin();
    underWay -= 1;
    throttle();
  };
  socket.on('message', (data) => void respond(data));
  socket.on('close', () => subscriptions.close());
  // For example a message over the limit, after which `ws` closes the connection with the corresponding code.
  socket.on('error', () => {});
}
