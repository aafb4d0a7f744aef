/** One message as it came off the wire. */
export interface Message {
  /** Message code: absolute on a {@link MessageStream}, counted from 0 on a protocol's channel. */
  readonly code: number;
  /** Decompressed payload. Belongs to whoever reads it; it keeps no other message's bytes alive. */
  readonly payload: Uint8Array;
  /** Bytes that the message took on the wire, framing included. */
  readonly wireSize: number;
}

/** Host and TCP port of one end of a connection. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * An authenticated, ordered stream of messages: what a peer runs on. RLPx over TCP is one, the
 * in-memory pair of `@devp2p/peer/pipe` is another; a peer needs nothing else of its transport.
 *
 * Three points bind an implementation beyond the types:
 *
 * - Compression is decided message by message as {@link read} hands them out, not while bytes come
 *   in, so that {@link enableCompression} called after one message governs the very next.
 * - Several clients send Disconnect (code 1) uncompressed although compression is on. The payload of
 *   a message with code 1 that is not valid Snappy is handed out as it came, never refused.
 * - When the stream is gone, every pending call settles: reads as described, writes by rejecting.
 */
export interface MessageStream {
  /** Our public key, 64 bytes. */
  readonly localId: Uint8Array;
  /** The public key that the remote proved to own, 64 bytes. */
  readonly remoteId: Uint8Array;
  /** Whether the remote dialled us. */
  readonly inbound: boolean;
  readonly remoteAddress?: Address;
  readonly localAddress?: Address;

  /**
   * The next message. Nothing is read ahead beyond a bounded buffer: not calling is the
   * back-pressure. One call at a time. An aborted call loses no message.
   *
   * @returns `undefined` once the remote has ended the stream cleanly.
   * @throws what broke the stream. Where the wire has a number for it, the error's `reason` names
   *   it (a `DisconnectReason`), and the peer tells the remote if it still can.
   */
  read(options?: { readonly signal?: AbortSignal }): Promise<Message | undefined>;

  /**
   * Whether the send buffer is over its soft limit, so that {@link write} waits for room. Has to be
   * cheap: it is looked at before every message that may be left out.
   */
  readonly congested: boolean;

  /**
   * Puts one message on the wire; calls keep their order without being awaited. The payload is given
   * away: it must not change afterwards.
   *
   * @returns bytes on the wire, framing included, as soon as the send buffer has room again.
   * @throws an error whose `code` is `overflow` when the message would pass the hard limit of the
   *   send buffer, which has no other effect; any other when it cannot be sent or the stream is gone.
   */
  write(
    code: number,
    payload: Uint8Array,
    options?: { readonly signal?: AbortSignal },
  ): Promise<number>;

  /** Snappy from the next message on, in both directions. */
  enableCompression(): void;

  /** Sends what was accepted (for at most 2 s), then destroys. Idempotent; never rejects. */
  close(): Promise<void>;

  /** Ends the stream at once; what was not sent is lost. Idempotent. */
  destroy(error?: Error): void;

  /** Resolves when the transport is gone, however that came about. Never rejects. */
  readonly closed: Promise<void>;
}
