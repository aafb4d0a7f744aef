import type { RequestListener } from 'node:http';
import { refuse } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { isLoopback, parseIp } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import { NodeError } from '../errors/node-error.ts';
import type { Log } from '../logging/log.ts';
import { adminNamespace, type NodeControl } from './namespaces/admin.ts';
import { netNamespace } from './namespaces/net.ts';
import { web3Namespace } from './namespaces/web3.ts';
import type { AuthrpcSettings, HttpSettings, RpcApi, WebSocketSettings } from './settings.ts';
import { type Api, type Namespace, selectApi } from './transport/api.ts';
import { authrpcRpcLimits, createAuthrpc } from './transport/authrpc.ts';
import { createHttpHandler } from './transport/http.ts';
import { bodyLimits } from './transport/http-body.ts';
import { createJsonRpc, type JsonRpc, type RpcLimits, rpcLimits } from './transport/json-rpc.ts';
import { type ListenServiceOptions, listenService } from './transport/listen-service.ts';
import { createWebSocketHandler, webSocketLimits } from './transport/websocket.ts';

/** @see openRpc */
export interface OpenRpcOptions {
  readonly http?: HttpSettings | undefined;
  readonly ws?: WebSocketSettings | undefined;
  readonly authrpc?: (AuthrpcSettings & { readonly jwtSecret: Uint8Array }) | undefined;
  readonly control: NodeControl;
  /** Offered by `authrpc` only. */
  readonly engine?: Namespace | undefined;
  readonly eth: Namespace;
  readonly debug: Namespace;
  readonly txpool: Namespace;
  readonly health: () => { readonly healthy: boolean };
  /** Called after each call, with whether it succeeded. */
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
  /** Where both are, with a token. */
  readonly authrpc: string | undefined;
  close(): Promise<void>;
}

const defaultApis: readonly RpcApi[] = ['eth', 'net', 'web3'];
const defaultHosts: readonly string[] = ['localhost'];

/**
 * Starts the selected servers; HTTP and WebSocket at one address share one.
 *
 * @throws NodeError `port-unavailable`, `jwtsecret-invalid`, after all servers are closed
 */
export async function openRpc(options: OpenRpcOptions): Promise<RpcServers> {
  const open = new OpenServers(options.log);
  try {
    const { http, ws } = await openPublic(options, open);
    const authrpc = await openAuthrpc(options, open);
    return { http, ws, authrpc, close: () => open.close() };
  } catch (error) {
    await open.close();
    throw error;
  }
}

/** Opens the servers without authentication. */
async function openPublic(options: OpenRpcOptions, open: OpenServers): Promise<Pick<RpcServers, 'http' | 'ws'>> {
  const { http, ws, control, health, crypto, clock, random, log } = options;
  const namespaces: Record<RpcApi, Namespace> = {
    admin: adminNamespace(control, crypto),
    debug: options.debug,
    txpool: options.txpool,
    ...openNamespaces(options),
  };
  const rpcOf = ({ apis = defaultApis }: HttpSettings | WebSocketSettings): JsonRpc =>
    jsonRpc(options, selectApi(namespaces, apis), rpcLimits);
  const httpAt = http && place(http, 8545);
  const wsAt = ws && place(ws, 8546);
  const shared = httpAt !== undefined && httpAt.port === wsAt?.port && httpAt.host === wsAt.host && httpAt.port !== 0;

  const webSockets =
    ws &&
    createWebSocketHandler({
      rpc: rpcOf(ws),
      origins: ws.origins ?? [],
      limits: webSocketLimits,
      clock,
      random,
    });
  open.onClose(() => webSockets?.close());

  let httpUrl: string | undefined;
  if (http && httpAt) {
    const onRequest = createHttpHandler({
      rpc: rpcOf(http),
      virtualHosts: http.virtualHosts ?? defaultHosts,
      corsOrigins: http.corsOrigins ?? [],
      limits: bodyLimits,
      health,
      clock,
    });
    const onUpgrade = shared ? webSockets?.upgrade : undefined;
    httpUrl = await open.listen({ ...httpAt, service: 'http', onRequest, onUpgrade });
    warnOfAdmin(httpAt, http, 'http', log);
  }
  if (!ws || !wsAt) return { http: httpUrl, ws: undefined };
  const onRequest: RequestListener = (request, response) =>
    refuse(request, response, 426, 'this port serves WebSocket only', clock);
  const onUpgrade = webSockets?.upgrade;
  const wsUrl = shared ? httpUrl : await open.listen({ ...wsAt, service: 'ws', onRequest, onUpgrade });
  warnOfAdmin(wsAt, ws, 'ws', log);
  return { http: httpUrl, ws: wsUrl?.replace('http:', 'ws:') };
}

/** The one for the consensus client. */
async function openAuthrpc(options: OpenRpcOptions, open: OpenServers): Promise<string | undefined> {
  const { authrpc, engine, health, clock, random, log } = options;
  if (authrpc === undefined) return undefined;
  const namespaces = {
    ...openNamespaces(options),
    ...(engine && { engine }),
  };
  const handlers = await createAuthrpc({
    rpc: jsonRpc(options, selectApi(namespaces, Object.keys(namespaces)), authrpcRpcLimits),
    virtualHosts: authrpc.virtualHosts ?? defaultHosts,
    secret: authrpc.jwtSecret,
    health,
    clock,
    random,
  });
  open.onClose(handlers.close);
  const at = place(authrpc, 8551);
  const { onRequest, onUpgrade } = handlers;
  try {
    const url = await open.listen({ ...at, service: 'authrpc', onRequest, onUpgrade });
    if (!isLocal(at)) {
      log.warn({ ...at }, 'authrpc is not encrypted: an intercepted token is valid for 60 s');
    }
    return url;
  } catch (error) {
    const isTaken = error instanceof NodeError && error.code === 'port-unavailable';
    if (!authrpc.optional || !isTaken) throw error;
    log.warn({ ...error.data, code: 'authrpc-unavailable' }, `no consensus client can connect: ${error.message}`);
    return undefined;
  }
}

/** Namespaces that every server offers. */
function openNamespaces({
  control,
  eth,
  crypto,
}: OpenRpcOptions): Pick<Record<RpcApi, Namespace>, 'eth' | 'net' | 'web3'> {
  return { eth, net: netNamespace(control), web3: web3Namespace(control, crypto) };
}

function jsonRpc({ clock, log, onCall }: OpenRpcOptions, api: Api, limits: RpcLimits): JsonRpc {
  return createJsonRpc({ api, limits, clock, log, onCall });
}

/** The open servers, which close in the order of opening: clients are notified before they are disconnected. */
class OpenServers {
  readonly #log: Log;
  readonly #ends: (() => unknown)[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  onClose(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** @returns the URL of the server */
  async listen(handling: Omit<ListenServiceOptions, 'log'>): Promise<string> {
    const listener = await listenService({ ...handling, log: this.#log });
    this.onClose(() => listener.close());
    return listener.url;
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()));
  }
}

function warnOfAdmin(at: Place, { apis }: Pick<HttpSettings, 'apis'>, service: 'http' | 'ws', log: Log): void {
  if (!apis?.includes('admin') || isLocal(at)) return;
  log.warn(
    { ...at, service, code: 'admin-exposed' },
    'admin methods are served on an address that other hosts can reach',
  );
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function place({ host = '127.0.0.1', port }: AuthrpcSettings, fallback: number): Place {
  return { host, port: port ?? fallback };
}

function isLocal({ host }: Place): boolean {
  const ip = parseIp(host);
  return ip !== undefined && isLoopback(ip);
}
