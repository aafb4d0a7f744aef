import { func, integer, positive, required, string } from '@devp2p/options';
import { check } from '../check-options.ts';
import type { Address, Message } from '../stream.ts';
import type { DisconnectReason } from '../wire/disconnect.ts';
import type { Capability, RemoteHello } from '../wire/hello.ts';

/**
 * One protocol's half of one peer. Codes are counted from 0; what the other protocols and the base
 * protocol occupy is not visible here.
 *
 * Iterating yields the protocol's messages in the order of their arrival, for one consumer at a
 * time; leaving the loop and coming back goes on where it stopped. Iteration ends when the peer
 * does: at once when we end it, after what had already arrived when the remote does.
 *
 * Not taking messages is the back-pressure: at 5 MB of unread ones the peer's stream is not read any
 * further, for none of its protocols, until some were taken. So take messages while you send: two
 * ends that both wait for their sends before they read stop each other once all buffers are full.
 */
export interface Channel extends AsyncIterable<Message> {
  /** The negotiated version. */
  readonly version: number;
  /**
   * Sends one message; calls keep their order without being awaited. The payload is given away: it
   * must not change afterwards. A rejection that nobody looks at is not reported as unhandled.
   *
   * @param code counted from 0, below the length of the negotiated version.
   * @returns when there is room for more: at once below the soft limit of the peer's send queue (1 MiB
   *   with RLPx), otherwise when the queue is below it again.
   * @throws {@link PeerError} `closed` once the peer is over, `invalid-option` for a code outside
   *   the protocol's range or a payload that is not bytes, `overflow` for a message that would pass the hard limit of the send queue
   *   (32 MiB with RLPx), `stream` when the stream does not take it for another cause.
   */
  send(code: number, payload: Uint8Array): Promise<void>;
  /**
   * Whether the peer's send queue is over its soft limit, so that {@link send} waits: leave out what
   * can be left out.
   */
  readonly congested: boolean;
}

/** What may be set on a peer from outside, at any time; it decides nothing in this package. */
export interface PeerFlags {
  /** Admitted beyond the limits. */
  trusted: boolean;
  /** Dialled again whenever it is lost. */
  static: boolean;
}

/** A peer as its protocols see it. */
export interface PeerHandle {
  /** The remote's public key, 64 bytes, proved by the transport. */
  readonly id: Uint8Array;
  /** Whether the remote dialled us. */
  readonly inbound: boolean;
  readonly remoteAddress: Address | undefined;
  readonly localAddress: Address | undefined;
  readonly hello: RemoteHello;
  /** What runs: of each shared name the highest shared version, in alphabetical order. */
  readonly capabilities: readonly Capability[];
  readonly flags: PeerFlags;
  /** Aborts as soon as the peer begins to end. */
  readonly signal: AbortSignal;
  /**
   * Sends Disconnect, leaves the remote up to 2 s to read it and close, then destroys the stream.
   * Only the first call counts.
   *
   * @returns when the peer is over.
   * @throws {@link PeerError} `invalid-option` for what is not a reason; nothing has changed then.
   */
  disconnect(reason: DisconnectReason): Promise<void>;
}

/** A protocol that runs beside others on one connection. */
export interface Protocol<Name extends string = string, Api = unknown> {
  /** 1 to 8 ASCII characters. */
  readonly name: Name;
  /** Every version that is spoken, with the number of message codes that it occupies. */
  readonly versions: readonly { readonly version: number; readonly length: number }[];
  /**
   * Unread bytes of this protocol from which on its peer's stream is not read any further, with 128
   * for each message besides its payload. For a protocol that knows that it needs less than the limit
   * of all.
   *
   * @default the peer's `receiveLimit`
   */
  readonly receiveBudget?: number;
  /**
   * Called once per peer that shares a version. `api` appears on the peer under the protocol's name.
   *
   * `run` is called once every protocol is attached. When it ends, so does the peer: as `requested`
   * when it returns; when it throws, with the error's `reason` if that is a
   * {@link DisconnectReason}, otherwise as `subprotocol-error`.
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
 * A protocol of one version whose api is its channel.
 *
 * @throws {@link PeerError} `invalid-option`
 */
export function protocol<const Name extends string>(definition: {
  /** 1 to 8 ASCII characters. */
  readonly name: Name;
  readonly version: number;
  /** How many message codes it occupies. */
  readonly length: number;
  /** As {@link Protocol.receiveBudget}. */
  readonly receiveBudget?: number;
  /** Serves one peer; see {@link Protocol.attach} for what its end means. */
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
 * The apis of a peer's protocols under their names. A lone protocol is always there, since a peer
 * without a shared protocol is refused; of several, each may be missing.
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
