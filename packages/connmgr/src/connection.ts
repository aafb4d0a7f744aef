/**
 * Why the manager closes a connection, aborts a dial or a handshake, or refuses a connection:
 *
 * - `requested`: by `disconnect` or `remove`;
 * - `canceled`: established after it was no longer wanted, or closed before its handshakes were complete;
 * - `stopping`, `network-off`: by `stop` or `setNetworkActive(false)`;
 * - `timeout`: the dial or the handshake took too long;
 * - `displaced`: a newer handshake took the slot;
 * - `evicted`: an inbound connection was replaced by a newer one;
 * - `rotated`: an outbound connection was replaced by another address;
 * - `tested`: a feeler succeeded;
 * - `banned`, `discouraged`: by the ban list;
 * - `not-permitted`: outside `netRestrict`;
 * - `throttled`: another attempt from the same address within `inboundThrottle`;
 * - `too-many-inbound`: no inbound slot is free, and no connection can be evicted;
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

/** Why an inbound connection is refused. @see CloseReason */
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

/** The part of a connection that the manager uses. */
export interface Connection {
  /** Closes the connection, gracefully if possible and within a bounded time. Called at most once by the manager. */
  close(reason: CloseReason): unknown;
  /** Settles when the connection is closed by either side. */
  readonly closed: Promise<unknown>;
}

/** An accepted connection before its handshakes, such as a socket. */
export interface Incoming extends Connection {
  /** IP address of the remote, 4 or 16 bytes. Without it, rules for addresses do not apply. */
  readonly ip?: Uint8Array | undefined;
}

/** Accepts inbound connections. */
export interface Listener<I extends Incoming = Incoming> {
  /**
   * Resolves with the next connection. After a rejection, such as for too many open files, it is called again later.
   */
  accept(): Promise<I>;
  /** Stops accepting; accepted connections stay open. */
  close(): unknown;
}
