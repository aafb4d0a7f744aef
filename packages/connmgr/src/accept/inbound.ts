import type { CloseReason, Connection, Incoming, Refusal } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { publish } from '../diagnostics.ts';
import { History } from '../dial/history.ts';
import type { InboundRequest } from '../dial/request.ts';
import { reasonFor } from '../error.ts';
import type { Settings } from '../options.ts';
import type { Counters } from '../policy/counters.ts';
import { chooseEviction, keyGroups } from '../policy/eviction.ts';
import { hostRange, inRange, isLocal, rangeKey } from '../policy/ip.ts';
import { Occasionally } from '../policy/occasionally.ts';
import { chooseDisplaced } from './displacement.ts';

/** Addresses whose last attempt to come in is remembered. */
const MAX_HISTORY = 65_536;

/** What is known of a connection by those who made it. */
export interface EstablishedOptions {
  /** Who is at the other end. @default what `identify` was told, else what the option `identify` says */
  readonly identity?: string | undefined;
  /** Never to be evicted. @default false */
  readonly noban?: boolean | undefined;
}

/** The place of somebody who has come in and whose handshakes are not over. */
export interface InboundSlot<C> {
  /** Id of the request. */
  readonly id: number;
  /**
   * Aborts when the place is lost before there is a connection, with a `ConnManagerError` whose `code` says why: whatever
   * was begun has to end.
   */
  readonly signal: AbortSignal;
  /** Something valid has come: from now on this one does not give way before those who are silent. */
  heard(): void;
  /**
   * Who it is, as soon as that is proved. Takes the identity and, with `admitOn: 'identity'`, a place among the inbound
   * connections.
   *
   * @returns why it is not wanted, to be told to the other side before {@link release}; `undefined` if it is.
   */
  identify(identity: string): CloseReason | undefined;
  /**
   * The handshakes are over, and there is a connection.
   *
   * @returns why it was closed, if it was.
   */
  established(connection: C, options?: EstablishedOptions): CloseReason | undefined;
  /** It came to nothing. Does nothing once there is a connection; idempotent. */
  release(): void;
}

/** Lets in: pending places, inbound places, and who gives way for a newcomer. */
export class Inbound<A, C extends Connection> {
  readonly #settings: Settings<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #counters: Counters;
  readonly #attempts: History;
  readonly #keyGroup: (group: string) => string;
  readonly #log = new Occasionally();
  /** Why nobody is let in, if so. */
  #closed: 'stopping' | 'network-off' | undefined = 'network-off';

  constructor(settings: Settings<A, C>, connections: Connections<A, C>, counters: Counters) {
    this.#settings = settings;
    this.#connections = connections;
    this.#counters = counters;
    this.#attempts = new History(settings.inboundThrottle, MAX_HISTORY);
    this.#keyGroup = keyGroups(settings.random(32));
  }

  /** Lets in from now on. */
  open(): void {
    this.#closed = undefined;
  }

