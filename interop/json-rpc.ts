import { createHmac } from 'node:crypto';

/** The Engine API of a node. */
export interface EngineServer {
  readonly url: string;
  /** The secret of the tokens, 32 bytes. */
  readonly secret: Uint8Array;
}

/** A call of the Engine API. */
export interface EngineCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** The response to a request. */
export interface Answer {
  /** HTTP status. */
  readonly status: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Sends a request, with a token if needed. */
export async function post(url: string, method: string, params: readonly unknown[], bearer?: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { status, ok } = response;
  return { status, ...(ok ? ((await response.json()) as object) : {}) };
}

/** Sends a request that must succeed. */
export async function call(url: string, method: string, params: readonly unknown[], bearer?: string): Promise<unknown> {
  const { status, result, error } = await post(url, method, params, bearer);
  if (status === 200 && error === undefined) return result;
  throw new Error(`${method}: ${status} ${JSON.stringify(error)}`);
}

/** An HS256 token of the Engine API, with the time of issue. */
export function token(secret: Uint8Array, age = 0): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000) - age;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Sends a request as a consensus client. */
export function askEngine({ url, secret }: EngineServer, { method, params }: EngineCall): Promise<Answer> {
  return post(url, method, params, token(secret));
}

/** Sends a request as a consensus client, which must succeed. */
export function callEngine({ url, secret }: EngineServer, { method, params }: EngineCall): Promise<unknown> {
  return call(url, method, params, token(secret));
}
