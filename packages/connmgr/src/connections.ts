import type { CloseReason, Connection } from './connection.ts';
import { publish } from './diagnostics.ts';
import type { AnyRequest, InboundRequest, OutboundRequest } from './dial/request.ts';
import type { Settings } from './options.ts';

/** Every request that is alive, who is connected, and how connections come and go. */
export class Connections<A, C extends Connection> {
  readonly outbound: Map<number, OutboundRequest<A, C>> = new Map();
  readonly inbound: Map<number, InboundRequest<C>> = new Map();
  /** Identities to which the limits do not apply. */
  readonly trusted: Set<string> = new Set();
  /** Called when an identity is free again. */
  onRelease: () => void = () => {};
  readonly #settings: Settings<A, C>;
  /** Whoever has an identity for itself: established, or inbound and known. */
  readonly #holders = new Map<string, AnyRequest<A, C>>();
  readonly #unsettled = new Set<Promise<unknown>>();
  /** Closed by us; what came in may be handed back as the connection that it has become. */
  readonly #discarded = new WeakSet<Connection>();
  #lastId = 0;

  constructor(settings: Settings<A, C>) {
    this.#settings = settings;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  get(id: number): AnyRequest<A, C> | undefined {
    return this.outbound.get(id) ?? this.inbound.get(id);
  }

  all(): AnyRequest<A, C>[] {
    return [...this.outbound.values(), ...this.inbound.values()];
  }

  isSelf(identity: string | undefined): boolean {
    return identity !== undefined && identity === this.#settings.ownIdentity;
  }

  holder(identity: string | undefined): AnyRequest<A, C> | undefined {
    return identity === undefined ? undefined : this.#holders.get(identity);
  }

  claim(request: AnyRequest<A, C>, identity: string): void {
    request.identity = identity;
    this.#holders.set(identity, request);
  }

  release({ identity, id }: AnyRequest<A, C>): void {
    if (identity !== undefined && this.#holders.get(identity)?.id === id) {
      this.#holders.delete(identity);
      this.onRelease();
    }
  }

  /** Trusted and permanent ones, to which the limits do not apply. */
  exemptIdentities(): Set<string> {
    const exempt = new Set(this.trusted);
    for (const { permanent, identity } of this.outbound.values()) {
      if (permanent && identity !== undefined) exempt.add(identity);
    }
    return exempt;
  }

  /** @param onGone called if it goes by itself, before anybody is told */
  establish(request: AnyRequest<A, C>, connection: C, onGone: () => void): void {
    const since = this.#settings.clock.monotonic();
    request.state = { status: 'established', connection, since };
    request.isUseful = false;
    request.establishedAt = since;
    const gone = (): void => {
      const { state } = request;
      if (state.status !== 'established' || state.connection !== connection) return;
      this.#leave(request, connection, undefined, onGone);
    };
    this.settle(connection.closed.then(gone, gone));
    this.tell(() => this.#settings.onConnection?.(connection, request));
  }

  /** Ends what is established, and says so. @param onGone called before anybody is told */
  end(request: AnyRequest<A, C>, reason: CloseReason, onGone: () => void): void {
    if (request.state.status !== 'established') return;
    const { connection } = request.state;
    this.discard(connection, reason);
    this.#leave(request, connection, reason, onGone);
  }

  /** Ends a connection that nobody was told of. */
  discard(connection: Connection, reason: CloseReason): void {
    if (this.#discarded.has(connection)) return;
    this.#discarded.add(connection);
    const failed = (error: unknown): void => publish(() => ({ event: 'close-failed', error }));
    try {
      this.settle(Promise.resolve(connection.close(reason)).catch(failed));
    } catch (error) {
      failed(error);
    }
    this.settle(connection.closed);
  }

  #leave(
    request: AnyRequest<A, C>,
    connection: C,
    reason: CloseReason | undefined,
    onGone: () => void,
  ): void {
    request.state = { status: 'disconnected', reason };
    this.release(request);
    onGone();
    this.tell(() => this.#settings.onDisconnection?.(connection, request, reason));
  }

  /** Calls somebody else's function: what it throws is for the process to handle, and stops nothing here. */
  tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** What has to be over before the manager is. */
  settle(promise: Promise<unknown>): void {
    const settled: Promise<unknown> = promise.then(
      () => this.#unsettled.delete(settled),
      () => this.#unsettled.delete(settled),
    );
    this.#unsettled.add(settled);
  }

  async allSettled(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.all(this.#unsettled);
  }
}
