import { inRange, isLan } from '@devp2p/ip';
import { boolean, type Rules } from '@devp2p/options';
import { check } from '../check-options.ts';
import type { CloseReason, Connection, Incoming, Refusal } from '../connection.ts';
import type { Connections } from '../connections.ts';
import { publish } from '../diagnostics.ts';
import { abortError } from '../error.ts';
import type { Config } from '../options.ts';
import type { Counters } from '../policy/counters.ts';
import { chooseEviction, keyGroups } from '../policy/eviction.ts';
import { History } from '../policy/history.ts';
import { hostKey } from '../policy/host.ts';
import { LogThrottle } from '../policy/log-throttle.ts';
import type { InboundRequest } from '../request.ts';
import { chooseDisplaced } from './displacement.ts';

/** Most addresses whose last inbound attempt is stored. */
const maxHistory = 65_536;

/** Options of {@link InboundSlot.established}. */
export interface EstablishedOptions {
  /** The connection is never evicted. @default false */
  readonly noban?: boolean | undefined;
}

const establishedRules: Rules<EstablishedOptions> = { noban: boolean };

/** The slot of an inbound connection during its handshakes. */
export interface InboundSlot<C> {
  /** Id of the request. */
  readonly id: number;
  /**
   * Aborts when the slot is lost before the connection is established. The reason is a `ConnManagerError` whose `code`
   * is the {@link CloseReason}. The handshake has to end then.
   */
  readonly signal: AbortSignal;
  /**
   * Sets the identity of the remote as soon as it is proved. Claims the identity and, with `admitOn: 'identity'`, an
   * inbound slot.
   *
   * @returns why the connection is refused, to be sent to the remote before {@link release}; `undefined` if it is
   * accepted
   */
  identify(identity: string): CloseReason | undefined;
  /**
   * Reports that the handshakes are complete.
   *
   * @returns the reason if the connection was closed instead
   * @throws ConnManagerError `invalid-option`
   */
  established(connection: C, options?: EstablishedOptions): CloseReason | undefined;
  /** Releases the slot after a failure. Idempotent; has no effect once the connection is established. */
  release(): void;
}

/** Accepts inbound connections: pending handshakes, inbound slots and eviction. */
export class Inbound<A, C extends Connection> {
  readonly #config: Config<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #counters: Counters;
  readonly #attempts: History;
  readonly #keyGroup: (group: string) => string;
  readonly #log = new LogThrottle();
  /** Why all inbound connections are refused; `undefined` if they are not. */
  #refuseAll: 'stopping' | 'network-off' | undefined = 'network-off';

  constructor(config: Config<A, C>, connections: Connections<A, C>, counters: Counters) {
    this.#config = config;
    this.#connections = connections;
    this.#counters = counters;
    this.#attempts = new History(config.inboundThrottle, maxHistory);
    this.#keyGroup = keyGroups(config.random.bytes(32));
  }

  /** Starts accepting. */
  open(): void {
    this.#refuseAll = undefined;
  }

