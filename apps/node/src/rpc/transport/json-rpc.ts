import { type Clock, withTimeout } from '@devp2p/clock';
import type { Log } from '../../logging/log.ts';
import type { Api } from './api.ts';
import { isNestedDeeper } from './json-depth.ts';
import { JsonText } from './json-text.ts';
import { RpcError } from './rpc-error.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Limits of one request. */
export interface RpcLimits {
  /** Calls in a batch. @default 1000 (go-ethereum, `BatchRequestLimit`) */
  readonly maxBatch: number;
  /** Bytes of a response, or of all responses of a batch. @default 25_000_000 (go-ethereum, `BatchResponseMaxSize`) */
  readonly maxResponse: number;
  /** Arrays and objects in each other. @default 64 */
  readonly maxDepth: number;
  /** Time for the response to a request or a whole batch, in ms. @default 30_000 (go-ethereum, `WriteTimeout`) */
  readonly callTimeout: number;
}

export const rpcLimits: RpcLimits = {
  maxBatch: 1_000,
  maxResponse: 25_000_000,
  maxDepth: 64,
  callTimeout: 30_000,
};

/** @see createJsonRpc */
export interface JsonRpcOptions {
  readonly api: Api;
  readonly limits: RpcLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each call, with whether it succeeded. */
  readonly onCall?: ((ok: boolean) => void) | undefined;
}

/** Response to a request. */
interface RpcAnswer {
  /** `undefined` without a response, as for notifications. */
  readonly text: string | undefined;
  /** `false` when the request was not acceptable JSON. */
  readonly isJson: boolean;
}

/** Answers JSON-RPC 2.0 requests, single ones and batches. Never rejects. */
export type JsonRpc = (text: string, subscriptions?: Subscriptions) => Promise<RpcAnswer>;

type Id = string | number | null;

/** A request that the caller may expect to be understood. */
interface Request {
  /** Absent for a notification. */
  readonly id?: Id;
  readonly method: string;
  readonly params?: unknown;
}

/** Methods are looked up by their whole name, and no more than this of an unknown one is echoed. */
const shownName = 64;

/** Reason of a timeout. The error is made when a call has timed out: it would have its stack trace in each call. */
const timedOut = Symbol('timed out');

