import type { Timer } from '@devp2p/clock';
import { acceptAll } from './accept/accept.ts';
import { Inbound, type InboundSlot } from './accept/inbound.ts';
import { checkBanRange } from './bans/ban-entry.ts';
import type { BanList, BanOptions } from './bans/ban-list.ts';
import { BanScores } from './bans/ban-score.ts';
import type { CloseReason, Connection, Incoming, Refusal } from './connection.ts';
import { Connections } from './connections.ts';
import { publish } from './diagnostics.ts';
import { Addresses } from './dial/addresses.ts';
import { chooseAnchors } from './dial/anchors.ts';
import { Outbound } from './dial/outbound.ts';
import type { AnyRequest, ConnRequest } from './dial/request.ts';
import { chooseRotation, rotationDelay } from './dial/rotation.ts';
import { ConnManagerError } from './error.ts';
import { type ConnManagerOptions, type Doors, type Settings, withDefaults } from './options.ts';
import { newCounters } from './policy/counters.ts';
import { hostRange, type IpRange, inRange, isLocal, rangeKey } from './policy/ip.ts';
import { Occasionally } from './policy/occasionally.ts';
import { recurring } from './policy/recurring.ts';
import { poissonDelay } from './random.ts';
import { describeRequests, type Snapshot } from './snapshot.ts';

/** Whose ban scores are remembered at most. */
const MAX_SCORES = 10_000;

/** @see ConnManager.connect */
export interface ConnectOptions {
  /** Stay connected: a static peer. @default false: one attempt */
  readonly permanent?: boolean | undefined;
  /** {@link ConnManager.trust} whoever should be there. @default false */
  readonly trusted?: boolean | undefined;
}

/** @see ConnManager.punish */
export interface Offence {
  /** Points that stay. @default 0 */
  readonly persistent?: number | undefined;
  /** Points of which half are gone after a minute. @default 0 */
  readonly transient?: number | undefined;
  /** For people. @default '' */
  readonly reason?: string | undefined;
}

