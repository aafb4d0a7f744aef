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

/** Limits of one request of the consensus client: `engineAPIBatchItemLimit` and `…ResponseSizeLimit` of go-ethereum. */
export const authrpcRpcLimits: RpcLimits = {
  ...rpcLimits,
  maxBatch: 2_000,
  maxResponse: 250_000_000,
};

/**
 * Payloads with their blobs: `engineAPIBodyLimit` of go-ethereum; the total leaves room for others beside one of that
 * size.
 */
const bodyLimits: BodyLimits = { max: 128 * 1024 * 1024, maxTotal: 192 * 1024 * 1024 };

/** Messages up to `wsDefaultReadLimit` of go-ethereum, from a few clients. */
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
 * Creates the handlers of a server that accepts only requests and WebSocket connections with a valid token.
 *
 * @throws NodeError `jwtsecret-invalid`
 */
export async function createAuthrpc(options: AuthrpcOptions): Promise<Authrpc> {
  const { rpc, virtualHosts, health, clock, random } = options;
  const check = await createTokenCheck(options);
  const onRequest = createHttpHandler({
    rpc,
    virtualHosts,
    corsOrigins: [],
    limits: bodyLimits,
    health,
    clock,
  });
  const sockets = createWebSocketHandler({
    rpc,
    origins: [],
    limits: socketLimits,
    clock,
    random,
  });
  return {
    onRequest: authenticateRequests(check, onRequest, clock),
    onUpgrade: authenticateUpgrades(check, sockets.upgrade),
    close: () => sockets.close(),
  };
}
