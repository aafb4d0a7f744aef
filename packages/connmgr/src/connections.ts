import type { CloseReason, Connection } from './connection.ts';
import { publish } from './diagnostics.ts';
import type { Config } from './options.ts';
import type { AnyRequest, InboundRequest, OutboundRequest } from './request.ts';

/** All active requests and the identities they hold; opens and closes connections. */
export class Connections<A, C extends Connection> {
  readonly outbound: Map<number, OutboundRequest<A, C>> = new Map();
  readonly inbound: Map<number, InboundRequest<C>> = new Map();
  /** Identities that are exempt from the limits. */
  readonly trusted: Set<string> = new Set();
  /** Called when an identity is released. */
  onRelease: () => void = () => {};
  readonly #config: Config<A, C>;
  /** The request that holds an identity: established, or inbound with a known identity. */
  readonly #holders = new Map<string, AnyRequest<A, C>>();
  readonly #unsettled = new Set<Promise<unknown>>();
  /** Connections closed by the manager. An accepted connection may be returned later as an established one. */
  readonly #discarded = new WeakSet<Connection>();
  #lastId = 0;

  constructor(config: Config<A, C>) {
    this.#config = config;
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

  holder(identity: string | undefined): AnyRequest<A, C> | undefined {
    return identity === undefined ? undefined : this.#holders.get(identity);
  }

  /** Returns why an identity may have no further connection; `undefined` if it may. */
  conflict(identity: string | undefined): 'connected-to-self' | 'already-connected' | undefined {
    if (identity !== undefined && identity === this.#config.localIdentity) return 'connected-to-self';
    return this.holder(identity) && 'already-connected';
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

  /** Returns the trusted and permanent identities, which are exempt from the limits. */
  exemptIdentities(): Set<string> {
    const exempt = new Set(this.trusted);
    for (const { permanent, identity } of this.outbound.values()) {
      if (permanent && identity !== undefined) exempt.add(identity);
    }
    return exempt;
  }

  /**
   * Marks a request as established.
   *
   * @param onClosed called before the callbacks if the remote closes the connection
   */
  establish(request: AnyRequest<A, C>, connection: C, onClosed: () => void): void {
    const since = this.#config.clock.monotonic();
    request.state = { status: 'established', connection, since };
    request.isUseful = false;
    request.establishedAt = since;
    const closed = (): void => {
      const { state } = request;
      if (state.status !== 'established' || state.connection !== connection) return;
      this.#disconnected(request, connection, undefined, onClosed);
    };
    this.settle(connection.closed.then(closed, closed));
    this.callBack(() => this.#config.onConnection?.(connection, request));
  }

  /**
   * Closes an established connection and reports that.
   *
   * @param onClosed called before the callbacks
   */
  end(request: AnyRequest<A, C>, reason: CloseReason, onClosed: () => void): void {
    if (request.state.status !== 'established') return;
    const { connection } = request.state;
    this.discard(connection, reason);
    this.#disconnected(request, connection, reason, onClosed);
  }

  /** Closes a connection that was not reported. */
  discard(connection: Connection, reason: CloseReason): void {
    if (this.#discarded.has(connection)) return;
    this.#discarded.add(connection);
    const failed = (error: unknown): void => publish(this.#config, () => ({ type: 'close-failed', error }));
    try {
      this.settle(Promise.resolve(connection.close(reason)).catch(failed));
    } catch (error) {
      failed(error);
    }
    this.settle(connection.closed);
  }

  #disconnected(request: AnyRequest<A, C>, connection: C, reason: CloseReason | undefined, onClosed: () => void): void {
    request.state = { status: 'disconnected', reason };
    this.release(request);
    onClosed();
    this.callBack(() => this.#config.onDisconnection?.(connection, request, reason));
  }

  /**
   * Calls a callback. An exception is rethrown as an uncaught exception of the process and does not disturb the
   * manager.
   */
  callBack(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Adds a promise that has to settle before the manager is stopped. */
  settle(promise: Promise<unknown>): void {
    const settled: Promise<unknown> = promise.then(
      () => this.#unsettled.delete(settled),
      () => this.#unsettled.delete(settled),
    );
    this.#unsettled.add(settled);
  }

  /** Runs work of a collaborator, whose failure is published, and adds it to {@link settle}. */
  guard(type: 'anchors-failed' | 'close-failed', work: () => unknown): void {
    const guarded = async (): Promise<unknown> => work();
    this.settle(guarded().catch((error: unknown) => publish(this.#config, () => ({ type, error }))));
  }

  async allSettled(): Promise<void> {
    while (this.#unsettled.size > 0) await Promise.all(this.#unsettled);
  }
}