/** Decides who is dialled, who is let in and who is dropped. Calls with an unknown id do nothing. */
export interface ConnManager<A, C extends Connection> {
  /** Fills the target and lets in from now on. Once. */
  start(): void;
  /** Ends everything, for good. @returns {@link stopped}. Idempotent */
  stop(): Promise<void>;
  /** Resolves when everything is over after `stop`: each dial, handshake and connection. */
  readonly stopped: Promise<void>;
  /**
   * Dials an address, beside the target, as soon as the manager has started. If there is a request for it already, or its
   * identity is connected, it joins that. A permanent request for another address of the same identity is moved here: the
   * last address counts. What it is connected to stays, and the new address is dialled once that is gone.
   *
   * @returns the id of the request; 0 after `stop`
   * @throws ConnManagerError `invalid-option` when somebody is to be trusted whom the address does not name
   */
  connect(address: A, options?: ConnectOptions): number;
  /** Ends a connection or an attempt, whose place is then taken by another: a permanent connection by itself. */
  disconnect(id: number): boolean;
  /** Ends a connection or an attempt and gives its place up: a dynamic one makes the target smaller by one. */
  remove(id: number): boolean;
  /** Somebody has come in, without a listener of ours. @returns a place for the handshakes, or why there is none. */
  admitInbound(from: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal;
  /** The connection has been of use: if it is a permanent one, its back-off begins anew. */
  useful(id: number): void;
  /**
   * Somebody has misbehaved. From a ban score of `banThreshold` on, the connection ends and its address is discouraged for
   * a day; not those of `connect`, trusted ones and local addresses.
   *
   * @returns whether it was dropped.
   */
  punish(id: number, offence: Offence): boolean;
  /** Bans a network and ends what there is from it, those of `connect` and trusted ones excepted. */
  ban(range: IpRange | Uint8Array, options?: BanOptions): void;
  readonly bans: BanList;
  /** Limits do not apply to this identity from now on. */
  trust(identity: string): void;
  /** Limits apply again; if there is no room, an inbound connection ends. */
  distrust(identity: string): void;
  readonly networkActive: boolean;
  /** `false` ends all connections, dials nobody and lets nobody in, until it is `true` again. */
  setNetworkActive(active: boolean): void;
  snapshot(): Snapshot<A>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a manager; nothing happens before `start`.
 *
 * @throws ConnManagerError `invalid-option`
 */
export function createConnManager<A, C extends Connection, I extends Incoming = Incoming>(
  options: ConnManagerOptions<A, C, I>,
): ConnManager<A, C> {
  return new Manager(withDefaults(options));
}

class Manager<A, C extends Connection, I extends Incoming> implements ConnManager<A, C> {
  readonly stopped: Promise<void>;
  readonly #settings: Settings<A, C> & Doors<C, I>;
  readonly #counters = newCounters();
  readonly #connections: Connections<A, C>;
  readonly #addresses: Addresses<A, C>;
  readonly #outbound: Outbound<A, C>;
  readonly #inbound: Inbound<A, C>;
  readonly #scores = new BanScores(MAX_SCORES);
  readonly #acceptLog = new Occasionally();
  readonly #stop = new AbortController();
  #timers: Timer[] = [];
  #life: 'new' | 'running' | 'stopping' = 'new';
  #networkActive = true;
  #resolveStopped = (): void => {};
  /** Keys of the anchors that were saved last. */
  #anchors: string | undefined;
  #savingAnchors: Promise<void> = Promise.resolve();

  constructor(settings: Settings<A, C> & Doors<C, I>) {
    this.#settings = settings;
    this.#connections = new Connections(settings);
    this.#addresses = new Addresses(settings, this.#connections);
    this.#outbound = new Outbound(settings, this.#connections, this.#addresses, this.#counters);
    this.#inbound = new Inbound(settings, this.#connections, this.#counters);
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  get bans(): BanList {
    return this.#settings.bans;
  }

  get networkActive(): boolean {
    return this.#networkActive;
  }

  start(): void {
    if (this.#life !== 'new') return;
    this.#life = 'running';
    const { clock, random, feelerInterval, nextFeeler, onAccept, listeners = [] } = this.#settings;
    this.#outbound.start(this.#takeAnchors());
    if (this.#networkActive) this.#switch(true);
    this.#timers.push(
      recurring(
        clock,
        () => rotationDelay(random),
        () => this.#rotate(),
      ),
    );
    if (nextFeeler) {
      const delay = (): number => poissonDelay(feelerInterval, random);
      this.#timers.push(recurring(clock, delay, () => this.#outbound.test()));
    }
    if (!onAccept) return;
    for (const listener of listeners) {
      void acceptAll(listener, {
        onIncoming: (incoming) => void this.#receive(incoming, onAccept),
        onError: (error) => {
          this.#counters.acceptFailures++;
          const suppressed = this.#acceptLog.pass(clock.monotonic());
          if (suppressed === undefined) return;
          publish(() => ({ event: 'accept-failed', error, suppressed }));
        },
        clock,
        signal: this.#stop.signal,
      });
    }
  }

  stop(): Promise<void> {
    if (this.#life === 'stopping') return this.stopped;
    if (this.#life === 'running') this.#saveAnchors();
    this.#life = 'stopping';
    this.#stop.abort();
    for (const timer of this.#timers) timer.cancel();
    for (const listener of this.#settings.listeners ?? []) {
      this.#guard('close-failed', () => listener.close());
    }
    this.#outbound.stop();
    this.#inbound.close('stopping');
    void this.#connections.allSettled().then(this.#resolveStopped);
    return this.stopped;
  }

  connect(address: A, { permanent = false, trusted = false }: ConnectOptions = {}): number {
    if (this.#life === 'stopping') return 0;
    if (trusted) {
      const identity = this.#settings.identityOf?.(address);
      if (identity === undefined) {
        throw new ConnManagerError('invalid-option', 'an address that names nobody is not trusted');
      }
      this.trust(identity);
    }
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
    if (request.kind === 'dynamic') this.#outbound.target--;
    this.#outbound.remove(request, 'requested');
    this.#trim(request);
    return true;
  }

  admitInbound(from: Pick<Incoming, 'ip'>): InboundSlot<C> | Refusal {
    return this.#inbound.admit(from);
  }

  useful(id: number): void {
    const request = this.#connections.get(id);
    if (request?.state.status !== 'established') return;
    request.isUseful = true;
    if (request.kind === 'inbound') return;
    request.retries = 0;
    // Not at the end alone, which may come without a word.
    if (this.#life === 'running') this.#saveAnchors();
  }

  punish(id: number, { persistent = 0, transient = 0, reason = '' }: Offence): boolean {
    const request = this.#connections.get(id);
    if (request === undefined || this.#isExempt(request)) return false;
    const { ip } = request;
    const host = ip ? rangeKey(hostRange(ip)) : `request ${id}`;
    const now = this.#settings.clock.monotonic();
    const score = this.#scores.increase(host, persistent, transient, now);
    if (score < this.#settings.banThreshold) return false;
    if (ip && !isLocal(ip)) {
      this.bans.discourage(hostRange(ip), { reason });
      publish(() => ({ event: 'discouraged', ip, reason }));
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
    if (this.#connections.trusted.delete(identity)) this.#inbound.trim(identity);
  }

  setNetworkActive(active: boolean): void {
    if (active === this.#networkActive) return;
    this.#networkActive = active;
    if (this.#life === 'running') this.#switch(active);
  }

  snapshot(): Snapshot<A> {
    const { clock, maxInbound } = this.#settings;
    const inbound = [...this.#connections.inbound.values()].filter(
      ({ state }) => state.status === 'established',
    );
    return {
      networkActive: this.#networkActive,
      outbound: this.#outbound.dynamic().length,
      targetOutbound: this.#outbound.target,
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

  /** Ends a request; another may take its place. */
  #end(request: AnyRequest<A, C>, reason: CloseReason): void {
    if (request.kind === 'inbound') this.#inbound.end(request, reason);
    else if (request.state.status === 'established') this.#outbound.end(request, reason);
    else {
      this.#outbound.cancel(request);
      this.#trim(request);
    }
  }

  /** The limits apply again to whoever was exempt by a request that has ended. */
  #trim({ permanent, identity }: ConnRequest<A, C>): void {
    if (permanent && identity !== undefined) this.#inbound.trim(identity);
  }

  /** Chosen by the operator. */
  #isExempt({ kind, identity }: ConnRequest<A, C>): boolean {
    if (kind === 'explicit') return true;
    return identity !== undefined && this.#connections.exemptIdentities().has(identity);
  }

  #rotate(): void {
    const { clock, random, stats } = this.#settings;
    if (!this.#outbound.isFull) return;
    const candidates = this.#outbound.dynamic().flatMap((request) => {
      const { state, target } = request;
      if (state.status !== 'established' || !target) return [];
      const usefulness = stats?.(state.connection).usefulness ?? 0;
      const isExempt = this.#isExempt(request);
      return [{ request, target, usefulness, isExempt, age: clock.monotonic() - state.since }];
    });
    const victim = chooseRotation(candidates, random);
    if (!victim) return;
    this.#counters.rotated++;
    publish(() => ({ event: 'rotated', id: victim.request.id }));
    this.#addresses.avoid(victim.target);
    this.#outbound.end(victim.request, 'rotated');
  }

  async #receive(incoming: I, onAccept: NonNullable<Doors<C, I>['onAccept']>): Promise<void> {
    const slot = this.#inbound.admit(incoming);
    if (typeof slot === 'string') {
      this.#connections.discard(incoming, slot);
      return;
    }
    const { signal } = slot;
    const abort = (): void =>
      this.#connections.discard(incoming, (signal.reason as ConnManagerError).code as CloseReason);
    signal.addEventListener('abort', abort, { once: true });
    const lost = (): void => {
      signal.removeEventListener('abort', abort);
      this.#inbound.lose(slot.id);
    };
    incoming.closed.then(lost, lost);
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

  async #takeAnchors(): Promise<A[]> {
    try {
      return [...((await this.#settings.anchors?.take()) ?? [])];
    } catch (error) {
      publish(() => ({ event: 'anchors-failed', error }));
      return [];
    }
  }

  #saveAnchors(): void {
    const { anchors, clock } = this.#settings;
    if (!anchors) return;
    const candidates = this.#outbound
      .dynamic()
      .flatMap(({ target, isUseful, establishedAt }) =>
        target ? [{ target, isUseful, age: clock.monotonic() - establishedAt }] : [],
      );
    const chosen = chooseAnchors(candidates).map(({ target }) => target);
    const keys = JSON.stringify(chosen.map(({ key }) => key));
    if (keys === this.#anchors) return;
    this.#anchors = keys;
    const addresses = chosen.map(({ address }) => address);
    this.#guard('anchors-failed', () => {
      // One after another, so that the last is what stays.
      this.#savingAnchors = this.#savingAnchors.catch(() => {}).then(() => anchors.save(addresses));
      return this.#savingAnchors;
    });
  }

  #guard(event: 'anchors-failed' | 'close-failed', work: () => unknown): void {
    const guarded = async (): Promise<unknown> => work();
    this.#connections.settle(
      guarded().catch((error: unknown) => publish(() => ({ event, error }))),
    );
  }
}