/** Creates a JSON-RPC processor that is independent of the transport. */
export function createJsonRpc(options: JsonRpcOptions): JsonRpc {
  const { api, limits, clock, log, onCall = () => {} } = options;

  /** @throws RpcError */
  const call = async (request: Request, end: number, subscriptions: Subscriptions | undefined): Promise<string> => {
    try {
      const left = end - clock.monotonic();
      if (left <= 0) throw timedOut;
      const work = async (): Promise<unknown> => run(api, request, subscriptions);
      const result = await withTimeout(clock, left, work, { reason: timedOut });
      const text = result instanceof JsonText ? result.text : JSON.stringify(result ?? null);
      onCall(true);
      return text;
    } catch (error) {
      onCall(false);
      if (error === timedOut) throw new RpcError('timeout', 'request timed out');
      if (error instanceof RpcError) throw error;
      log.error({ method: request.method, error }, 'a call has failed');
      throw new RpcError('internal', 'internal error');
    }
  };

  /** The response to one message; `undefined` for a notification. */
  const answer = async (
    message: unknown,
    end: number,
    subscriptions: Subscriptions | undefined,
    room: number,
  ): Promise<string | undefined> => {
    if (!isRequest(message)) {
      return failure(idOf(message) ?? null, new RpcError('invalid-request', 'invalid request'));
    }
    const { id } = message;
    try {
      const result = await call(message, end, subscriptions);
      if (id === undefined) return undefined;
      if (Buffer.byteLength(result) > room) throw new RpcError('too-large', 'response too large');
      return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`;
    } catch (error) {
      return id === undefined ? undefined : failure(id, error as RpcError);
    }
  };

  const answerBatch = async (
    batch: readonly unknown[],
    end: number,
    subscriptions: Subscriptions | undefined,
  ): Promise<string | undefined> => {
    if (batch.length === 0) return failure(null, new RpcError('invalid-request', 'empty batch'));
    if (batch.length > limits.maxBatch) {
      // As in go-ethereum: a batch of one response, with the first id, since a batch as a whole has no id.
      const id = batch.find(isRequest)?.id ?? null;
      return `[${failure(id, new RpcError('invalid-request', 'batch too large'))}]`;
    }
    const answers: string[] = [];
    let room = limits.maxResponse;
    for (const message of batch) {
      if (room <= 0) {
        const id = idOf(message);
        if (id !== undefined) answers.push(failure(id, new RpcError('too-large', 'response too large')));
        continue;
      }
      const text = await answer(message, end, subscriptions, room);
      if (text === undefined) continue;
      answers.push(text);
      room -= Buffer.byteLength(text);
    }
    return answers.length === 0 ? undefined : `[${answers.join(',')}]`;
  };

  return async (text, subscriptions) => {
    let message: unknown;
    try {
      message = parse(text, limits.maxDepth);
    } catch (error) {
      return { text: failure(null, error as RpcError), isJson: false };
    }
    const end = clock.monotonic() + limits.callTimeout;
    const answered = Array.isArray(message)
      ? await answerBatch(message, end, subscriptions)
      : await answer(message, end, subscriptions, limits.maxResponse);
    return { text: answered, isJson: true };
  };
}

/** @throws RpcError `parse-error` */
function parse(text: string, maxDepth: number): unknown {
  if (isNestedDeeper(text, maxDepth)) {
    throw new RpcError('parse-error', `parse error: nested deeper than ${maxDepth}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RpcError('parse-error', 'parse error');
  }
}

function isRequest(message: unknown): message is Request {
  if (typeof message !== 'object' || message === null) return false;
  const { jsonrpc, method, id } = message as Record<string, unknown>;
  return jsonrpc === '2.0' && typeof method === 'string' && (id === undefined || isId(id));
}

function isId(id: unknown): id is Id {
  // A larger number would lose precision, so the response would match no request.
  if (typeof id === 'number') return Math.abs(id) <= Number.MAX_SAFE_INTEGER;
  return typeof id === 'string' || id === null;
}

function idOf(message: unknown): Id | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { id } = message as Record<string, unknown>;
  return isId(id) ? id : undefined;
}

function failure(id: Id, error: RpcError): string {
  const { number: code, message, data } = error;
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } });
}

function run(api: Api, { method: name, params }: Request, subs: Subscriptions | undefined): unknown {
  const given = params ?? [];
  if (!Array.isArray(given)) throw new RpcError('invalid-params', 'non-array args');
  const [, namespace, verb] = /^([^_]*)_(subscribe|unsubscribe)$/.exec(name) ?? [];
  if (namespace !== undefined) {
    if (subs === undefined) throw new RpcError('method-not-found', 'notifications not supported');
    return verb === 'subscribe' ? subscribe(api, namespace, given, subs) : unsubscribe(given, subs);
  }
  const method = api.methods.get(name);
  if (method === undefined) {
    const shown = name.slice(0, shownName);
    throw new RpcError('method-not-found', `the method ${shown} does not exist/is not available`);
  }
  return method(given);
}

function subscribe(
  api: Api,
  namespace: string,
  [name, ...rest]: readonly unknown[],
  subscriptions: Subscriptions,
): string {
  if (typeof name !== 'string') {
    throw new RpcError('invalid-params', 'expected subscription name as first argument');
  }
  const begin = api.sources.get(`${namespace}_${name}`);
  if (begin === undefined) {
    const shown = [name, namespace].map((text) => text.slice(0, shownName));
    throw new RpcError('method-not-found', `no "${shown[0]}" subscription in ${shown[1]} namespace`);
  }
  return subscriptions.add(namespace, begin(rest));
}

function unsubscribe([id]: readonly unknown[], subscriptions: Subscriptions): boolean {
  if (typeof id !== 'string') throw new RpcError('invalid-params', 'expected a subscription id');
  if (!subscriptions.remove(id)) throw new RpcError('failed', 'subscription not found');
  return true;
}
