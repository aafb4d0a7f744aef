import type { Clock } from '@devp2p/clock';
import { Discv4Error } from './error.ts';
import type { Packet } from './packet.ts';
import type { Address } from './socket.ts';

/** What is waited for, and what becomes of it. */
export interface Expected<T, P extends Packet['type'] = Packet['type']> {
  readonly type: P;
  /** Where it has to come from. */
  readonly from: Address;
  /** Who has to have signed it: the key of a `Node`. */
  readonly key: string;
  /** Looks at a packet: is it meant, and is it the last? Must not throw. */
  take(packet: Extract<Packet, { type: P }>): 'other' | 'more' | 'last';
  /** What there is when the last packet has come or the time is up; `undefined` is a timeout. */
  result(): T | undefined;
}

/** What {@link PendingRequests} is made with. */
export interface PendingOptions {
  readonly clock: Clock;
  /** ms */
  readonly timeout: number;
  /** Requests that may wait at once. */
  readonly max: number;
  readonly onTimeout: () => void;
  readonly onAnswer: () => void;
}

/** ms for the rest of an answer of several packets, as go-ethereum waits (`respTimeout`), if there is as much time left. */
const REST_TIMEOUT = 500;

/** Nothing that a caller could abort with. What is told of it is made only if somebody is told. */
const LATE = Symbol('late');

interface Pending {
  readonly key: string;
  take(packet: Packet): 'other' | 'more' | 'last';
  /** Part of the answer is there. */
  hurry(): void;
  /** @param error why there will be no (more) answers; {@link LATE} when the time is up */
  finish(error?: unknown): void;
}

/** The requests that wait for an answer. Whatever comes and is not waited for has no effect. */
export class PendingRequests {
  readonly #options: PendingOptions;
  readonly #waiting = new Map<string, Pending[]>();
  #size = 0;
  #closed: Discv4Error | undefined;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a packet of this type is waited for from there, whoever signs it. */
  expects(type: Packet['type'], from: Address): boolean {
    return this.#waiting.has(placeOf(type, from));
  }

  /**
   * Waits for an answer; called before the request is sent. Rejects with `timeout`, or with the signal's reason.
   *
   * @param timeout - ms, if another than for all.
   * @throws Discv4Error `busy`, `closed`
   */
  wait<T, P extends Packet['type']>(
    expected: Expected<T, P>,
    signal?: AbortSignal | undefined,
    timeout: number = this.#options.timeout,
  ): Promise<T> {
    const { clock, max } = this.#options;
    if (this.#closed) throw this.#closed;
    if (this.#size >= max) throw new Discv4Error('busy', `${max} requests wait already`);
    signal?.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const place = placeOf(expected.type, expected.from);
      const late = (): void => pending.finish(LATE);
      const due = clock.monotonic() + timeout;
      let timer = clock.setTimeout(late, timeout);
      const onAbort = (): void => pending.finish(signal?.reason);
      const pending: Pending = {
        key: expected.key,
        take: (packet) => expected.take(packet as Extract<Packet, { type: P }>),
        hurry: () => {
          timer.cancel();
          timer = clock.setTimeout(late, Math.min(REST_TIMEOUT, due - clock.monotonic()));
        },
        finish: (error) => {
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          this.#remove(place, pending);
          const isTimeout = error === LATE;
          const result = error === undefined || isTimeout ? expected.result() : undefined;
          if (result !== undefined) resolve(result);
          else reject(isTimeout ? timedOut(expected, timeout) : error);
          if (isTimeout && result === undefined) this.#options.onTimeout();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const others = this.#waiting.get(place);
      if (others) others.push(pending);
      else this.#waiting.set(place, [pending]);
      this.#size++;
    });
  }

  /** Hands a packet to those who wait for it; whether there were any. */
  answer(packet: Packet, from: Address, key: string): boolean {
    let matched = false;
    for (const pending of [...(this.#waiting.get(placeOf(packet.type, from)) ?? [])]) {
      if (pending.key !== key) continue;
      const answer = pending.take(packet);
      if (answer === 'other') continue;
      matched = true;
      if (answer === 'last') pending.finish();
      else pending.hurry();
    }
    if (matched) this.#options.onAnswer();
    return matched;
  }

  /** Ends all requests with `closed`, and every later one. */
  close(): void {
    this.#closed = new Discv4Error('closed', 'discovery is closed');
    for (const waiting of [...this.#waiting.values()]) {
      for (const pending of [...waiting]) pending.finish(this.#closed);
    }
  }

  #remove(place: string, pending: Pending): void {
    const rest = this.#waiting.get(place)?.filter((other) => other !== pending) ?? [];
    if (rest.length > 0) this.#waiting.set(place, rest);
    else this.#waiting.delete(place);
    this.#size--;
  }
}

function placeOf(type: Packet['type'], { host, port }: Address): string {
  return `${type} ${host} ${port}`;
}

function timedOut({ type, from }: { type: string; from: Address }, ms: number): Discv4Error {
  return new Discv4Error('timeout', `no ${type} from ${from.host}:${from.port} in ${ms} ms`);
}
