import type { Timer } from '@devp2p/clock';
import { type IpRange, inRange, isLan } from '@devp2p/ip';
import { boolean, nonNegative, type Rules, string } from '@devp2p/options';
import { runAcceptLoop } from './accept/accept-loop.ts';
import { Inbound, type InboundSlot } from './accept/inbound.ts';
import { checkBanRange } from './bans/ban-entry.ts';
import type { BanList, BanOptions } from './bans/ban-list.ts';
import { BanScores } from './bans/ban-score.ts';
import { check } from './check-options.ts';
import type { CloseReason, Connection, Incoming, Refusal } from './connection.ts';
import { Connections } from './connections.ts';
import { publish } from './diagnostics.ts';
import { Addresses } from './dial/addresses.ts';
import { Anchors } from './dial/anchors.ts';
import { Outbound } from './dial/outbound.ts';
import { chooseRotation, rotationDelay } from './dial/rotation.ts';
import type { ConnManagerError } from './error.ts';
import {
  type AcceptCallbacks,
  type Config,
  type ConnManagerCollaborators,
  type ConnManagerSettings,
  withDefaults,
} from './options.ts';
import { newCounters } from './policy/counters.ts';
import { hostKey, hostRange } from './policy/host.ts';
import { LogThrottle } from './policy/log-throttle.ts';
import { recurring } from './policy/recurring.ts';
import type { AnyRequest, ConnRequest } from './request.ts';
import { describeRequests, type Snapshot } from './snapshot.ts';

/** Most addresses whose ban score is stored. */
const maxScores = 10_000;

/** Options of {@link ConnManager.connect}. */
export interface ConnectOptions {
  /** Dial again whenever the connection is lost: a static peer. @default false: one attempt */
  readonly permanent?: boolean | undefined;
}

/** Ban score to add with {@link ConnManager.addBanScore}. */
export interface BanReason {
  /** Points that do not decay. @default 0 */
  readonly persistent?: number | undefined;
  /** Points with a half-life of one minute. @default 0 */
  readonly transient?: number | undefined;
  /** Text for operators. @default '' */
  readonly reason?: string | undefined;
}

const connectRules: Rules<ConnectOptions> = { permanent: boolean };
const banReasonRules: Rules<BanReason> = { persistent: nonNegative, transient: nonNegative, reason: string };

/**
 * Decides which addresses to dial, which inbound connections to accept and which connections to close. Calls with an
 * unknown id do nothing.
 */
