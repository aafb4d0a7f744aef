import type { Clock, Timer } from '@devp2p/clock';
import type { RandomBytes } from '@devp2p/crypto';
import { EthError } from '../error.ts';
import type { Answer, Messages } from '../wire/schema.ts';
import { ResponseTimes } from './response-times.ts';

/** The most questions of ours that one peer may owe an answer to (go-ethereum's figure). */
const maxPending = 10_000;

/** How many ids of questions that were given up are remembered, so that a late answer is no breach. */
const maxAbandoned = 10_000;

interface Pending {
  readonly answer: Answer;
  readonly maxItems: number;
  readonly askedAt: number;
  readonly timer: Timer;
  resolve(response: Messages[Answer]): void;
  reject(reason: unknown): void;
}

/** A question that has been given an id. */
export interface Asked<A extends Answer> {
  readonly requestId: bigint;
  /** Rejects with `timeout`, the signal's reason, or what {@link Requests.close} was given. */
  readonly response: Promise<Messages[A]>;
}

/** The questions that a peer has not answered yet. */
export class Requests {
  readonly times: ResponseTimes = new ResponseTimes();
  readonly #clock: Clock;
  readonly #random: RandomBytes;
  readonly #pending = new Map<bigint, Pending>();
  readonly #abandoned = new Set<bigint>();
  #closed: { readonly reason: unknown } | undefined;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Waits for an answer from now on.
   *
   * @param maxItems more than that in the answer is a breach
   * @throws EthError `too-many-requests`
   */
  ask<A extends Answer>(answer: A, maxItems: number, signal?: AbortSignal): Asked<A> {
    signal?.throwIfAborted();
    if (this.#closed) throw this.#closed.reason;
    if (this.#pending.size >= maxPending) {
      throw new EthError('too-many-requests', `${maxPending} requests wait for an answer`);
    }
    const requestId = this.#freeId();
    const response = new Promise<Messages[Answer]>((resolve, reject) => {
      const onAbort = (): void => this.abandon(requestId, signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      const timeout = this.times.timeout;
      const timer = this.#clock.setTimeout(() => {
        this.times.timedOut();
        this.abandon(requestId, new EthError('timeout', `no answer within ${timeout} ms`));
      }, timeout);
      const settled = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.#pending.delete(requestId);
      };
      this.#pending.set(requestId, {
        answer,
        maxItems,
        askedAt: this.#clock.monotonic(),
        timer,
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      });
    });
    return { requestId, response: response as Promise<Messages[A]> };
  }

  /** Gives a question up. An answer that comes all the same is dropped. */
  abandon(requestId: bigint, reason: unknown): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    const [oldest] = this.#abandoned;
    if (oldest !== undefined && this.#abandoned.size >= maxAbandoned)
      this.#abandoned.delete(oldest);
    this.#abandoned.add(requestId);
    pending.reject(reason);
  }

  /**
   * Takes an answer in.
   *
   * @throws EthError `unknown-request`, `wrong-response` or `too-many-items`; for the last two the question fails
   *   with the same error.
   */
  answer<A extends Answer>(answer: A, response: Messages[A]): void {
    const { requestId, items } = response;
    const pending = this.#pending.get(requestId);
    if (pending === undefined) {
      if (this.#abandoned.delete(requestId)) return;
      throw new EthError('unknown-request', `${answer} to a request that was not made`);
    }
    this.times.answered(this.#clock.monotonic() - pending.askedAt);
    const breach = this.#check(pending, answer, items.length);
    if (breach === undefined) {
      pending.resolve(response);
    } else {
      pending.reject(breach);
      throw breach;
    }
  }

  /** Fails all questions, now and later, with this. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const pending of [...this.#pending.values()]) pending.reject(reason);
  }

  #check(pending: Pending, answer: Answer, items: number): EthError | undefined {
    if (pending.answer !== answer) {
      return new EthError('wrong-response', `${answer} instead of ${pending.answer}`);
    }
    if (items > pending.maxItems) {
      return new EthError(
        'too-many-items',
        `${items} items instead of at most ${pending.maxItems}`,
      );
    }
    return undefined;
  }

  #freeId(): bigint {
    for (;;) {
      const bytes = this.#random(8);
      const id = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0);
      if (!this.#pending.has(id) && !this.#abandoned.has(id)) return id;
    }
  }
}
