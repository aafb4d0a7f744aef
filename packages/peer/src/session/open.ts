import { type Clock, systemClock } from '@devp2p/clock';
import {
  abortSignal,
  array,
  boolean,
  bytes,
  func,
  integer,
  methods,
  object,
  positive,
  type Rules,
  required,
  string,
} from '@devp2p/options';
import { check } from '../check-options.ts';
import { PeerError } from '../error.ts';
import type { Apis, PeerFlags, Protocol } from '../protocol/protocol.ts';
import type { Message, MessageStream } from '../stream.ts';
import { checkProtocols } from '../wire/capabilities.ts';
import type { DisconnectReason } from '../wire/disconnect-reasons.ts';
import type { RemoteHello } from '../wire/hello.ts';
import { discard, disconnect } from './disconnect.ts';
import { exchangeHello } from './exchange-hello.ts';
import { isReserved, type Peer } from './peer.ts';
import { diagnostics, Session } from './session.ts';

/** Options of {@link openPeer}. Times in ms, sizes in bytes. */
export interface OpenPeerOptions<Protocols extends readonly Protocol[] = readonly Protocol[]> {
  /** Protocols to offer. A name that is a property of every peer (`id`, `stats`, …) is refused. */
  readonly protocols: Protocols;
  /** Name and version of the program, such as `example/1.0`. @default '@devp2p/peer' */
  readonly clientId?: string;
  /** Legacy field of Hello. @default 0 */
  readonly listenPort?: number;
  /** Flags of the peer. @default both false */
  readonly flags?: Partial<PeerFlags>;
  /**
   * Called once the remote is authenticated and shares a protocol. A returned reason refuses it. Count
   * peers here, since it may be called for other remotes before `openPeer` returns.
   *
   * @default accepts every remote
   */
  readonly accept?: (hello: RemoteHello) => DisconnectReason | undefined;
  /** Ends the opening; has no effect on the open peer. */
  readonly signal?: AbortSignal;
  /** Time for the remote's Hello. @default 5000 (go-ethereum) */
  readonly handshakeTimeout?: number;
  /** Time without messages in one direction after which a Ping is sent. @default 15_000 (go-ethereum) */
  readonly pingInterval?: number;
  /** Time for the remote to read our Disconnect and close. @default 2000 (devp2p rlpx.md) */
  readonly closeTimeout?: number;
  /**
   * Time after Hello for a message in each direction; longer than `pingInterval`.
   *
   * @default 60_000 (Bitcoin Core, `DEFAULT_PEER_CONNECT_TIMEOUT`)
   */
  readonly startTimeout?: number;
  /**
   * Time for a message to be sent, a message to be received, and a Ping to be answered; longer than
   * `pingInterval`. Time in which our protocols delay reading does not count against the remote.
   *
   * @default 1_200_000 (Bitcoin Core, `TIMEOUT_INTERVAL`)
   */
  readonly inactivityTimeout?: number;
  /**
   * Unread bytes of all protocols together from which on the stream is not read, with 128 bytes for
   * each message besides its payload. One message may exceed it.
   *
   * @default 5_000_000 (Bitcoin Core, `-maxreceivebuffer`)
   */
  readonly receiveLimit?: number;
  /** @default systemClock */
  readonly clock?: Clock;
}

const streamRule = {
  ...methods('read', 'write', 'enableCompression', 'close', 'destroy'),
  expected: 'a MessageStream, such as `await connect(…)` of @devp2p/rlpx/tcp returns',
};
const streamRules: Partial<Rules<MessageStream>> = {
  localId: required(bytes()),
  remoteId: required(bytes()),
};
const flagRules: Rules<PeerFlags> = { trusted: boolean, static: boolean };

const rules: Rules<OpenPeerOptions> = {
  protocols: required(array),
  clientId: string,
  listenPort: integer(0),
  flags: object,
  accept: func,
  signal: abortSignal,
  handshakeTimeout: positive,
  pingInterval: positive,
  closeTimeout: positive,
  startTimeout: positive,
  inactivityTimeout: positive,
  receiveLimit: positive,
  clock: methods('now', 'monotonic', 'setTimeout'),
};

/** Checks a call of {@link openPeer}. Destroys a valid stream when an option is invalid. @throws {@link PeerError} `invalid-option` */
export function checkCall(stream: MessageStream, options: OpenPeerOptions): void {
  check.value('stream', stream, streamRule);
  try {
    check.fields('stream', stream, streamRules);
    check.options('openPeer', options, rules);
    if (options.flags !== undefined) check.options('flags', options.flags, flagRules);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/**
 * Opens a peer on an authenticated stream: exchanges Hello, selects the shared protocols, and starts
 * them.
 *
 * The peer owns the stream from this call on. When the call fails, the reason, if there is one, has
 * been sent to the remote and the stream is closed.
 *
 * @throws {@link PeerError} with the `reason` that was sent or received and the `direction`; the error
 *   of `accept`.
 */
export async function openPeer<const Protocols extends readonly Protocol[]>(
  stream: MessageStream,
  options: OpenPeerOptions<Protocols>,
): Promise<Peer & Apis<Protocols>> {
  checkCall(stream, options);
  const {
    protocols,
    clientId = '@devp2p/peer',
    listenPort = 0,
    flags: { trusted = false, static: isStatic = false } = {},
    accept = () => undefined,
    signal,
    handshakeTimeout = 5000,
    pingInterval = 15_000,
    closeTimeout = 2000,
    startTimeout = 60_000,
    inactivityTimeout = 1_200_000,
    receiveLimit = 5_000_000,
    clock = systemClock,
  } = options;
  let pending: Promise<Message | undefined> | undefined;
  const read = (): Promise<Message | undefined> => {
    pending = stream.read();
    return pending;
  };

  try {
    checkProtocols(protocols, isReserved);
    if (pingInterval >= Math.min(startTimeout, inactivityTimeout)) {
      check.fail('pingInterval', pingInterval, 'less than startTimeout and inactivityTimeout');
    }
    const exchange = await exchangeHello(stream, read, {
      protocols,
      clientId,
      listenPort,
      accept,
      signal,
      handshakeTimeout,
      clock,
    });
    const session = Session.open(
      stream,
      exchange,
      { trusted, static: isStatic },
      { clock, pingInterval, closeTimeout, startTimeout, inactivityTimeout, receiveLimit },
    );
    // The session has the protocols' apis as properties, which its type does not show.
    return session as Peer as Peer & Apis<Protocols>;
  } catch (error) {
    const { reason, direction } =
      error instanceof PeerError ? error : ({ reason: 'requested', direction: 'local' } as const);
    const known = error instanceof PeerError ? error : undefined;
    const remoteClosed = discard(stream, pending ?? stream.read());
    await disconnect(stream, { reason, direction, error: known }, remoteClosed, {
      clock,
      closeTimeout,
    });
    if (diagnostics.hasSubscribers) {
      diagnostics.publish({ type: 'failed', localId: stream.localId, stream, error });
    }
    throw error;
  }
}
