import type { Timer } from '@devp2p/clock';
import type { CloseReason } from './connection.ts';

/**
 * State of a request:
 *
 * - `pending`: an address is being selected (`choosing`), the request waits for a dial slot (`waiting`), the address is
 * being dialed (`dialing`), or an inbound handshake is not complete (`handshake`);
 * - `failing`: the last attempt failed; `retryAt` is the time of the next one (ms, monotonic), `undefined` without a
 * retry;
 * - `established`;
 * - `disconnected`: the connection is closed; `reason` is that of the manager, `undefined` if the remote closed it;
 * - `canceled`: the request ended before it was established.
 */
export type RequestState<C> =
  | { readonly status: 'pending'; readonly step: 'choosing' | 'waiting' | 'dialing' | 'handshake' }
  | { readonly status: 'failing'; readonly error: unknown; readonly retryAt: number | undefined }
  | { readonly status: 'established'; readonly connection: C; readonly since: number }
  | { readonly status: 'disconnected'; readonly reason: CloseReason | undefined }
  | { readonly status: 'canceled' };

/**
 * Origin of a request: the target (`dynamic`), `connect` (`explicit`), the test of an address (`feeler`), or an inbound
 * connection (`inbound`).
 */
export type RequestKind = 'dynamic' | 'explicit' | 'feeler' | 'inbound';

/** A wanted, present or past connection. The object is updated while the request exists. */
export interface ConnRequest<A, C> {
  /** Unique, from 1 up. */
  readonly id: number;
  readonly kind: RequestKind;
  /** The address to dial, as soon as it is selected; always `undefined` for inbound requests. */
  readonly address: A | undefined;
  readonly ip: Uint8Array | undefined;
  /** Identity of the remote: proved, or expected from the address. */
  readonly identity: string | undefined;
  /** Whether it is dialed again after each loss. */
  readonly permanent: boolean;
  /** Number of failed attempts in a row. */
  readonly retries: number;
  readonly state: RequestState<C>;
}

/** An address with its properties. */
export interface Target<A> {
  readonly address: A;
  readonly key: string;
  readonly identity: string | undefined;
  readonly ip: Uint8Array | undefined;
  /** Network group, if the address has one that is limited. */
  readonly group: string | undefined;
}

/** Internal state of an outbound request. */
export interface OutboundRequest<A, C> extends ConnRequest<A, C> {
  kind: 'dynamic' | 'explicit' | 'feeler';
  address: A | undefined;
  ip: Uint8Array | undefined;
  identity: string | undefined;
  permanent: boolean;
  retries: number;
  state: RequestState<C>;
  readonly createdAt: number;
  target: Target<A> | undefined;
  /** Address of a permanent request for the time after the present connection. */
  nextTarget: Target<A> | undefined;
  /** Whether the connection was marked as useful since it was established. */
  isUseful: boolean;
  establishedAt: number;
  /** The running address selection or dial; results of earlier ones are ignored. */
  attempt: AbortController | undefined;
  timer: Timer | undefined;
  /** Failures in a row of all dynamic requests when this one was established. */
  failuresBefore: number;
}

/** Internal state of an inbound request. */
export interface InboundRequest<C> extends ConnRequest<never, C> {
  readonly kind: 'inbound';
  identity: string | undefined;
  state: RequestState<C>;
  readonly createdAt: number;
  isUseful: boolean;
  establishedAt: number;
  /** The connection is never evicted. */
  noban: boolean;
  /** Whether it holds an inbound slot. */
  hasSlot: boolean;
  /** Address range of the remote, for limits; '' if unknown. */
  readonly host: string;
  readonly group: string;
  readonly keyedGroup: string;
  /** Whether the remote has proved its identity, even if it was refused. */
  isIdentified: boolean;
  /** Whether the remote was refused. */
  isRefused: boolean;
  readonly attempt: AbortController;
  timer: Timer | undefined;
}

export type AnyRequest<A, C> = OutboundRequest<A, C> | InboundRequest<C>;
