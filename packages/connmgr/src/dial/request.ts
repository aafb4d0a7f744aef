import type { Timer } from '@devp2p/clock';
import type { CloseReason } from '../connection.ts';

/**
 * Where a request is:
 *
 * - `pending`: an address is being asked for (`choosing`), it waits for its turn (`waiting`), it is being dialled
 *   (`dialling`), or somebody who came in has not said yet who it is (`handshake`);
 * - `failing`: the last attempt came to nothing; at `retryAt` (ms, monotonic) there is another one, `undefined` if not;
 * - `established`;
 * - `disconnected`: was established, and has gone; `reason` is ours, `undefined` if it went by itself;
 * - `canceled`: was not established when it was not wanted any more.
 */
export type RequestState<C> =
  | { readonly status: 'pending'; readonly step: 'choosing' | 'waiting' | 'dialling' | 'handshake' }
  | { readonly status: 'failing'; readonly error: unknown; readonly retryAt: number | undefined }
  | { readonly status: 'established'; readonly connection: C; readonly since: number }
  | { readonly status: 'disconnected'; readonly reason: CloseReason | undefined }
  | { readonly status: 'canceled' };

/**
 * Where a request comes from: the target (`dynamic`), a `connect` (`explicit`), the test of an address (`feeler`), or
 * the other side (`inbound`).
 */
export type RequestKind = 'dynamic' | 'explicit' | 'feeler' | 'inbound';

/** A connection that is wanted, that there is, or that there was. What it says changes with time. */
export interface ConnRequest<A, C> {
  /** From 1 up, never used twice. */
  readonly id: number;
  readonly kind: RequestKind;
  /** Whom to dial, as soon as that is known; never for inbound ones. */
  readonly address: A | undefined;
  readonly ip: Uint8Array | undefined;
  /** Who is, or should be, at the other end. */
  readonly identity: string | undefined;
  /** Dialled again whenever it is lost. */
  readonly permanent: boolean;
  /** Attempts in a row that came to nothing. */
  readonly retries: number;
  readonly state: RequestState<C>;
}

/** What is known of an address. */
export interface Target<A> {
  readonly address: A;
  readonly key: string;
  readonly identity: string | undefined;
  readonly ip: Uint8Array | undefined;
  /** Network group, if it has one that counts. */
  readonly group: string | undefined;
}

/** The manager's own side of a request that dials. */
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
  /** Of a permanent one: where to dial once the connection is gone. */
  nextTarget: Target<A> | undefined;
  /** Has proved useful since it was established. */
  isUseful: boolean;
  establishedAt: number;
  /** The search for an address or the dial that is under way; results of any other come too late. */
  attempt: AbortController | undefined;
  timer: Timer | undefined;
  /** Failures of all dynamic requests in a row, when this one was established. */
  failuresBefore: number;
}

/** The manager's own side of a request that came in. */
export interface InboundRequest<C> extends ConnRequest<never, C> {
  readonly kind: 'inbound';
  identity: string | undefined;
  state: RequestState<C>;
  readonly createdAt: number;
  isUseful: boolean;
  establishedAt: number;
  /** Never evicted. */
  noban: boolean;
  /** Whether it has one of the inbound places. */
  hasPlace: boolean;
  /** Whom it is from, for limits; '' if that is not known. */
  readonly host: string;
  readonly group: string;
  readonly keyedGroup: string;
  hasSpoken: boolean;
  /** Was told that it is not wanted. */
  isRefused: boolean;
  readonly attempt: AbortController;
  timer: Timer | undefined;
}

export type AnyRequest<A, C> = OutboundRequest<A, C> | InboundRequest<C>;
