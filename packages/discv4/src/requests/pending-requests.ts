import type { Clock } from '@devp2p/clock';
import type { Address } from '@devp2p/discover';
import { Discv4Error } from '../error.ts';
import type { Packet } from '../wire/packet.ts';

/** How a packet relates to a pending request: not its response, a part of it, or the last part. */
type Match = 'other' | 'more' | 'last';

/** Expected response to a request. */
export interface ExpectedResponse<T, P extends Packet['type'] = Packet['type']> {
  readonly type: P;
  /** Required source of the packets. */
  readonly from: Address;
  /** Required signer: the key of a `Node`. */
  readonly key: string;
  /** Processes a packet. Must not throw. */
  match(packet: Extract<Packet, { type: P }>): Match;
  /** Returns the result after the last packet or the timeout; `undefined` for a timeout error. */
  result(): T | undefined;
}

/** Options of {@link PendingRequests}. */
export interface PendingOptions {
  readonly clock: Clock;
  /** Timeout in milliseconds. */
  readonly timeout: number;
  /** Limit of concurrent requests. */
  readonly max: number;
  readonly onTimeout: () => void;
  readonly onResponse: () => void;
}

/** Timeout in milliseconds for the rest of a response of several packets, within that of the request; as go-ethereum (`respTimeout`). */
const restTimeout = 500;

/** Marks the end by timeout, so that the error is created only if it is needed. */
const timedOut = Symbol('timed out');

interface Pending {
  readonly key: string;
  match(packet: Packet): Match;
  /** Shortens the timeout after a part of the response. */
  hurry(): void;
  /** @param error why there are no (more) packets; {@link timedOut} after the timeout */
  finish(error?: unknown): void;
}

/** Requests that wait for a response. A packet without a pending request has no effect. */
export class PendingRequests {
  readonly #options: PendingOptions;
  readonly #pending = new Map<string, Pending[]>();
  #size = 0;
  #closed: Discv4Error | undefined;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a request waits for a packet of this type from this source, regardless of the signer. */
  expects(type: Packet['type'], from: Address): boolean {
    return this.#pending.has(sourceKey(type, from));
  }

  /**
   * Waits for a response. Call it before the request is sent. Rejects with `timeout` or the reason of the signal.
   *
   * @param timeout in milliseconds
   * @throws Discv4Error `busy`, `closed`
   */
  wait<T, P extends Packet['type']>(
    expected: ExpectedResponse<T, P>,
    signal?: AbortSignal | undefined,
    timeout: number = this.#options.timeout,
  ): Promise<T> {
    const { clock, max } = this.#options;
    if (this.#closed) throw this.#closed;
    if (this.#size >= max) throw new Discv4Error('busy', `limit of ${max} pending requests reached`);
    signal?.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const source = sourceKey(expected.type, expected.from);
      const onTimer = (): void => pending.finish(timedOut);
      const due = clock.monotonic() + timeout;
      let timer = clock.setTimeout(onTimer, timeout);
      const onAbort = (): void => pending.finish(signal?.reason);
      const pending: Pending = {
        key: expected.key,
        match: (packet) => expected.match(packet as Extract<Packet, { type: P }>),
        hurry: () => {
          timer.cancel();
          timer = clock.setTimeout(onTimer, Math.min(restTimeout, due - clock.monotonic()));
        },
        finish: (error) => {
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          this.#remove(source, pending);
          const isTimeout = error === timedOut;
          const result = error === undefined || isTimeout ? expected.result() : undefined;
          if (result !== undefined) resolve(result);
          else reject(isTimeout ? timeoutError(expected, timeout) : error);
          if (isTimeout && result === undefined) this.#options.onTimeout();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const others = this.#pending.get(source);
      if (others) others.push(pending);
      else this.#pending.set(source, [pending]);
      this.#size++;
    });
  }

  /** Passes a packet to the requests that expect it. Returns whether there were any. */
  accept(packet: Packet, from: Address, key: string): boolean {
    let matched = false;
    for (const pending of [...(this.#pending.get(sourceKey(packet.type, from)) ?? [])]) {
      if (pending.key !== key) continue;
      const match = pending.match(packet);
      if (match === 'other') continue;
      matched = true;
      if (match === 'last') pending.finish();
      else pending.hurry();
    }
    if (matched) this.#options.onResponse();
    return matched;
  }

  /** Rejects all pending and later requests with `closed`. */
  close(): void {
    this.#closed = new Discv4Error('closed', 'discovery is closed');
    for (const pending of [...this.#pending.values()].flat()) pending.finish(this.#closed);
  }

  #remove(source: string, pending: Pending): void {
    const rest = this.#pending.get(source)?.filter((other) => other !== pending) ?? [];
    if (rest.length > 0) this.#pending.set(source, rest);
    else this.#pending.delete(source);
    this.#size--;
  }
}

function sourceKey(type: Packet['type'], { host, port }: Address): string {
  return `${type} ${host} ${port}`;
}

function timeoutError({ type, from }: { type: string; from: Address }, ms: number): Discv4Error {
  return new Discv4Error('timeout', `no ${type} from ${from.host}:${from.port} within ${ms} ms`);
}
