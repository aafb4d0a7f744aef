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
import type { DisconnectReason } from '../wire/disconnect.ts';
import type { RemoteHello } from '../wire/hello.ts';
import { discard, disconnect } from './disconnect.ts';
import { exchangeHello } from './exchange-hello.ts';
import { isReserved, type Peer } from './peer.ts';
import { diagnostics, Session } from './session.ts';

/** Options of {@link openPeer}. Times in ms, sizes in bytes. */
export interface OpenPeerOptions<Protocols extends readonly Protocol[] = readonly Protocol[]> {
  /** What is spoken. A name that every peer has as a property (`id`, `stats`, …) is refused. */
  readonly protocols: Protocols;
  /** Name and version of the program, like `example/1.0`. @default '@devp2p/peer' */
  readonly clientId?: string;
  /** Legacy field of Hello. @default 0 */
  readonly listenPort?: number;
  /** Set on the peer as they are. @default both false */
  readonly flags?: Partial<PeerFlags>;
  /**
   * Called once the remote is known and something would run with it: what it returns refuses it.
   * Whoever counts peers counts here, since others may be asked before `openPeer` returns.
   *
   * @default everyone is accepted
   */
  readonly accept?: (hello: RemoteHello) => DisconnectReason | undefined;
  /** Ends the opening; of no more meaning once the peer is there. */
  readonly signal?: AbortSignal;
  /** Time for the remote's Hello. @default 5000 (go-ethereum) */
  readonly handshakeTimeout?: number;
  /** Silence of one direction after which a Ping goes out. @default 15_000 (go-ethereum) */
  readonly pingInterval?: number;
  /** Time for the remote to read our Disconnect and close. @default 2000 (devp2p rlpx.md) */
  readonly closeTimeout?: number;
  /**
   * Time after Hello in which a message has to go each way; longer than `pingInterval`.
   *
   * @default 60_000 (Bitcoin Core, `DEFAULT_PEER_CONNECT_TIMEOUT`)
   */
  readonly startTimeout?: number;
  /**
   * Time in which something has to be sent, something received, and a Ping answered; longer than
   * `pingInterval`. Time in which our protocols keep us from reading is not held against the remote.
   *
   * @default 1_200_000 (Bitcoin Core, `TIMEOUT_INTERVAL`)
   */
  readonly inactivityTimeout?: number;
  /**
   * Unread bytes of all protocols together from which on the stream is not read any further, with 128
   * for each message besides its payload. May be passed by one message.
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

/** Destroys the stream when anything else is wrong. @throws {@link PeerError} `invalid-option` */
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
 * Makes a peer of an authenticated stream: exchanges Hello, agrees on what runs, and starts it.
 *
 * The stream belongs to the peer from this call on. When the call fails, the remote has been told the
 * reason where there is one and the stream is gone.
 *
 * @throws {@link PeerError} whose `code` says what happened, with the `reason` that was sent or
 *   received and the `direction`; whatever `accept` throws.
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
    // The protocols' apis were put there one by one; only the types do not see it.
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
    if (diagnostics.hasSubscribers) diagnostics.publish({ type: 'failed', stream, error });
    throw error;
  }
}
