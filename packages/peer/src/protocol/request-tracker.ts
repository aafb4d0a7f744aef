import { type Clock, systemClock } from '@devp2p/clock';
import { func, methods, positive, type Rules } from '@devp2p/options';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { check } from '../check-options.ts';
import { PeerError } from '../error.ts';
import { ResponseTimes } from './response-times.ts';

/**
 * Why a request or a response fails:
 *
 * - `timeout`: the response did not arrive in time; the peer stays connected;
 * - `too-many-requests`: `maxPending` requests already wait for a response; nothing was sent;
 * - `unknown-request`: a response to no request, or a second one to the same request;
 * - `wrong-response`: a response of another kind than the request asks for;
 * - `too-many-items`: a response with more items than requested.
 *
 * The last three are breaches of the protocol.
 */
export type RequestFailure = 'timeout' | 'too-many-requests' | 'unknown-request' | 'wrong-response' | 'too-many-items';

/** Options of {@link createRequestTracker}. Times in ms. */
export interface RequestTrackerOptions {
  /**
   * Makes the error of a failure, so that a protocol reports errors of its own class.
   *
   * @default a {@link PeerError}: `request-timeout`, `too-many-requests`, or `breach` with the reason
   *   `breach-of-protocol`
   */
  readonly createError?: ((failure: RequestFailure, message: string) => Error) | undefined;
  /**
   * Requests that may wait for a response, and canceled ones that are remembered.
   * @default 10_000 (go-ethereum)
   */
  readonly maxPending?: number | undefined;
  /** Shortest timeout of a request, however fast the peer has been. @default 2000 */
  readonly minTimeout?: number | undefined;
  /** Longest timeout of a request, and that of the first. @default 20_000 */
  readonly maxTimeout?: number | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Source of request ids. @default `randomBytes` of `@devp2p/random` */
  readonly random?: RandomBytes | undefined;
}

/** A request that has an id and waits for its response. */
export interface TrackedRequest<Response> {
  /** 64 random bits. No other pending or remembered request of this peer has the same. */
  readonly requestId: bigint;
  /**
   * Rejects with `timeout`, the signal's reason, the reason of {@link RequestTracker.cancel} or of
   * {@link RequestTracker.close}, or the breach that the response was.
   */
  readonly response: Promise<Response>;
}

/**
 * Matches one peer's responses with the requests that were sent to it, for protocols whose messages
 * carry request ids (eth, snap). `Responses` maps the name of each kind of response to its message.
 */
export interface RequestTracker<Responses extends object> {
  /** Smoothed response time in ms; `undefined` before the first response. */
  readonly responseTime: number | undefined;
  /**
   * Assigns an id and starts the timeout. The caller then sends the request.
   *
   * @param kind of the response
   * @param maxItems a response with more items is a breach
   * @param signal cancels the request when it aborts
   * @param timeout in ms; `Infinity` for none. Does not change the timeouts of others. @default from earlier responses
   * @throws `too-many-requests`, the signal's reason, or the reason of {@link RequestTracker.close}
   */
  track<Kind extends keyof Responses>(
    kind: Kind,
    maxItems: number,
    signal?: AbortSignal,
    timeout?: number,
  ): TrackedRequest<Responses[Kind]>;
  /**
   * Resolves the request that a response belongs to. A response to a canceled or timed out request
   * is dropped, once.
   *
   * @throws `unknown-request`, `wrong-response` or `too-many-items`; the request, if there is one,
   *   rejects with the same error.
   */
  receive<Kind extends keyof Responses>(kind: Kind, requestId: bigint, response: Responses[Kind], items: number): void;
  /** Rejects a request. Its response, if it still arrives, is dropped. */
  cancel(requestId: bigint, reason: unknown): void;
  /** Rejects all requests, pending and later ones, with this reason. Idempotent. */
  close(reason: unknown): void;
}

const rules: Rules<RequestTrackerOptions> = {
  createError: func,
  maxPending: positive,
  minTimeout: positive,
  maxTimeout: positive,
  clock: methods('monotonic', 'setTimeout'),
  random: func,
};

/**
 * Creates the request tracker of one peer.
 *
 * @throws {@link PeerError} `invalid-option`
 */
