import type { CloseReason, Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { publish } from '../diagnostics.ts';
import { type ConnManagerError, reasonFor } from '../error.ts';
import type { ConnManagerOptions, Settings } from '../options.ts';
import { type Counters, countFailure } from '../policy/counters.ts';
import { pick } from '../random.ts';
import type { Addresses } from './addresses.ts';
import type { OutboundRequest, Target } from './request.ts';
import { retryDelay } from './retry.ts';

/** Failures in a row after which each new address has to wait: btcd's `maxFailedAttempts`. */
const MAX_FAILURES = 25;

/** Addresses that a request is offered before it waits for better ones, as in Bitcoin Core. */
const MAX_OFFERS = 100;

/** Dials: finds an address for each request, gives each its turn, and tries again. */
export class Outbound<A, C extends Connection> {
  readonly #settings: Settings<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #counters: Counters;
  readonly #addresses: Addresses<A, C>;
  /** Dynamic connections to keep. */
  target: number;
  /** To be dialled before any other address. */
  #first: Promise<A[]> = Promise.resolve([]);
  #failuresInRow = 0;
  #isActive = false;
  #isPumping = false;

  constructor(
    settings: Settings<A, C>,
    connections: Connections<A, C>,
    addresses: Addresses<A, C>,
    counters: Counters,
  ) {
    this.#settings = settings;
    this.#connections = connections;
    this.#counters = counters;
    this.#addresses = addresses;
    this.target = settings.targetOutbound;
    connections.onRelease = () => this.pump();
  }

  /** @param first addresses to be dialled before any other */
  start(first: Promise<A[]>): void {
    this.#first = first;
    if (!this.#settings.nextAddress) return;
    for (let i = 0; i < this.target; i++) this.#request('dynamic');
  }

  /** Dials, or ends all that there is and waits. Requests stay. */
  setActive(active: boolean, reason: CloseReason): void {
    this.#isActive = active;
    if (active) {
      this.pump();
      return;
    }
    for (const request of [...this.#connections.outbound.values()]) {
      const { state } = request;
      if (state.status === 'established') {
        this.end(request, reason);
      } else if (request.kind === 'feeler') {
        this.remove(request, reason);
      } else if (state.status === 'pending' && request.attempt) {
        this.#interrupt(request, reason);
        if (request.kind === 'explicit') this.#retryAfter(request, 0, undefined);
        else request.state = { status: 'pending', step: request.target ? 'waiting' : 'choosing' };
      }
    }
  }

  /** Ends everything, for good. */
  stop(): void {
    this.#isActive = false;
    for (const request of [...this.#connections.outbound.values()]) {
      this.remove(request, 'stopping');
    }
  }

  /** A request for this address: the one that there is, one for another address of the same identity, or a new one. */
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

  /** Dials another address for a permanent request: now, or once the connection that it has is gone. */
  #move(request: OutboundRequest<A, C>, target: Target<A>): void {
    if (request.state.status === 'established') {
      request.nextTarget = target;
      return;
    }
    this.#interrupt(request, 'canceled');
    setTarget(request, target);
    request.retries = 0;
    request.state = { status: 'pending', step: 'waiting' };
    this.pump();
  }

  /** Tests an address, unless a test is under way or an outbound place is free. */
  test(): void {
    const requests = [...this.#connections.outbound.values()];
    const isTesting = requests.some(({ kind }) => kind === 'feeler');
    if (this.#settings.nextFeeler && this.#isActive && !isTesting && this.isFull) {
      this.#request('feeler');
    }
  }

  /** Whether all that the target asks for are connected. */
  get isFull(): boolean {
    return this.target > 0 && this.dynamic().length === this.target;
  }

  /** Connections that fill the target. */
  dynamic(): OutboundRequest<A, C>[] {
    return [...this.#connections.outbound.values()].filter(
      ({ kind, state }) => kind === 'dynamic' && state.status === 'established',
    );
  }

  /** Ends what is established; something takes its place. */
  end(request: OutboundRequest<A, C>, reason: CloseReason): void {
    this.#connections.end(request, reason, () => this.#lost(request));
  }

  /** What was established has gone. */
  #lost(request: OutboundRequest<A, C>): void {
    if (request.state.status !== 'disconnected') return;
    const { reason } = request.state;
    const { clock, retryDelay } = this.#settings;
    const lasted = clock.monotonic() - request.establishedAt;
    if (request.permanent) {
      if (reason === 'network-off') this.#retryAfter(request, 0, undefined);
      else this.#retry(request, undefined);
    } else if (request.kind !== 'dynamic') {
      this.#forget(request);
    } else if (reason !== undefined || request.isUseful || lasted >= retryDelay) {
      this.#replace(request);
    } else {
      // Whoever accepts everybody and drops them at once would be dialled without a pause.
      this.#failuresInRow = Math.max(this.#failuresInRow, request.failuresBefore);
      this.#countFailure(request, undefined);
    }
    this.pump();
  }

  /** Ends what is not established; a dynamic request makes room for another. */
  cancel(request: OutboundRequest<A, C>): void {
    this.remove(request, 'requested');
    if (request.kind === 'dynamic') this.#request('dynamic');
  }

  /** Ends a request for good, whatever its state. */
  remove(request: OutboundRequest<A, C>, reason: CloseReason): void {
    this.#interrupt(request, reason);
    this.#forget(request);
    this.#connections.end(request, reason, () => {});
    if (request.state.status !== 'disconnected') request.state = { status: 'canceled' };
    this.pump();
  }

  /** Gives whoever waits a turn; not from in here, so that whatever has just changed is settled. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
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
    let dials = steps.get('dialling')?.length ?? 0;
    while (dials < this.#settings.maxActiveDials) {
      const request = this.#turn(waiting);
      if (!request) return;
      waiting.delete(request);
      if (this.#dial(request)) dials++;
    }
  }

  /** Those of `connect` at random, before the others in their order. */
  #turn(waiting: ReadonlySet<OutboundRequest<A, C>>): OutboundRequest<A, C> | undefined {
    const requests = [...waiting];
    const explicit = requests.filter(
      ({ kind, permanent, target }) =>
        kind === 'explicit' && !(permanent && this.#connections.holder(target?.identity)),
    );
    const others = requests.filter(({ kind }) => kind !== 'explicit');
    return pick(explicit, this.#settings.random) ?? others[0];
  }

  #request(kind: OutboundRequest<A, C>['kind'], target?: Target<A>): OutboundRequest<A, C> {
    const request: OutboundRequest<A, C> = {
      id: this.#connections.nextId(),
      kind,
      ...{ address: undefined, ip: undefined, identity: undefined, target: undefined },
      permanent: false,
      retries: 0,
      state: { status: 'pending', step: target ? 'waiting' : 'choosing' },
      createdAt: this.#settings.clock.monotonic(),
      isUseful: false,
      establishedAt: 0,
      ...{ attempt: undefined, timer: undefined, nextTarget: undefined },
      failuresBefore: 0,
    };
    setTarget(request, target);
    this.#connections.outbound.set(request.id, request);
    this.pump();
    return request;
  }

  /** Makes a request what `connect` asks for. */
  #adopt(request: OutboundRequest<A, C>, permanent: boolean): void {
    const { kind } = request;
    request.permanent ||= permanent;
    request.kind = 'explicit';
    if (kind === 'dynamic') this.#request('dynamic');
  }

  async #choose(request: OutboundRequest<A, C>): Promise<void> {
    const attempt = new AbortController();
    request.attempt = attempt;
    const isOver = (): boolean => request.attempt !== attempt;
    const { signal } = attempt;
    const { nextAddress, nextFeeler } = this.#settings;
    const source: ConnManagerOptions<A, C>['nextAddress'] =
      request.kind === 'feeler' ? nextFeeler : nextAddress;
    try {
      const first = request.kind === 'dynamic' ? await this.#first : [];
      for (let offers = 0; offers < MAX_OFFERS && !isOver(); offers++) {
        const address = first.shift() ?? (await source?.({ signal }));
        if (isOver()) return;
        if (address === undefined) break;
        const target = this.#addresses.target(address);
        const objection = this.#addresses.objection(target, request);
        if (objection) {
          this.#counters.skipped[objection]++;
          continue;
        }
        request.attempt = undefined;
        setTarget(request, target);
        request.state = { status: 'pending', step: 'waiting' };
        this.pump();
        return;
      }
    } catch (error) {
      if (isOver()) return;
      publish(() => ({ event: 'address-failed', error }));
    }
    if (isOver()) return;
    request.attempt = undefined;
    if (request.kind === 'feeler') this.remove(request, 'canceled');
    else this.#later(request, this.#settings.retryDelay, () => this.pump());
  }

  /** @returns whether it is being dialled; things may have changed since it got its address. */
  #dial(request: OutboundRequest<A, C>): boolean {
    const { target, kind } = request;
    if (!target) return false;
    const { clock, dial, dialTimeout } = this.#settings;
    if (kind !== 'explicit' && this.#addresses.objection(target, request)) {
      setTarget(request, undefined);
      request.state = { status: 'pending', step: 'choosing' };
      this.pump();
      return false;
    }
    const impossible = this.#identityFault(target.identity);
    if (impossible) {
      this.#failed(request, impossible);
      return false;
    }

    const attempt = new AbortController();
    request.attempt = attempt;
    request.state = { status: 'pending', step: 'dialling' };
    this.#addresses.avoid(target);
    this.#counters.dials++;
    const isOver = (): boolean => request.attempt !== attempt;
    request.timer = clock.setTimeout(() => {
      this.#interrupt(request, 'timeout');
      this.#failed(request, reasonFor('timeout'));
    }, dialTimeout);
    const { signal } = attempt;
    const work = async (): Promise<C> => dial(target.address, { signal, request });
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
    this.#stop(request);
    const refuse = (reason: CloseReason, error: unknown): void => {
      this.#connections.discard(connection, reason);
      this.#failed(request, error);
    };
    let identity: string | undefined;
    try {
      identity = this.#settings.identify?.(connection) ?? request.target?.identity;
    } catch (error) {
      refuse('canceled', error);
      return;
    }
    const fault = this.#identityFault(identity);
    if (fault) {
      refuse(fault.code as CloseReason, fault);
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
    this.#connections.establish(request, connection, () => this.#lost(request));
    this.#report(request, undefined);
    this.pump();
  }

  #failed(request: OutboundRequest<A, C>, error: unknown): void {
    this.#stop(request);
    countFailure(this.#counters, error);
    const { kind, permanent } = request;
    if (permanent) this.#retry(request, error);
    else if (kind === 'dynamic') this.#countFailure(request, error);
    else {
      request.state = { status: 'failing', error, retryAt: undefined };
      this.#forget(request);
    }
    this.#report(request, error);
    this.pump();
  }

  /** One more failure of a dynamic request: another takes its place, at once or later. */
  #countFailure(request: OutboundRequest<A, C>, error: unknown): void {
    if (++this.#failuresInRow < MAX_FAILURES) {
      request.state = { status: 'failing', error, retryAt: undefined };
      this.#replace(request);
      return;
    }
    const delay = this.#settings.retryDelay;
    const retryAt = this.#settings.clock.monotonic() + delay;
    request.state = { status: 'failing', error, retryAt };
    request.target = undefined;
    this.#later(request, delay, () => this.#replace(request));
  }

  /** Dials a permanent address again, later each time. */
  #retry(request: OutboundRequest<A, C>, error: unknown): void {
    const delay = retryDelay(++request.retries, this.#settings);
    const atLeast = this.#settings.retryAfter?.(error, request.retries) ?? 0;
    this.#retryAfter(request, Math.max(delay, atLeast), error);
  }

  /** Dials an address again, but not before the other side lets us in again. */
  #retryAfter(request: OutboundRequest<A, C>, delay: number, error: unknown): void {
    const now = this.#settings.clock.monotonic();
    if (request.nextTarget) {
      setTarget(request, request.nextTarget);
      request.nextTarget = undefined;
      delay = 0;
    }
    const notBefore = request.target ? this.#addresses.notBefore(request.target) : 0;
    const retryAt = Math.max(now + delay, notBefore);
    request.state = { status: 'failing', error, retryAt };
    this.#later(request, retryAt - now, () => {
      request.state = { status: 'pending', step: 'waiting' };
      this.pump();
    });
  }

  #replace(request: OutboundRequest<A, C>): void {
    this.#forget(request);
    this.#request('dynamic');
  }

  #forget(request: OutboundRequest<A, C>): void {
    this.#connections.outbound.delete(request.id);
    this.#stop(request);
  }

  #interrupt(request: OutboundRequest<A, C>, reason: CloseReason): void {
    const { attempt } = request;
    this.#stop(request);
    attempt?.abort(reasonFor(reason));
  }

  #stop(request: OutboundRequest<A, C>): void {
    request.timer?.cancel();
    request.timer = undefined;
    request.attempt = undefined;
  }

  #later(request: OutboundRequest<A, C>, delay: number, callback: () => void): void {
    request.timer = this.#settings.clock.setTimeout(() => {
      request.timer = undefined;
      callback();
    }, delay);
  }

  #report({ target }: OutboundRequest<A, C>, error: unknown): void {
    if (!target) return;
    this.#connections.tell(() => this.#settings.onDialled?.(target.address, error));
  }

  #identityFault(identity: string | undefined): ConnManagerError | undefined {
    if (this.#connections.isSelf(identity)) return reasonFor('connected-to-self');
    return this.#connections.holder(identity) ? reasonFor('already-connected') : undefined;
  }
}

function setTarget<A, C>(request: OutboundRequest<A, C>, target: Target<A> | undefined): void {
  request.target = target;
  request.address = target?.address;
  request.ip = target?.ip;
  request.identity = target?.identity;
}
