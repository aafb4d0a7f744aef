import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { answerJson, refuse } from '@devp2p/appkit/http';
import type { Clock } from '@devp2p/clock';
import { type BodyBudget, type BodyLimits, readBody } from './http-body.ts';
import type { JsonRpc } from './json-rpc.ts';
import { isCorsOrigin, isVirtualHost } from './origins.ts';

const compress = promisify<string, Buffer>(gzip);

/** Content types of JSON in go-ethereum. */
const jsonTypes = ['application/json', 'application/json-rpc', 'application/jsonrequest'];

/** Length from which on responses are compressed: shorter ones fit into one packet anyway. */
const minGzip = 1_400;

/** @see createHttpHandler */
export interface HttpHandlerOptions {
  readonly rpc: JsonRpc;
  /** Accepted host names; `*` for any. */
  readonly virtualHosts: readonly string[];
  /** Origins whose pages may send requests; `*` for any. */
  readonly corsOrigins: readonly string[];
  readonly limits: BodyLimits;
  /** Returns the content of `/health`. */
  readonly health: () => { readonly healthy: boolean };
  readonly clock: Clock;
}

/** Answers JSON-RPC over HTTP: POST to `/`, and GET of `/health`. */
export function createHttpHandler(
  options: HttpHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { rpc, virtualHosts, corsOrigins, limits, health, clock } = options;
  const budget: BodyBudget = { ...limits, total: 0 };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const no = (status: number, message: string): void => refuse(request, response, status, message, clock);
    const { method = '', headers } = request;
    if (!isVirtualHost(headers.host, virtualHosts)) return no(403, 'invalid host specified');
    const { origin } = headers;
    if (origin !== undefined) {
      // A browser hides the response from the page, but the request would have been executed.
      if (!isCorsOrigin(origin, corsOrigins)) return no(403, 'origin not allowed');
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('vary', 'Origin');
    }
    const path = request.url?.split('?', 1)[0];
    if (path === '/health') {
      if (method !== 'GET' && method !== 'HEAD') return no(405, 'method not allowed');
      const state = health();
      return answerJson(response, state.healthy ? 200 : 503, JSON.stringify(state));
    }
    if (path !== '/') return no(404, 'not found');
    if (method === 'OPTIONS' && origin !== undefined) {
      response.writeHead(204, {
        'access-control-allow-methods': 'POST, GET',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '600',
      });
      response.end();
      return;
    }
    if (method === 'GET' && request.url === '/' && Number(headers['content-length'] ?? 0) === 0) {
      // A check whether the server runs, as load balancers send it.
      response.writeHead(200, { 'content-length': 0 }).end();
      return;
    }
    if (method !== 'POST') {
      response.setHeader('allow', 'POST, OPTIONS');
      return no(405, 'method not allowed');
    }
    const encoding = headers['content-encoding'] ?? 'identity';
    const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (!jsonTypes.includes(type) || encoding !== 'identity') {
      return no(415, 'invalid content type, only application/json is supported');
    }
    const body = await readBody(request, budget);
    if (body === 413) return no(413, `request too large, at most ${limits.max} bytes`);
    if (body === 503) return no(503, 'too many requests at once');
    const { text, isJson } = await rpc(body.toString('utf8'));
    if (text === undefined) response.writeHead(204).end();
    else if (text.length >= minGzip && acceptsGzip(headers['accept-encoding'])) await answerGzip(response, text);
    else answerJson(response, isJson ? 200 : 400, text);
  };
  /** The last request of each connection. */
  const last = new WeakMap<Socket, Promise<void>>();
  return (request, response) => {
    const { socket } = request;
    // Responses are sent in the order of the requests. Requests that a caller sends ahead wait for their turn, so that they
    // do not delay those of other connections.
    const before = last.get(socket) ?? Promise.resolve();
    // The only thing that can go wrong is that the caller leaves.
    const done = before.then(() => serve(request, response)).catch(() => void request.destroy());
    last.set(socket, done);
  };
}

/** Whether an `Accept-Encoding` header has gzip, with a weight other than 0. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',');
  return codings.some((coding) => /^\s*(?:x-)?gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*$)[\d.]+\s*)?$/.test(coding));
}

/** Sends a response of JSON, which is compressed outside of this thread. */
async function answerGzip(response: ServerResponse, json: string): Promise<void> {
  const compressed = await compress(json);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'content-length': compressed.length,
    'x-content-type-options': 'nosniff',
    vary: [response.getHeader('vary') ?? [], 'Accept-Encoding'].flat().join(', '),
  });
  response.end(compressed);
}
