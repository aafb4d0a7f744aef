import { createHmac } from 'node:crypto';

/** Where a consensus client asks. */
export interface EngineServer {
  readonly url: string;
  /** 32 bytes that sign its tokens. */
  readonly secret: Uint8Array;
}

/** A call of the Engine API. */
export interface EngineCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What came back for a request. */
export interface Answer {
  /** Of HTTP. */
  readonly status: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** Asks a server, with a token where one is needed. */
export async function post(
  url: string,
  method: string,
  params: readonly unknown[],
  bearer?: string,
): Promise<Answer> {
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

/** Asks a server for what it must have. */
export async function call(
  url: string,
  method: string,
  params: readonly unknown[],
  bearer?: string,
): Promise<unknown> {
  const { status, result, error } = await post(url, method, params, bearer);
  if (status === 200 && error === undefined) return result;
  throw new Error(`${method}: ${status} ${JSON.stringify(error)}`);
}

/** The Engine API's HS256 token with the time of issue. */
export function token(secret: Uint8Array, age = 0): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(Date.now() / 1000) - age;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iat })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Asks as a consensus client does. */
export function askEngine(
  { url, secret }: EngineServer,
  { method, params }: EngineCall,
): Promise<Answer> {
  return post(url, method, params, token(secret));
}

/** Asks as a consensus client for what must be answered. */
export function callEngine(
  { url, secret }: EngineServer,
  { method, params }: EngineCall,
): Promise<unknown> {
  return call(url, method, params, token(secret));
}
