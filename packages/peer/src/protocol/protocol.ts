import { func, integer, positive, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import type { Address, Message } from '../stream.ts';
import type { DisconnectReason } from '../wire/disconnect-reasons.ts';
import type { Capability, RemoteHello } from '../wire/hello.ts';

/**
 * Messages of one protocol with one peer. Codes are counted from 0; codes of other protocols and of
 * the base protocol are not visible.
 *
 * Iteration yields the protocol's messages in the order of their arrival, for one consumer at a time.
 * A new loop continues where the last one stopped. Iteration ends with the peer: at once when this
 * side ends it, after the received messages when the remote does.
 *
 * Not reading messages applies back-pressure: at 5 MB of unread messages the peer's stream is not
 * read, for all of its protocols, until some of them are read. Read messages while you send: two ends
 * that both wait for their sends before they read block each other once all buffers are full.
 */
export interface Channel extends AsyncIterable<Message> {
  /** The negotiated version. */
  readonly version: number;
  /**
   * Sends one message. Calls keep their order without being awaited. The channel owns the payload: it
   * must not change afterwards. A rejection without a handler is not reported as unhandled.
   *
   * @param code counted from 0, below the length of the negotiated version.
   * @returns resolves when there is room for another message: at once below the soft limit of the
   *   peer's send queue (1 MiB with RLPx), otherwise when the queue is below it again.
   * @throws {@link PeerError} `closed` when the peer is disconnected, `invalid-option` for a code
   *   outside the protocol's range or a payload that is not bytes, `overflow` for a message that would
   *   exceed the hard limit of the send queue (32 MiB with RLPx), `stream` when the stream refuses it
   *   for another cause.
   */
  send(code: number, payload: Uint8Array): Promise<void>;
  /**
   * Whether the peer's send queue is over its soft limit, so that {@link send} waits. Optional
   * messages are best left out then.
   */
  readonly congested: boolean;
}

/** Flags that the caller sets on a peer at any time. This package does not use them. */
export interface PeerFlags {
  /** Exempt from the limits. */
  trusted: boolean;
  /** Dialed again after each disconnect. */
  static: boolean;
}

/** The part of a peer that its protocols use. */
export interface PeerHandle {
  /** Public key of the remote, 64 bytes, authenticated by the transport. */
  readonly id: Uint8Array;
  /** Whether the remote dialed. */
  readonly inbound: boolean;
  readonly remoteAddress: Address | undefined;
  readonly localAddress: Address | undefined;
  readonly hello: RemoteHello;
  /** Running capabilities: of each shared name the highest shared version, in alphabetical order. */
  readonly capabilities: readonly Capability[];
  readonly flags: PeerFlags;
  /** Aborts as soon as the peer starts to disconnect. */
  readonly signal: AbortSignal;
  /**
   * Sends Disconnect, gives the remote up to 2 s to read it and close, then destroys the stream. Only
   * the first call has an effect.
   *
   * @returns resolves when the peer is disconnected.
   * @throws {@link PeerError} `invalid-option` for an unknown reason, without any effect.
   */
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** A protocol that runs beside others on one connection. */
export interface Protocol<Name extends string = string, Api = unknown> {
  /** 1 to 8 ASCII characters. */
  readonly name: Name;
  /** Supported versions, each with its number of message codes. */
  readonly versions: readonly { readonly version: number; readonly length: number }[];
  /**
   * Unread bytes of this protocol from which on its peer's stream is not read, with 128 bytes for each
   * message besides its payload. For a protocol that needs less than the limit of all.
   *
   * @default the peer's `receiveLimit`
   */
  readonly receiveBudget?: number;
  /**
   * Called once for each peer that shares a version. `api` becomes a property of the peer, with the
   * name of the protocol.
   *
   * `run` is called once every protocol is attached. When it settles, the peer disconnects: with
   * `requested` when it returns; when it throws, with the error's `reason` if that is a
   * {@link DisconnectReason}, otherwise with `subprotocol-error`.
   */
  attach(channel: Channel, peer: PeerHandle): { readonly api: Api; run(): Promise<void> };
}

const rules = {
  name: required(string),
  version: required(integer(0)),
  length: required(integer(1, 0xffff)),
  receiveBudget: positive,
  run: required(func),
};

/**
 * Makes a protocol of one version whose api is its channel.
 *
 * @throws {@link PeerError} `invalid-option`
 */
export function protocol<const Name extends string>(definition: {
  /** 1 to 8 ASCII characters. */
  readonly name: Name;
  readonly version: number;
  /** Number of message codes. */
  readonly length: number;
  /** As {@link Protocol.receiveBudget}. */
  readonly receiveBudget?: number;
  /** Serves one peer; see {@link Protocol.attach} for the effect of its end. */
  run(channel: Channel, peer: PeerHandle): Promise<void>;
}): Protocol<Name, Channel> {
  check.options('protocol', definition, rules);
  const { name, version, length, receiveBudget } = definition;
  return {
    name,
    versions: [{ version, length }],
    ...(receiveBudget !== undefined && { receiveBudget }),
    attach: (channel, peer) => ({ api: channel, run: () => definition.run(channel, peer) }),
  };
}

type NameOf<P> = P extends Protocol<infer Name, unknown> ? Name : never;
type ApiOf<P> = P extends Protocol<string, infer Api> ? Api : never;

/**
 * The apis of a peer's protocols by name. With one protocol it is always present, since a peer without
 * a shared protocol is refused. With several, each may be absent.
 */
export type Apis<Protocols extends readonly Protocol[]> = Protocols extends readonly [infer Only]
  ? { readonly [Name in NameOf<Only>]: ApiOf<Only> }
  : string extends NameOf<Protocols[number]>
    ? unknown
    : {
        readonly [Name in NameOf<Protocols[number]>]:
          | ApiOf<Extract<Protocols[number], Protocol<Name, unknown>>>
          | undefined;
      };