  /** Lets nobody in, and ends all that there is. */
  close(reason: 'stopping' | 'network-off'): void {
    this.#closed = reason;
    for (const request of [...this.#connections.inbound.values()]) this.end(request, reason);
  }

  /** Ends a connection or a handshake. */
  end(request: InboundRequest<C>, reason: CloseReason): void {
    if (request.state.status === 'established') {
      this.#connections.end(request, reason, () => this.#forget(request));
    } else {
      request.state = { status: 'canceled' };
      this.#forget(request);
      request.attempt.abort(reasonFor(reason));
    }
  }

  /** What came in has gone. If its handshakes are not over, whatever was begun has to end. */
  lose(id: number): void {
    const request = this.#connections.inbound.get(id);
    if (request?.state.status !== 'pending') return;
    this.#release(request);
    request.attempt.abort(reasonFor('canceled'));
  }

  /** Ends somebody to whom the limits apply again, if there is no room for him. */
  trim(identity: string): void {
    const request = this.#connections.holder(identity);
    if (request?.kind !== 'inbound' || this.#taken() <= this.#settings.maxInbound) return;
    this.end(request, 'too-many-inbound');
  }

  /** Somebody has come in. @returns a place for the handshakes, or why there is none. */
  admit({ ip }: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal {
    this.#counters.accepts++;
    const refusal = this.#objection(ip);
    if (refusal) return this.#refuse(refusal, ip);

    const request = this.#request(ip);
    if (this.#settings.admitOn === 'accept' && !this.#takePlace(request)) {
      // Only who it is can tell whether the limit applies.
      if (this.#connections.exemptIdentities().size === 0) {
        return this.#refuse('too-many-inbound', ip);
      }
    }
    const pending = this.#pending();
    const displaced = pending.length >= this.#settings.maxPending && chooseDisplaced(pending);
    if (displaced) this.#drop(displaced, 'displaced');
    this.#connections.inbound.set(request.id, request);
    const { clock, handshakeTimeout } = this.#settings;
    request.timer = clock.setTimeout(() => this.#drop(request, 'timeout'), handshakeTimeout);
    return this.#slot(request);
  }

  /** Rules for where somebody comes from, whoever he is. */
  #objection(ip: Uint8Array | undefined): Refusal | undefined {
    if (this.#closed) return this.#closed;
    const { netRestrict, bans, clock, maxInbound } = this.#settings;
    const ban = ip && bans.find(ip);
    if (ban?.kind === 'ban') return 'banned';
    if (netRestrict && !(ip && netRestrict.some((range) => inRange(ip, range)))) {
      return 'not-permitted';
    }
    if (ip && !isLocal(ip)) {
      const host = rangeKey(hostRange(ip));
      const now = clock.monotonic();
      if (this.#attempts.has(host, now)) return 'throttled';
      this.#attempts.add(host, now);
    }
    return ban && this.#taken() >= maxInbound ? 'discouraged' : undefined;
  }

  #slot(request: InboundRequest<C>): InboundSlot<C> {
    return {
      id: request.id,
      signal: request.attempt.signal,
      heard: () => {
        request.hasSpoken = true;
      },
      identify: (identity) => this.#identify(request, identity),
      established: (connection, options = {}) => this.#establish(request, connection, options),
      release: () => this.#release(request),
    };
  }

  #release(request: InboundRequest<C>): void {
    if (request.state.status !== 'pending') return;
    if (!request.isRefused) this.#counters.handshakes.failed++;
    request.state = { status: 'canceled' };
    this.#forget(request);
  }

  #identify(request: InboundRequest<C>, identity: string): CloseReason | undefined {
    const refuse = (reason: Refusal): Refusal => {
      request.isRefused = true;
      return this.#refuse(reason, request.ip);
    };
    if (request.state.status !== 'pending') return 'canceled';
    request.hasSpoken = true;
    if (this.#connections.holder(identity) === request) return undefined;
    if (this.#connections.isSelf(identity)) return refuse('connected-to-self');
    if (this.#connections.holder(identity) || this.#isCrossed(identity)) {
      return refuse('already-connected');
    }
    this.#connections.release(request);
    this.#connections.claim(request, identity);
    // Whoever is exempt has a place as well, which counts when he no longer is.
    request.hasPlace ||= this.#isExempt(identity);
    if (!request.hasPlace && !this.#takePlace(request)) {
      this.#connections.release(request);
      return refuse('too-many-inbound');
    }
    return undefined;
  }

  #establish(
    request: InboundRequest<C>,
    connection: C,
    { identity, noban = false }: EstablishedOptions,
  ): CloseReason | undefined {
    const refuse = (reason: CloseReason): CloseReason => {
      this.#connections.discard(connection, reason);
      if (request.state.status === 'pending') request.state = { status: 'canceled' };
      this.#forget(request);
      return reason;
    };
    if (request.state.status !== 'pending') return refuse('canceled');
    const who = identity ?? request.identity ?? this.#settings.identify?.(connection);
    const refusal = who === undefined ? this.#admitUnknown(request) : this.#identify(request, who);
    if (refusal) return refuse(refusal);
    request.timer?.cancel();
    request.timer = undefined;
    request.noban = noban;
    this.#counters.admitted++;
    this.#connections.establish(request, connection, () => this.#forget(request));
    return undefined;
  }

  #admitUnknown(request: InboundRequest<C>): Refusal | undefined {
    if (request.hasPlace || this.#takePlace(request)) return undefined;
    return this.#refuse('too-many-inbound', request.ip);
  }

  /** @returns whether there is room, or could be made. */
  #takePlace(request: InboundRequest<C>): boolean {
    const { maxInbound, bans } = this.#settings;
    if (this.#taken() >= maxInbound && maxInbound > 0) {
      const isDiscouraged = request.ip !== undefined && bans.find(request.ip) !== undefined;
      if (!isDiscouraged) this.#makeRoom(request);
    }
    request.hasPlace = this.#taken() < maxInbound;
    return request.hasPlace;
  }

  /**
   * Silence gives way first, then a connection that is like many others, then a handshake that is not over: else a few
   * of those, one after another, would keep everybody out.
   */
  #makeRoom(newcomer: InboundRequest<C>): void {
    const exempt = this.#connections.exemptIdentities();
    const unfinished = this.#pending().filter(
      ({ hasPlace, identity, id }) =>
        hasPlace && id !== newcomer.id && !(identity !== undefined && exempt.has(identity)),
    );
    const silent = chooseDisplaced(unfinished.filter(({ hasSpoken }) => !hasSpoken));
    if (silent) {
      this.#drop(silent, 'displaced');
      return;
    }
    const victim = chooseEviction(this.#evictionCandidates())?.request;
    if (victim) {
      this.#counters.evicted++;
      publish(() => ({ event: 'evicted', id: victim.id }));
      this.end(victim, 'evicted');
      return;
    }
    const displaced = chooseDisplaced(unfinished);
    if (displaced) this.#drop(displaced, 'displaced');
  }

  #evictionCandidates() {
    const exempt = this.#connections.exemptIdentities();
    const candidates = [];
    for (const request of this.#connections.inbound.values()) {
      const { state, identity, group, keyedGroup, createdAt: connectedAt } = request;
      if (state.status !== 'established') continue;
      const noban = request.noban || (identity !== undefined && exempt.has(identity));
      const { ping, lastTransaction, lastBlock } = this.#settings.stats?.(state.connection) ?? {};
      const use = { ping, lastTransaction, lastBlock };
      candidates.push({ request, inbound: true, noban, connectedAt, group, keyedGroup, ...use });
    }
    return candidates;
  }

  /** Places that are taken by those to whom the limit applies. */
  #taken(): number {
    const exempt = this.#connections.exemptIdentities();
    let taken = 0;
    for (const { hasPlace, identity } of this.#connections.inbound.values()) {
      if (hasPlace && !(identity !== undefined && exempt.has(identity))) taken++;
    }
    return taken;
  }