  /** Stops accepting and ends all inbound requests. */
  close(reason: 'stopping' | 'network-off'): void {
    this.#refuseAll = reason;
    for (const request of [...this.#connections.inbound.values()]) this.end(request, reason);
  }

  /** Closes a connection or aborts a handshake. */
  end(request: InboundRequest<C>, reason: CloseReason): void {
    if (request.state.status === 'established') {
      this.#connections.end(request, reason, () => this.#forget(request));
    } else {
      request.state = { status: 'canceled' };
      this.#forget(request);
      request.attempt.abort(abortError(reason));
    }
  }

  /** Reports that the accepted connection was closed. A pending handshake is aborted. */
  closedEarly(id: number): void {
    const request = this.#connections.inbound.get(id);
    if (request?.state.status !== 'pending') return;
    this.#release(request);
    request.attempt.abort(abortError('canceled'));
  }

  /** Closes the connection of an identity that is no longer exempt, if the limit is exceeded. */
  enforceLimit(identity: string): void {
    const request = this.#connections.holder(identity);
    if (request?.kind !== 'inbound' || this.#taken() <= this.#config.maxInbound) return;
    this.end(request, 'too-many-inbound');
  }

  /** Admits an inbound connection. @returns a slot for the handshakes, or why it is refused */
  admit({ ip }: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal {
    this.#counters.accepts++;
    const refusal = this.#refusalFor(ip);
    if (refusal) return this.#refuse(refusal, ip);

    const request = this.#request(ip);
    if (this.#config.admitOn === 'accept' && !this.#takeSlot(request)) {
      // Only the identity decides whether the limit applies.
      if (this.#connections.exemptIdentities().size === 0) {
        return this.#refuse('too-many-inbound', ip);
      }
    }
    const pending = this.#pending();
    const displaced = pending.length >= this.#config.maxPending && chooseDisplaced(pending);
    if (displaced) this.#drop(displaced, 'displaced');
    this.#connections.inbound.set(request.id, request);
    const { clock, handshakeTimeout } = this.#config;
    request.timer = clock.setTimeout(() => this.#drop(request, 'timeout'), handshakeTimeout);
    return this.#slot(request);
  }

  /** Rules for the remote address, before its identity is known. */
  #refusalFor(ip: Uint8Array | undefined): Refusal | undefined {
    if (this.#refuseAll) return this.#refuseAll;
    const { netRestrict, bans, clock, maxInbound } = this.#config;
    const ban = ip && bans.find(ip);
    if (ban?.kind === 'ban') return 'banned';
    if (netRestrict && !(ip && inRange(ip, netRestrict))) {
      return 'not-permitted';
    }
    if (ip && !isLan(ip)) {
      const host = hostKey(ip);
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
    request.isIdentified = true;
    if (this.#connections.holder(identity) === request) return undefined;
    const conflict = this.#connections.conflict(identity);
    if (conflict) return refuse(conflict);
    if (this.#isCrossed(identity)) return refuse('already-connected');
    this.#connections.release(request);
    this.#connections.claim(request, identity);
    // An exempt peer has a slot too, which counts when the exemption ends.
    request.hasSlot ||= this.#isExempt(identity);
    if (!request.hasSlot && !this.#takeSlot(request)) {
      this.#connections.release(request);
      return refuse('too-many-inbound');
    }
    return undefined;
  }

  #establish(request: InboundRequest<C>, connection: C, options: EstablishedOptions): CloseReason | undefined {
    check.options('established', options, establishedRules);
    const { noban = false } = options;
    const refuse = (reason: CloseReason): CloseReason => {
      this.#connections.discard(connection, reason);
      if (request.state.status === 'pending') request.state = { status: 'canceled' };
      this.#forget(request);
      return reason;
    };
    if (request.state.status !== 'pending') return refuse('canceled');
    const identity = request.identity ?? this.#config.identify?.(connection);
    const refusal = identity === undefined ? this.#admitUnknown(request) : this.#identify(request, identity);
    if (refusal) return refuse(refusal);
    request.timer?.cancel();
    request.timer = undefined;
    request.noban = noban;
    this.#counters.admitted++;
    this.#connections.establish(request, connection, () => this.#forget(request));
    return undefined;
  }

  #admitUnknown(request: InboundRequest<C>): Refusal | undefined {
    if (request.hasSlot || this.#takeSlot(request)) return undefined;
    return this.#refuse('too-many-inbound', request.ip);
  }

  /** Takes an inbound slot, after an eviction if necessary. @returns whether there was one */
  #takeSlot(request: InboundRequest<C>): boolean {
    const { maxInbound, bans } = this.#config;
    if (this.#taken() >= maxInbound && maxInbound > 0) {
      const isDiscouraged = request.ip !== undefined && bans.find(request.ip) !== undefined;
      if (!isDiscouraged) this.#makeRoom(request);
    }
    request.hasSlot = this.#taken() < maxInbound;
    return request.hasSlot;
  }

  /**
   * Ends a handshake without an identity first, then evicts an established connection, then ends any pending handshake:
   * otherwise a few pending handshakes in sequence would keep all others out.
   */
  #makeRoom(newcomer: InboundRequest<C>): void {
    const exempt = this.#connections.exemptIdentities();
    const unfinished = this.#pending().filter(
      ({ hasSlot, identity, id }) => hasSlot && id !== newcomer.id && !(identity !== undefined && exempt.has(identity)),
    );
    const silent = chooseDisplaced(unfinished.filter(({ isIdentified }) => !isIdentified));
    if (silent) {
      this.#drop(silent, 'displaced');
      return;
    }
    const victim = chooseEviction(this.#evictionCandidates())?.request;
    if (victim) {
      this.#counters.evicted++;
      publish(this.#config, () => ({ type: 'evicted', id: victim.id }));
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
      const { ping, lastTransaction, lastBlock } = this.#config.stats?.(state.connection) ?? {};
      candidates.push({
        request,
        inbound: true,
        noban,
        connectedAt,
        group,
        keyedGroup,
        ping,
        lastTransaction,
        lastBlock,
      });
    }
    return candidates;
  }

  /** Number of slots used by peers that are not exempt. */
  #taken(): number {
    const exempt = this.#connections.exemptIdentities();
    let taken = 0;
    for (const { hasSlot, identity } of this.#connections.inbound.values()) {
      if (hasSlot && !(identity !== undefined && exempt.has(identity))) taken++;
    }
    return taken;
  }

  #pending(): InboundRequest<C>[] {
    return [...this.#connections.inbound.values()].filter(({ state }) => state.status === 'pending');
  }

  #isExempt(identity: string): boolean {
    return this.#connections.exemptIdentities().has(identity);
  }

  /** Whether we are dialing the same identity, and our connection is the one to keep. */
  #isCrossed(identity: string): boolean {
    if (!this.#config.keepsDialed?.(identity)) return false;
    for (const { state, target } of this.#connections.outbound.values()) {
      const isDialing = state.status === 'pending' && state.step === 'dialing';
      if (isDialing && target?.identity === identity) return true;
    }
    return false;
  }

  #request(ip: Uint8Array | undefined): InboundRequest<C> {
    const group = (ip && this.#config.networkGroup(ip)) ?? '';
    return {
      id: this.#connections.nextId(),
      kind: 'inbound',
      address: undefined,
      ip,
      identity: undefined,
      permanent: false,
      retries: 0,
      state: { status: 'pending', step: 'handshake' },
      createdAt: this.#config.clock.monotonic(),
      establishedAt: 0,
      isUseful: false,
      noban: false,
      isRefused: false,
      hasSlot: false,
      isIdentified: false,
      host: ip ? hostKey(ip) : '',
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
    const suppressed = this.#log.pass(this.#config.clock.monotonic());
    if (suppressed !== undefined) publish(this.#config, () => ({ type: 'refused', reason, ip, suppressed }));
    return reason;
  }
}
