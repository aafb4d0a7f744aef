import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { AnyRequest, RequestKind } from './dial/request.ts';
import { causeOf } from './error.ts';
import type { Counters } from './policy/counters.ts';

/** One request, as it was when it was asked for. Times are in ms. */
export interface RequestSnapshot<A> {
  readonly id: number;
  readonly kind: RequestKind;
  readonly address: A | undefined;
  readonly ip: Uint8Array | undefined;
  readonly identity: string | undefined;
  readonly permanent: boolean;
  readonly trusted: boolean;
  readonly state: 'pending' | 'failing' | 'established';
  /** Of a pending one. */
  readonly step?: 'choosing' | 'waiting' | 'dialling' | 'handshake' | undefined;
  /** Since it was made. */
  readonly age: number;
  /** Since it was established. */
  readonly connectedFor?: number | undefined;
  readonly retries: number;
  /** Of a failing one: time to the next attempt, and what became of the last. */
  readonly retryIn?: number | undefined;
  readonly failure?: string | undefined;
}

/** Everything at one moment, for operators. */
export interface Snapshot<A> {
  readonly networkActive: boolean;
  /** Established connections that fill the target. */
  readonly outbound: number;
  readonly targetOutbound: number;
  /** Established inbound connections, those included to which the limit does not apply. */
  readonly inbound: number;
  /** `Infinity` for no limit. */
  readonly maxInbound: number;
  /** By id. */
  readonly requests: readonly RequestSnapshot<A>[];
  readonly counters: Counters;
}

export function describeRequests<A, C extends Connection>(
  connections: Connections<A, C>,
  now: number,
): RequestSnapshot<A>[] {
  return connections
    .all()
    .sort((a, b) => a.id - b.id)
    .flatMap((request) => {
      const state = describeState(request, now);
      if (state === undefined) return [];
      const { id, kind, address, ip, identity, permanent, retries, createdAt } = request;
      const trusted = identity !== undefined && connections.trusted.has(identity);
      const age = now - createdAt;
      return [{ id, kind, address, ip, identity, permanent, trusted, retries, age, ...state }];
    });
}

type StateSnapshot = Pick<
  RequestSnapshot<never>,
  'state' | 'step' | 'connectedFor' | 'retryIn' | 'failure'
>;

/** @returns `undefined` for what has ended. */
function describeState<A, C>(request: AnyRequest<A, C>, now: number): StateSnapshot | undefined {
  const { state } = request;
  switch (state.status) {
    case 'pending':
      return { state: 'pending', step: state.step };
    case 'failing': {
      const retryIn = state.retryAt === undefined ? undefined : state.retryAt - now;
      const failure = state.error === undefined ? undefined : causeOf(state.error);
      return { state: 'failing', retryIn, failure };
    }
    case 'established':
      return { state: 'established', connectedFor: now - state.since };
    case 'disconnected':
    case 'canceled':
      return undefined;
  }
}
