/** A received message. */
export interface Message {
  /** Message code: absolute on a {@link MessageStream}, counted from 0 on a protocol's channel. */
  readonly code: number;
  /** Decompressed payload. Owned by the reader; it does not retain the bytes of other messages. */
  readonly payload: Uint8Array;
  /** Length on the wire in bytes, framing included. */
  readonly wireSize: number;
}

/** Host and TCP port of one end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Authenticated, ordered stream of messages: the transport of a peer. Implementations are RLPx over
 * TCP and the in-memory pair of `@devp2p/peer/pipe`.
 *
 * Requirements beyond the types:
 *
 * - Messages are decompressed when {@link read} returns them, not when bytes arrive, so that
 *   {@link enableCompression} after one message applies to the next one.
 * - Several clients send Disconnect (code 1) uncompressed although compression is on. The payload of
 *   a message with code 1 that is not valid Snappy is returned unchanged.
 * - When the stream closes, every pending call settles: reads as described, writes by rejecting.
 */
export interface MessageStream {
  /** Public key of this node, 64 bytes. */
  readonly localId: Uint8Array;
  /** Authenticated public key of the remote, 64 bytes. */
  readonly remoteId: Uint8Array;
  /** Whether the remote dialed. */
  readonly inbound: boolean;
  readonly remoteAddress?: Address;
  readonly localAddress?: Address;

  /**
   * Reads the next message. The stream reads ahead into a bounded buffer only, so that not calling
   * applies back-pressure. One call at a time. An aborted call loses no message.
   *
   * @returns `undefined` once the remote has ended the stream cleanly.
   * @throws the error that ended the stream. If its `reason` is a `DisconnectReason`, the peer sends
   *   that to the remote when it still can.
   */
  read(options?: { readonly signal?: AbortSignal }): Promise<Message | undefined>;

  /**
   * Whether the send buffer is over its soft limit, so that {@link write} waits for room. It is
   * read before every optional message, so it must be cheap.
   */
  readonly congested: boolean;

  /**
   * Sends one message. Calls keep their order without being awaited. The stream owns the payload: it
   * must not change afterwards.
   *
   * @returns bytes on the wire, framing included, as soon as the send buffer has room again.
   * @throws an error with the `code` `overflow` when the message would exceed the hard limit of the
   *   send buffer, without any other effect; any other error when the stream has ended.
   */
  write(code: number, payload: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<number>;

  /** Enables Snappy from the next message on, in both directions. */
  enableCompression(): void;

  /** Sends the accepted messages, for up to 2 s, then destroys the stream. Idempotent; never rejects. */
  close(): Promise<void>;

  /** Ends the stream at once; unsent messages are lost. Idempotent. */
  destroy(error?: Error): void;

  /** Resolves when the transport is closed, for any cause. Never rejects. */
  readonly closed: Promise<void>;
}
