import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import { failureName } from './error.ts';
import type { Counters } from './policy/counters.ts';
import type { AnyRequest, RequestKind } from './request.ts';

/** State of a request at the time of the snapshot. Times are in ms. */
export interface RequestSnapshot<A> {
  readonly id: number;
  readonly kind: RequestKind;
  readonly address: A | undefined;
  readonly ip: Uint8Array | undefined;
  readonly identity: string | undefined;
  readonly permanent: boolean;
  readonly trusted: boolean;
  readonly state: 'pending' | 'failing' | 'established';
  /** Step of a pending request. */
  readonly step?: 'choosing' | 'waiting' | 'dialing' | 'handshake' | undefined;
  /** Time since the request was created. */
  readonly age: number;
  /** Time since the connection was established. */
  readonly connectedFor?: number | undefined;
  readonly retries: number;
  /** Of a failing request: time to the next attempt. */
  readonly retryIn?: number | undefined;
  /** Of a failing request: name of the last failure. */
  readonly failure?: string | undefined;
}

/** State of the manager for operators. */
export interface Snapshot<A> {
  readonly networkActive: boolean;
  /** Established connections of the target. */
  readonly outbound: number;
  readonly targetOutbound: number;
  /** Established inbound connections, including those that are exempt from the limit. */
  readonly inbound: number;
  /** `Infinity` without a limit. */
  readonly maxInbound: number;
  /** Sorted by id. */
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

type StateSnapshot = Pick<RequestSnapshot<never>, 'state' | 'step' | 'connectedFor' | 'retryIn' | 'failure'>;

/** Returns the public state of a request; `undefined` if it has ended. */
function describeState<A, C>(request: AnyRequest<A, C>, now: number): StateSnapshot | undefined {
  const { state } = request;
  switch (state.status) {
    case 'pending':
      return { state: 'pending', step: state.step };
    case 'failing': {
      const retryIn = state.retryAt === undefined ? undefined : state.retryAt - now;
      const failure = state.error === undefined ? undefined : failureName(state.error);
      return { state: 'failing', retryIn, failure };
    }
    case 'established':
      return { state: 'established', connectedFor: now - state.since };
    case 'disconnected':
    case 'canceled':
      return undefined;
  }
}