export function createRequestTracker<Responses extends object>(
  options: RequestTrackerOptions = {},
): RequestTracker<Responses> {
  check.options('createRequestTracker', options, rules);
  const { minTimeout = 2000, maxTimeout = 20_000 } = options;
  if (minTimeout > maxTimeout) {
    check.fail('minTimeout', minTimeout, `at most maxTimeout, ${maxTimeout}`);
  }
  return new Tracker(options, new ResponseTimes(minTimeout, maxTimeout));
}

interface Pending {
  readonly kind: PropertyKey;
  readonly maxItems: number;
  readonly sentAt: number;
  readonly isMeasured: boolean;
  resolve(response: unknown): void;
  reject(reason: unknown): void;
}

class Tracker<Responses extends object> implements RequestTracker<Responses> {
  readonly #times: ResponseTimes;
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #createError: (failure: RequestFailure, message: string) => Error;
  readonly #maxPending: number;
  readonly #pending = new Map<bigint, Pending>();
  readonly #canceled = new Set<bigint>();
  #closed: { readonly reason: unknown } | undefined;

  constructor(options: RequestTrackerOptions, times: ResponseTimes) {
    this.#times = times;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? randomBytes;
    this.#createError = options.createError ?? peerError;
    this.#maxPending = options.maxPending ?? 10_000;
  }

  get responseTime(): number | undefined {
    return this.#times.mean;
  }

  track<Kind extends keyof Responses>(
    kind: Kind,
    maxItems: number,
    signal?: AbortSignal,
    ownTimeout?: number,
  ): TrackedRequest<Responses[Kind]> {
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed.reason;
    if (this.#pending.size >= this.#maxPending) {
      const problem = `${this.#maxPending} requests already wait for a response`;
      throw this.#createError('too-many-requests', problem);
    }
    const requestId = this.#freeId();
    const response = new Promise<unknown>((resolve, reject) => {
      const onAbort = (): void => this.cancel(requestId, signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      const timeout = ownTimeout ?? this.#times.timeout;
      const timer = this.#clock.setTimeout(() => {
        if (ownTimeout === undefined) this.#times.timedOut();
        this.cancel(requestId, this.#createError('timeout', `no response within ${timeout} ms`));
      }, timeout);
      const settle = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#pending.delete(requestId);
      };
      this.#pending.set(requestId, {
        kind,
        maxItems,
        sentAt: this.#clock.monotonic(),
        isMeasured: ownTimeout === undefined,
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (reason) => {
          settle();
          reject(reason);
        },
      });
    });
    return { requestId, response: response as Promise<Responses[Kind]> };
  }

  receive<Kind extends keyof Responses>(kind: Kind, requestId: bigint, response: Responses[Kind], items: number): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) {
      if (this.#canceled.delete(requestId)) return;
      throw this.#createError('unknown-request', `${String(kind)} without a request`);
    }
    if (pending.isMeasured) this.#times.add(this.#clock.monotonic() - pending.sentAt);
    const breach = this.#check(pending, kind, items);
    if (breach !== undefined) {
      pending.reject(breach);
      throw breach;
    }
    pending.resolve(response);
  }

  cancel(requestId: bigint, reason: unknown): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    const [oldest] = this.#canceled;
    if (oldest !== undefined && this.#canceled.size >= this.#maxPending) {
      this.#canceled.delete(oldest);
    }
    this.#canceled.add(requestId);
    pending.reject(reason);
  }

  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const pending of [...this.#pending.values()]) pending.reject(reason);
  }

  #check(pending: Pending, kind: PropertyKey, items: number): Error | undefined {
    if (pending.kind !== kind) {
      const problem = `${String(kind)} instead of ${String(pending.kind)}`;
      return this.#createError('wrong-response', problem);
    }
    if (items > pending.maxItems) {
      return this.#createError('too-many-items', `${items} items, more than ${pending.maxItems}`);
    }
    return undefined;
  }

  #freeId(): bigint {
    for (;;) {
      const bytes = this.#random(8);
      const id = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
      if (!this.#pending.has(id) && !this.#canceled.has(id)) return id;
    }
  }
}

function peerError(failure: RequestFailure, message: string): PeerError {
  if (failure === 'timeout') return new PeerError('request-timeout', message);
  if (failure === 'too-many-requests') return new PeerError(failure, message);
  return new PeerError('breach', message, { reason: 'breach-of-protocol', direction: 'local' });
}
