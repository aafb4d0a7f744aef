import type { RequestListener } from 'node:http';
import type { Clock } from '@devp2p/clock';
import type { Crypto, RandomBytes } from '@devp2p/crypto';
import { isLoopback, parseIp } from '@devp2p/enr';
import type { Log } from '../log.ts';
import { adminNamespace, type NodeControl } from './admin.ts';
import { type Namespace, selectApi } from './api.ts';
import { createHttpHandler, maxRequestSize } from './http.ts';
import { refuse } from './http-answer.ts';
import { createJsonRpc, type JsonRpc, rpcLimits } from './json-rpc.ts';
import {
  type HttpListener,
  httpLimits,
  type ListenHttpOptions,
  listenHttp,
} from './listen-http.ts';
import { netNamespace } from './net.ts';
import { web3Namespace } from './web3.ts';
import { createWebSocketHandler, webSocketLimits } from './websocket.ts';

/** Groups of methods that a server can offer. */
export const rpcApis = ['admin', 'net', 'web3'] as const;
export type RpcApi = (typeof rpcApis)[number];

interface ServerSettings {
  /** IP address to listen on. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** What is offered. `admin` is for whoever may run the node. @default ['net', 'web3'], as go-ethereum */
  readonly apis?: readonly RpcApi[] | undefined;
}

/** JSON-RPC over HTTP. */
export interface HttpSettings extends ServerSettings {
  /** TCP port; 0 takes a free one. @default 8545 */
  readonly port?: number | undefined;
  /** Origins whose pages may ask; `*` for any. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Host names that the server goes by; `*` for any. IP addresses always do. @default ['localhost'] */
  readonly virtualHosts?: readonly string[] | undefined;
}

/** JSON-RPC over WebSocket, with subscriptions. */
export interface WebSocketSettings extends ServerSettings {
  /** TCP port, which may be that of HTTP; 0 takes a free one. @default 8546 */
  readonly port?: number | undefined;
  /** Origins whose pages may connect; scheme and port may be left out. @default this machine's own */
  readonly origins?: readonly string[] | undefined;
}

/** @see openRpc */
export interface OpenRpcOptions {
  readonly http?: HttpSettings | undefined;
  readonly ws?: WebSocketSettings | undefined;
  readonly control: NodeControl;
  readonly health: () => { readonly healthy: boolean };
  /** Told of each call, and whether it succeeded. */
  readonly onCall?: ((ok: boolean) => void) | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** The running servers. */
export interface RpcServers {
  /** Where HTTP and WebSocket are answered, if they are. */
  readonly http: string | undefined;
  readonly ws: string | undefined;
  close(): Promise<void>;
}

const defaultApis: readonly RpcApi[] = ['net', 'web3'];

/**
 * Starts the servers that are wanted; of two at one address there is one.
 *
 * @throws NodeError `port-unavailable`; nothing is left open then
 */
export async function openRpc(options: OpenRpcOptions): Promise<RpcServers> {
  const { http, ws, control, health, onCall, crypto, clock, random, log } = options;
  const namespaces: Record<RpcApi, Namespace> = {
    admin: adminNamespace(control, crypto),
    net: netNamespace(control),
    web3: web3Namespace(control, crypto),
  };
  const rpcOf = ({ apis = defaultApis }: ServerSettings): JsonRpc =>
    createJsonRpc({ api: selectApi(namespaces, apis), limits: rpcLimits, clock, log, onCall });
  const httpAt = http && place(http, 8545);
  const wsAt = ws && place(ws, 8546);
  const shared =
    httpAt !== undefined &&
    httpAt.port === wsAt?.port &&
    httpAt.host === wsAt.host &&
    httpAt.port !== 0;

  const webSockets =
    ws &&
    createWebSocketHandler({
      rpc: rpcOf(ws),
      origins: ws.origins ?? [],
      limits: webSocketLimits,
      clock,
      random,
    });
  const listeners: HttpListener[] = [];
  const close = async (): Promise<void> => {
    webSockets?.close();
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  const listen = async (handling: Omit<ListenHttpOptions, 'limits' | 'log'>): Promise<string> => {
    const listener = await listenHttp({ ...handling, limits: httpLimits, log });
    listeners.push(listener);
    return listener.url;
  };

  try {
    let httpUrl: string | undefined;
    if (http && httpAt) {
      const onRequest = createHttpHandler({
        rpc: rpcOf(http),
        virtualHosts: http.virtualHosts ?? ['localhost'],
        corsOrigins: http.corsOrigins ?? [],
        maxRequest: maxRequestSize,
        health,
        clock,
      });
      const onUpgrade = shared ? webSockets?.upgrade : undefined;
      httpUrl = await listen({ ...httpAt, flag: 'http', onRequest, onUpgrade });
      warnOfAdmin(httpAt, http, 'http', log);
    }
    if (wsAt === undefined) return { http: httpUrl, ws: undefined, close };
    const onRequest: RequestListener = (request, response) =>
      refuse(request, response, 426, 'this port speaks WebSocket', clock);
    const onUpgrade = webSockets?.upgrade;
    const wsUrl = shared ? httpUrl : await listen({ ...wsAt, flag: 'ws', onRequest, onUpgrade });
    warnOfAdmin(wsAt, ws, 'ws', log);
    return { http: httpUrl, ws: wsUrl?.replace('http:', 'ws:'), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function warnOfAdmin(
  at: Place,
  settings: ServerSettings | undefined,
  flag: string,
  log: Log,
): void {
  const ip = parseIp(at.host);
  if (!settings?.apis?.includes('admin') || (ip && isLoopback(ip))) return;
  log.warn({ ...at }, `whoever reaches this port can control the node: --${flag}.api names admin`);
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function place({ host = '127.0.0.1', port }: HttpSettings, fallback: number): Place {
  return { host, port: port ?? fallback };
}
