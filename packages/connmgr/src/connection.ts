/**
 * Why the manager ends a connection, an attempt to dial or a handshake, or refuses one:
 *
 * - `requested`: by `disconnect` or `remove`;
 * - `canceled`: it was established when nobody wanted it any more, or went before its handshakes were over;
 * - `stopping`, `network-off`: by `stop` or `setNetworkActive(false)`;
 * - `timeout`: the dial or the handshake took too long;
 * - `displaced`: a newer handshake needed the place;
 * - `evicted`: an inbound connection that gave way to a newer one;
 * - `rotated`: an outbound connection that gave way to another address;
 * - `tested`: a feeler that has done its work;
 * - `banned`, `discouraged`: by the ban list;
 * - `not-permitted`: outside `netRestrict`;
 * - `throttled`: another attempt from the same address a moment ago;
 * - `too-many-inbound`: no room, and nobody who could be evicted;
 * - `already-connected`, `connected-to-self`: by identity.
 */
export type CloseReason =
  | 'requested'
  | 'canceled'
  | 'timeout'
  | 'displaced'
  | 'evicted'
  | 'rotated'
  | 'tested'
  | Refusal;

/** Why an inbound connection is not let in. @see CloseReason */
export type Refusal =
  | 'stopping'
  | 'network-off'
  | 'banned'
  | 'discouraged'
  | 'not-permitted'
  | 'throttled'
  | 'too-many-inbound'
  | 'already-connected'
  | 'connected-to-self';

/** What the manager has to know of a connection, whatever it is. */
export interface Connection {
  /** Ends it: politely if it can, in any case soon. Called at most once by the manager. */
  close(reason: CloseReason): unknown;
  /** Settles when it is gone, whoever ended it. */
  readonly closed: Promise<unknown>;
}

/** Something that has just come in: a socket, say, or a connection already. */
export interface Incoming extends Connection {
  /** Where it comes from, 4 or 16 bytes. Without it, rules for addresses do not apply. */
  readonly ip?: Uint8Array | undefined;
}

/** Where connections come in. */
export interface Listener<I extends Incoming = Incoming> {
  /** The next one. May reject for a passing reason, such as too many open files: it is then called again, later. */
  accept(): Promise<I>;
  /** No more of them; what came in stays. */
  close(): unknown;
}
