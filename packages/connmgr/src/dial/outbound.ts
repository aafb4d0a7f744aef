import type { CloseReason, Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { publish } from '../diagnostics.ts';
import { abortError } from '../error.ts';
import type { Config } from '../options.ts';
import { type Counters, countFailure } from '../policy/counters.ts';
import type { OutboundRequest, Target } from '../request.ts';
import type { Addresses } from './addresses.ts';
import { clearAttempt, interrupt, newRequest, setTarget, setTimer } from './attempt.ts';
import { retryDelay } from './retry.ts';

/** Failures in a row after which each new address is delayed: btcd's `maxFailedAttempts`. */
const maxFailuresInRow = 25;

/** Dial scheduler: has an address chosen for each request, limits the number of dials, and retries. */
export class Outbound<A, C extends Connection> {
  readonly #config: Config<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #counters: Counters;
  readonly #addresses: Addresses<A, C>;
  /** Number of dynamic connections to keep. */
  targetOutbound: number;
  #failuresInRow = 0;
  #isActive = false;
  #isScheduled = false;

  constructor(config: Config<A, C>, connections: Connections<A, C>, addresses: Addresses<A, C>, counters: Counters) {
    this.#config = config;
    this.#connections = connections;
    this.#counters = counters;
    this.#addresses = addresses;
    this.targetOutbound = config.targetOutbound;
    connections.onRelease = () => this.schedule();
  }

  /** Starts the dynamic requests. */
  start(): void {
    if (!this.#config.nextAddress) return;
    for (let i = 0; i < this.targetOutbound; i++) this.#request('dynamic');
  }

  /** Starts or stops dialing. Stopping closes all connections; requests are kept. */
  setActive(active: boolean, reason: CloseReason): void {
    this.#isActive = active;
    if (active) {
      this.schedule();
      return;
    }
    for (const request of [...this.#connections.outbound.values()]) {
      const { state } = request;
      if (state.status === 'established') {
        this.end(request, reason);
      } else if (request.kind === 'feeler') {
        this.remove(request, reason);
      } else if (state.status === 'pending' && request.attempt) {
        interrupt(request, reason);
        if (request.kind === 'explicit') this.#retryAfter(request, 0, undefined);
        else request.state = { status: 'pending', step: request.target ? 'waiting' : 'choosing' };
      }
    }
  }

  /** Ends all requests permanently. */
  stop(): void {
    this.#isActive = false;
    for (const request of [...this.#connections.outbound.values()]) {
      this.remove(request, 'stopping');
    }
  }

  /**
   * Returns the request for an address: an existing one, one for another address of the same identity, or a new one.
   */
  connect(address: A, permanent: boolean): number {
    const target = this.#addresses.target(address);
    const moved = permanent ? this.#permanentFor(target.identity) : undefined;
    for (const request of this.#connections.outbound.values()) {
      if (request.target?.key !== target.key) continue;
      if (moved && moved !== request) this.remove(moved, 'canceled');
      this.#adopt(request, permanent);
      request.nextTarget = undefined;
      return request.id;
    }
    if (moved) {
      this.#move(moved, target);
      return moved.id;
    }
    const holder = this.#connections.holder(target.identity);
    if (holder && !permanent) return holder.id;
    const request = this.#request('explicit', target);
    request.permanent = permanent;
    return request.id;
  }

  #permanentFor(identity: string | undefined): OutboundRequest<A, C> | undefined {
    if (identity === undefined) return undefined;
    const requests = [...this.#connections.outbound.values()];
    return requests.find(({ permanent, target }) => permanent && target?.identity === identity);
  }

  /** Changes the address of a permanent request: now, or after its present connection is closed. */
  #move(request: OutboundRequest<A, C>, target: Target<A>): void {
    if (request.state.status === 'established') {
      request.nextTarget = target;
      return;
    }
    interrupt(request, 'canceled');
    setTarget(request, target);
    request.retries = 0;
    request.state = { status: 'pending', step: 'waiting' };
    this.schedule();
  }

  /** Starts a feeler, unless one is running or an outbound slot is free. */
  test(): void {
    const requests = [...this.#connections.outbound.values()];
    const isTesting = requests.some(({ kind }) => kind === 'feeler');
    if (this.#config.nextFeeler && this.#isActive && !isTesting && this.isFull) {
      this.#request('feeler');
    }
  }

  /** Whether all connections of the target are established. */
  get isFull(): boolean {
    return this.targetOutbound > 0 && this.dynamic().length === this.targetOutbound;
  }

  /** Returns the established connections of the target. */
  dynamic(): OutboundRequest<A, C>[] {
    return [...this.#connections.outbound.values()].filter(
      ({ kind, state }) => kind === 'dynamic' && state.status === 'established',
    );
  }

  /** Closes an established connection; another one replaces it. */
  end(request: OutboundRequest<A, C>, reason: CloseReason): void {
    this.#connections.end(request, reason, () => this.#closed(request));
  }

  /** Handles the end of an established connection. */
  #closed(request: OutboundRequest<A, C>): void {
    if (request.state.status !== 'disconnected') return;
    const { reason } = request.state;
    const { clock, retryDelay } = this.#config;
    const lasted = clock.monotonic() - request.establishedAt;
    if (request.permanent) {
      if (reason === 'network-off') this.#retryAfter(request, 0, undefined);
      else this.#retry(request, undefined);
    } else if (request.kind !== 'dynamic') {
      this.#forget(request);
    } else if (reason !== undefined || request.isUseful || lasted >= retryDelay) {
      this.#replace(request);
    } else {
      // A peer that accepts and disconnects at once would otherwise be dialed without a delay.
      this.#failuresInRow = Math.max(this.#failuresInRow, request.failuresBefore);
      this.#countFailure(request, undefined);
    }
    this.schedule();
  }

  /** Ends a request that is not established; a dynamic one is replaced. */
  cancel(request: OutboundRequest<A, C>): void {
    this.remove(request, 'requested');
    if (request.kind === 'dynamic') this.#request('dynamic');
  }

  /** Ends a request permanently, in any state. */
  remove(request: OutboundRequest<A, C>, reason: CloseReason): void {
    interrupt(request, reason);
    this.#forget(request);
    this.#connections.end(request, reason, () => {});
    if (request.state.status !== 'disconnected') request.state = { status: 'canceled' };
    this.schedule();
  }

  /** Starts waiting requests in a microtask, after the current changes are complete. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#schedule();
    });
  }

  #schedule(): void {
    if (!this.#isActive) return;
    const steps = new Map<string, OutboundRequest<A, C>[]>();
    for (const request of this.#connections.outbound.values()) {
      if (request.state.status !== 'pending') continue;
      const { step } = request.state;
      const others = steps.get(step);
      if (others) others.push(request);
      else steps.set(step, [request]);
    }
    for (const request of steps.get('choosing') ?? []) {
      if (!request.attempt && !request.timer) void this.#choose(request);
    }
    const waiting = new Set(steps.get('waiting'));
    let dials = steps.get('dialing')?.length ?? 0;
    while (dials < this.#config.maxActiveDials) {
      const request = this.#nextRequest(waiting);
      if (!request) return;
      waiting.delete(request);
      if (this.#dial(request)) dials++;
    }
  }

  /** Chooses the next request to dial: those of `connect` in random order, then the others in sequence. */
  #nextRequest(waiting: ReadonlySet<OutboundRequest<A, C>>): OutboundRequest<A, C> | undefined {
    const requests = [...waiting];
    const explicit = requests.filter(
      ({ kind, permanent, target }) =>
        kind === 'explicit' && !(permanent && this.#connections.holder(target?.identity)),
    );
    const others = requests.filter(({ kind }) => kind !== 'explicit');
    return this.#config.random.pick(explicit) ?? others[0];
  }

  #request(kind: OutboundRequest<A, C>['kind'], target?: Target<A>): OutboundRequest<A, C> {
    const request = newRequest<A, C>(this.#connections.nextId(), kind, target, this.#config.clock.monotonic());
    this.#connections.outbound.set(request.id, request);
    this.schedule();
    return request;
  }

  /** Makes an existing request one of `connect`. */
  #adopt(request: OutboundRequest<A, C>, permanent: boolean): void {
    const { kind } = request;
    request.permanent ||= permanent;
    request.kind = 'explicit';
    if (kind === 'dynamic') this.#request('dynamic');
  }

  /** Has an address chosen; without one, a feeler ends and another request waits. */
  async #choose(request: OutboundRequest<A, C>): Promise<void> {
    const attempt = new AbortController();
    request.attempt = attempt;
    let isChosen = false;
    try {
      isChosen = await this.#addresses.choose(request, attempt.signal);
    } catch (error) {
      if (!attempt.signal.aborted) publish(this.#config, () => ({ type: 'address-failed', error }));
    }
    if (attempt.signal.aborted) return;
    request.attempt = undefined;
    if (isChosen) {
      request.state = { status: 'pending', step: 'waiting' };
      this.schedule();
    } else if (request.kind === 'feeler') {
      this.remove(request, 'canceled');
    } else {
      const { clock, retryDelay } = this.#config;
      setTimer(request, clock, retryDelay, () => this.schedule());
    }
  }

  /** Starts a dial. @returns whether it started; the address may no longer be suitable */
  #dial(request: OutboundRequest<A, C>): boolean {
    const { target, kind } = request;
    if (!target) return false;
    const { clock, dial, dialTimeout } = this.#config;
    if (kind !== 'explicit' && this.#addresses.skipReason(target, request)) {
      setTarget(request, undefined);
      request.state = { status: 'pending', step: 'choosing' };
      this.schedule();
      return false;
    }
    const conflict = this.#connections.conflict(target.identity);
    if (conflict) {
      this.#failed(request, abortError(conflict));
      return false;
    }

    const attempt = new AbortController();
    request.attempt = attempt;
    request.state = { status: 'pending', step: 'dialing' };
    this.#addresses.avoid(target);
    this.#counters.dials++;
    const isOver = (): boolean => request.attempt !== attempt;
    request.timer = clock.setTimeout(() => {
      interrupt(request, 'timeout');
      this.#failed(request, abortError('timeout'));
    }, dialTimeout);
    const work = async (): Promise<C> => dial(target.address, { signal: attempt.signal, request });
    const done = work().then(
      (connection) => {
        if (isOver()) this.#connections.discard(connection, 'canceled');
        else this.#succeeded(request, connection);
      },
      (error: unknown) => {
        if (!isOver()) this.#failed(request, error);
      },
    );
    this.#connections.settle(done);
    return true;
  }

  #succeeded(request: OutboundRequest<A, C>, connection: C): void {
    clearAttempt(request);
    const refuse = (reason: CloseReason, error: unknown): void => {
      this.#connections.discard(connection, reason);
      this.#failed(request, error);
    };
    let identity: string | undefined;
    try {
      identity = this.#config.identify?.(connection) ?? request.target?.identity;
    } catch (error) {
      refuse('canceled', error);
      return;
    }
    const conflict = this.#connections.conflict(identity);
    if (conflict) {
      refuse(conflict, abortError(conflict));
      return;
    }
    if (request.kind === 'feeler') {
      this.#counters.tested++;
      this.#forget(request);
      request.state = { status: 'disconnected', reason: 'tested' };
      this.#connections.discard(connection, 'tested');
      this.#report(request, undefined);
      return;
    }
    this.#counters.connected++;
    request.failuresBefore = this.#failuresInRow;
    this.#failuresInRow = 0;
    if (identity !== undefined) this.#connections.claim(request, identity);
    this.#connections.establish(request, connection, () => this.#closed(request));
    this.#report(request, undefined);
    this.schedule();
  }

  #failed(request: OutboundRequest<A, C>, error: unknown): void {
    clearAttempt(request);
    countFailure(this.#counters, error);
    const { kind, permanent } = request;
    if (permanent) this.#retry(request, error);
    else if (kind === 'dynamic') this.#countFailure(request, error);
    else {
      request.state = { status: 'failing', error, retryAt: undefined };
      this.#forget(request);
    }
    this.#report(request, error);
    this.schedule();
  }

  /** Counts a failure of a dynamic request and replaces it, at once or after a delay. */
  #countFailure(request: OutboundRequest<A, C>, error: unknown): void {
    if (++this.#failuresInRow < maxFailuresInRow) {
      request.state = { status: 'failing', error, retryAt: undefined };
      this.#replace(request);
      return;
    }
    const { clock, retryDelay } = this.#config;
    request.state = { status: 'failing', error, retryAt: clock.monotonic() + retryDelay };
    request.target = undefined;
    setTimer(request, clock, retryDelay, () => this.#replace(request));
  }

  /** Dials a permanent address again, with a longer delay after each failure. */
  #retry(request: OutboundRequest<A, C>, error: unknown): void {
    const delay = retryDelay(++request.retries, this.#config);
    const minDelay = this.#config.minRetryDelay?.(error, request.retries) ?? 0;
    this.#retryAfter(request, Math.max(delay, minDelay), error);
  }

  /** Dials an address again after a delay, but not before the remote accepts another connection. */
  #retryAfter(request: OutboundRequest<A, C>, delay: number, error: unknown): void {
    const { clock } = this.#config;
    const now = clock.monotonic();
    if (request.nextTarget) {
      setTarget(request, request.nextTarget);
      request.nextTarget = undefined;
      delay = 0;
    }
    const notBefore = request.target ? this.#addresses.notBefore(request.target) : 0;
    const retryAt = Math.max(now + delay, notBefore);
    request.state = { status: 'failing', error, retryAt };
    setTimer(request, clock, retryAt - now, () => {
      request.state = { status: 'pending', step: 'waiting' };
      this.schedule();
    });
  }

  #replace(request: OutboundRequest<A, C>): void {
    this.#forget(request);
    this.#request('dynamic');
  }

  #forget(request: OutboundRequest<A, C>): void {
    this.#connections.outbound.delete(request.id);
    clearAttempt(request);
  }

  #report({ target }: OutboundRequest<A, C>, error: unknown): void {
    if (!target) return;
    this.#connections.callBack(() => this.#config.onDialed?.(target.address, error));
  }
}