export interface ConnManager<A, C extends Connection> {
  /** Starts dialing and accepting. Only the first call has an effect. */
  start(): void;
  /** Closes all connections and stops permanently. Idempotent. @returns {@link stopped} */
  stop(): Promise<void>;
  /** Resolves after `stop` when every dial, handshake and connection has ended. */
  readonly stopped: Promise<void>;
  /**
   * Dials an address in addition to the target, as soon as the manager is started. An existing request for the address,
   * or for an identity that is connected, is used. A permanent request for another address of the same identity moves
   * to this address. Its present connection stays open, and the new address is dialed after that is closed.
   *
   * @returns the id of the request; 0 after `stop`
   * @throws ConnManagerError `invalid-option`
   */
  connect(address: A, options?: ConnectOptions): number;
  /** Closes a connection or aborts an attempt. Another request replaces it; a permanent connection is dialed again. */
  disconnect(id: number): boolean;
  /** Closes a connection or aborts an attempt without a replacement: a dynamic one lowers the target by one. */
  remove(id: number): boolean;
  /**
   * Admits an inbound connection that was accepted outside of `listeners`.
   *
   * @returns a slot for the handshakes, or why the connection is refused
   */
  admitInbound(from: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal;
  /** Marks a connection as useful: it may become an anchor, and the back-off of a permanent one is reset. */
  markUseful(id: number): void;
  /**
   * Adds to the ban score of a peer that misbehaves. From `banThreshold` on, the connection is closed and the address
   * is discouraged for a day, except for those of `connect`, trusted peers and local addresses.
   *
   * @returns whether the connection was closed
   * @throws ConnManagerError `invalid-option`
   */
  addBanScore(id: number, reason: BanReason): boolean;
  /**
   * Bans a network and closes its connections, except for those of `connect` and trusted peers.
   *
   * @throws ConnManagerError as {@link BanList.ban}
   */
  ban(range: IpRange | Uint8Array, options?: BanOptions): void;
  readonly bans: BanList;
  /** Exempts an identity from the limits. */
  trust(identity: string): void;
  /** Ends the exemption of an identity; its inbound connection is closed if there is no free slot for it. */
  distrust(identity: string): void;
  readonly networkActive: boolean;
  /** `false` closes all connections and refuses new ones in both directions, until it is set to `true`. */
  setNetworkActive(active: boolean): void;
  snapshot(): Snapshot<A>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a connection manager. It does nothing before `start`.
 *
 * @param collaborators functions and objects that the manager calls
 * @param settings limits and times
 * @throws ConnManagerError `invalid-option`
 */
export function createConnManager<A, C extends Connection, I extends Incoming = Incoming>(
  collaborators: ConnManagerCollaborators<A, C, I>,
  settings: ConnManagerSettings = {},
): ConnManager<A, C> {
  return new Manager(withDefaults(collaborators, settings));
}

class Manager<A, C extends Connection, I extends Incoming> implements ConnManager<A, C> {
  readonly stopped: Promise<void>;
  readonly #config: Config<A, C> & AcceptCallbacks<C, I>;
  readonly #counters = newCounters();
  readonly #connections: Connections<A, C>;
  readonly #addresses: Addresses<A, C>;
  readonly #outbound: Outbound<A, C>;
  readonly #anchors: Anchors<A, C>;
  readonly #inbound: Inbound<A, C>;
  readonly #scores = new BanScores(maxScores);
  readonly #acceptLog = new LogThrottle();
  readonly #stop = new AbortController();
  #timers: Timer[] = [];
  #state: 'new' | 'running' | 'stopping' = 'new';
  #networkActive = true;
  #resolveStopped = (): void => {};

  constructor(config: Config<A, C> & AcceptCallbacks<C, I>) {
    this.#config = config;
    this.#connections = new Connections(config);
    this.#addresses = new Addresses(config, this.#connections, this.#counters);
    this.#outbound = new Outbound(config, this.#connections, this.#addresses, this.#counters);
    this.#anchors = new Anchors(config, this.#connections);
    this.#inbound = new Inbound(config, this.#connections, this.#counters);
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  get bans(): BanList {
    return this.#config.bans;
  }

  get networkActive(): boolean {
    return this.#networkActive;
  }

  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    const { clock, random, feelerInterval, nextFeeler, onAccept, listeners = [] } = this.#config;
    this.#addresses.first = this.#anchors.take();
    this.#outbound.start();
    if (this.#networkActive) this.#switch(true);
    this.#timers.push(
      recurring(
        clock,
        () => rotationDelay(random),
        () => this.#rotate(),
      ),
    );
    if (nextFeeler) {
      const delay = (): number => random.poissonDelay(feelerInterval);
      this.#timers.push(recurring(clock, delay, () => this.#outbound.test()));
    }
    if (!onAccept) return;
    for (const listener of listeners) {
      void runAcceptLoop(listener, {
        onIncoming: (incoming) => void this.#receive(incoming, onAccept),
        onError: (error) => {
          this.#counters.acceptFailures++;
          const suppressed = this.#acceptLog.pass(clock.monotonic());
          if (suppressed === undefined) return;
          publish(this.#config, () => ({ type: 'accept-failed', error, suppressed }));
        },
        clock,
        signal: this.#stop.signal,
      });
    }
  }

  stop(): Promise<void> {
    if (this.#state === 'stopping') return this.stopped;
    if (this.#state === 'running') this.#anchors.save(this.#outbound.dynamic());
    this.#state = 'stopping';
    this.#stop.abort();
    for (const timer of this.#timers) timer.cancel();
    for (const listener of this.#config.listeners ?? []) {
      this.#connections.guard('close-failed', () => listener.close());
    }
    this.#outbound.stop();
    this.#inbound.close('stopping');
    void this.#connections.allSettled().then(this.#resolveStopped);
    return this.stopped;
  }

  connect(address: A, options: ConnectOptions = {}): number {
    check.options('connect', options, connectRules);
    const { permanent = false } = options;
    if (this.#state === 'stopping') return 0;
    return this.#outbound.connect(address, permanent);
  }

  disconnect(id: number): boolean {
    const request = this.#connections.get(id);
    if (request === undefined) return false;
    this.#end(request, 'requested');
    return true;
  }

  remove(id: number): boolean {
    const request = this.#connections.get(id);
    if (request === undefined) return false;
    if (request.kind === 'inbound') {
      this.#inbound.end(request, 'requested');
      return true;
    }
    if (request.kind === 'dynamic') this.#outbound.targetOutbound--;
    this.#outbound.remove(request, 'requested');
    this.#enforceLimit(request);
    return true;
  }

  admitInbound(from: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal {
    return this.#inbound.admit(from);
  }

  markUseful(id: number): void {
    const request = this.#connections.get(id);
    if (request?.state.status !== 'established') return;
    request.isUseful = true;
    if (request.kind === 'inbound') return;
    request.retries = 0;
    // Anchors are also saved before `stop`, since a crash does not call it.
    if (this.#state === 'running') this.#anchors.save(this.#outbound.dynamic());
  }

  addBanScore(id: number, banReason: BanReason): boolean {
    check.options('addBanScore', banReason, banReasonRules);
    const { persistent = 0, transient = 0, reason = '' } = banReason;
    const request = this.#connections.get(id);
    if (request === undefined || this.#isExempt(request)) return false;
    const { ip } = request;
    const host = ip ? hostKey(ip) : `request ${id}`;
    const now = this.#config.clock.monotonic();
    const score = this.#scores.increase(host, persistent, transient, now);
    if (score < this.#config.banThreshold) return false;
    if (ip && !isLan(ip)) {
      this.bans.discourage(hostRange(ip), { reason });
      publish(this.#config, () => ({ type: 'discouraged', ip, reason }));
    }
    this.#end(request, 'discouraged');
    return true;
  }

  ban(range: IpRange | Uint8Array, options: BanOptions = {}): void {
    this.bans.ban(range, options);
    const banned = checkBanRange(range, 'ban');
    for (const request of this.#connections.all()) {
      const { ip } = request;
      if (ip && inRange(ip, banned) && !this.#isExempt(request)) this.#end(request, 'banned');
    }
  }

  trust(identity: string): void {
    this.#connections.trusted.add(identity);
  }

  distrust(identity: string): void {
    if (this.#connections.trusted.delete(identity)) this.#inbound.enforceLimit(identity);
  }

  setNetworkActive(active: boolean): void {
    if (active === this.#networkActive) return;
    this.#networkActive = active;
    if (this.#state === 'running') this.#switch(active);
  }

  snapshot(): Snapshot<A> {
    const { clock, maxInbound } = this.#config;
    const inbound = [...this.#connections.inbound.values()].filter(({ state }) => state.status === 'established');
    return {
      networkActive: this.#networkActive,
      outbound: this.#outbound.dynamic().length,
      targetOutbound: this.#outbound.targetOutbound,
      inbound: inbound.length,
      maxInbound,
      requests: describeRequests(this.#connections, clock.monotonic()),
      counters: structuredClone(this.#counters),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #switch(active: boolean): void {
    this.#outbound.setActive(active, 'network-off');
    if (active) this.#inbound.open();
    else this.#inbound.close('network-off');
  }

  /** Ends a request; another one may replace it. */
  #end(request: AnyRequest<A, C>, reason: CloseReason): void {
    if (request.kind === 'inbound') this.#inbound.end(request, reason);
    else if (request.state.status === 'established') this.#outbound.end(request, reason);
    else {
      this.#outbound.cancel(request);
      this.#enforceLimit(request);
    }
  }

  /** Applies the limits again to an identity whose exemption ends with a request. */
  #enforceLimit({ permanent, identity }: ConnRequest<A, C>): void {
    if (permanent && identity !== undefined) this.#inbound.enforceLimit(identity);
  }

  /** Whether the operator has chosen the peer. */
  #isExempt({ kind, identity }: ConnRequest<A, C>): boolean {
    if (kind === 'explicit') return true;
    return identity !== undefined && this.#connections.exemptIdentities().has(identity);
  }

  #rotate(): void {
    const { clock, random, stats } = this.#config;
    if (!this.#outbound.isFull) return;
    const candidates = this.#outbound.dynamic().flatMap((request) => {
      const { state, target } = request;
      if (state.status !== 'established' || !target) return [];
      const { usefulness = 0, isProtected = false } = stats?.(state.connection) ?? {};
      const isExempt = isProtected || this.#isExempt(request);
      return [{ request, target, usefulness, isExempt, age: clock.monotonic() - state.since }];
    });
    const victim = chooseRotation(candidates, random);
    if (!victim) return;
    this.#counters.rotated++;
    publish(this.#config, () => ({ type: 'rotated', id: victim.request.id }));
    this.#addresses.avoid(victim.target);
    this.#outbound.end(victim.request, 'rotated');
  }

  async #receive(incoming: I, onAccept: NonNullable<AcceptCallbacks<C, I>['onAccept']>): Promise<void> {
    const slot = this.#inbound.admit(incoming);
    if (typeof slot === 'string') {
      this.#connections.discard(incoming, slot);
      return;
    }
    const { signal } = slot;
    const abort = (): void =>
      this.#connections.discard(incoming, (signal.reason as ConnManagerError).code as CloseReason);
    signal.addEventListener('abort', abort, { once: true });
    const closedEarly = (): void => {
      signal.removeEventListener('abort', abort);
      this.#inbound.closedEarly(slot.id);
    };
    incoming.closed.then(closedEarly, closedEarly);
    const work = async (): Promise<C> => onAccept(incoming, slot);
    const done = work().then(
      (connection) => {
        signal.removeEventListener('abort', abort);
        slot.established(connection);
      },
      () => {
        signal.removeEventListener('abort', abort);
        slot.release();
        if (!signal.aborted) this.#connections.discard(incoming, 'canceled');
      },
    );
    this.#connections.settle(done);
    await done;
  }
}
