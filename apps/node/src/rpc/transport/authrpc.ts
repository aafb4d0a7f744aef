import type { RequestListener } from 'node:http';
import type { UpgradeListener } from '@devp2p/appkit/http';
import { authenticateRequests, authenticateUpgrades } from './authenticate.ts';
import { createHttpHandler, type HttpHandlerOptions } from './http.ts';
import type { BodyLimits } from './http-body.ts';
import { type RpcLimits, rpcLimits } from './json-rpc.ts';
import { createTokenCheck, type TokenCheckOptions } from './jwt.ts';
import {
  createWebSocketHandler,
  type WebSocketHandlerOptions,
  type WebSocketLimits,
  webSocketLimits,
} from './websocket.ts';

/** What one request of the consensus client may ask for: go-ethereum's `engineAPIBatchItemLimit` and `…ResponseSizeLimit`. */
export const authrpcRpcLimits: RpcLimits = {
  ...rpcLimits,
  maxBatch: 2_000,
  maxResponse: 250_000_000,
};

/** Blocks with their blobs: go-ethereum's `engineAPIBodyLimit`; besides one of that size there is room for others. */
const bodyLimits: BodyLimits = { max: 128 * 1024 * 1024, maxTotal: 192 * 1024 * 1024 };

/** Messages as large as go-ethereum's `wsDefaultReadLimit`, from a few callers. */
const socketLimits: WebSocketLimits = {
  ...webSocketLimits,
  maxConnections: 8,
  maxRequest: 32 * 1024 * 1024,
  maxConcurrent: 4,
};

/** @see createAuthrpc */
export type AuthrpcOptions = TokenCheckOptions &
  Pick<HttpHandlerOptions, 'rpc' | 'virtualHosts' | 'health'> &
  Pick<WebSocketHandlerOptions, 'random'>;

/** Answers JSON-RPC over HTTP and WebSocket. */
export interface Authrpc {
  readonly onRequest: RequestListener;
  readonly onUpgrade: UpgradeListener;
  /** Notifies the connected clients that the server closes. */
  close(): void;
}

/**
 * Makes the part of a server that takes requests and WebSocket connections with a token, and refuses all others.
 *
 * @throws NodeError `jwtsecret-invalid`
 */
export async function createAuthrpc(options: AuthrpcOptions): Promise<Authrpc> {
  const { rpc, virtualHosts, health, clock, random } = options;
  const check = await createTokenCheck(options);
  const onRequest = createHttpHandler({
    ...{ rpc, virtualHosts, corsOrigins: [], limits: bodyLimits, health, clock },
  });
  const sockets = createWebSocketHandler({
    ...{ rpc, origins: [], limits: socketLimits, clock, random },
  });
  return {
    onRequest: authenticateRequests(check, onRequest, clock),
    onUpgrade: authenticateUpgrades(check, sockets.upgrade),
    close: () => sockets.close(),
  };
}