  #pending(): InboundRequest<C>[] {
    return [...this.#connections.inbound.values()].filter(
      ({ state }) => state.status === 'pending',
    );
  }

  #isExempt(identity: string): boolean {
    return this.#connections.exemptIdentities().has(identity);
  }

  /** Whether we are dialling the one that has come in, and our connection is the one to be kept. */
  #isCrossed(identity: string): boolean {
    if (!this.#settings.keepsDialled?.(identity)) return false;
    for (const { state, target } of this.#connections.outbound.values()) {
      const isDialling = state.status === 'pending' && state.step === 'dialling';
      if (isDialling && target?.identity === identity) return true;
    }
    return false;
  }

  #request(ip: Uint8Array | undefined): InboundRequest<C> {
    const group = (ip && this.#settings.networkGroup(ip)) ?? '';
    return {
      id: this.#connections.nextId(),
      kind: 'inbound',
      address: undefined,
      ip,
      identity: undefined,
      permanent: false,
      retries: 0,
      state: { status: 'pending', step: 'handshake' },
      createdAt: this.#settings.clock.monotonic(),
      establishedAt: 0,
      ...{ isUseful: false, noban: false, isRefused: false, hasPlace: false, hasSpoken: false },
      host: ip ? rangeKey(hostRange(ip)) : '',
      group,
      keyedGroup: this.#keyGroup(group),
      attempt: new AbortController(),
      timer: undefined,
    };
  }

  #drop(request: InboundRequest<C>, reason: 'timeout' | 'displaced'): void {
    this.#counters.handshakes[reason]++;
    this.end(request, reason);
  }

  #forget(request: InboundRequest<C>): void {
    request.timer?.cancel();
    request.timer = undefined;
    this.#connections.release(request);
    this.#connections.inbound.delete(request.id);
  }

  #refuse(reason: Refusal, ip: Uint8Array | undefined): Refusal {
    this.#counters.refusals[reason]++;
    const suppressed = this.#log.pass(this.#settings.clock.monotonic());
    if (suppressed !== undefined) publish(() => ({ event: 'refused', reason, ip, suppressed }));
    return reason;
  }
}
