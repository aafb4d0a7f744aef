import { errorText, inspectable } from '@devp2p/appkit';
import type { Clock } from '@devp2p/clock';
import type { EthPeer } from '@devp2p/eth';
import { networkGroup, parseIp } from '@devp2p/ip';
import {
  type DisconnectReason,
  disconnectReasons,
  type MessageStream,
  openPeer,
  type Peer,
  type PeerEnd,
  PeerError,
  type PeerFlags,
  type Protocol,
} from '@devp2p/peer';
import type { RequiredBlocks } from '../chain/required-blocks.ts';
import type { Log, LogFields } from '../logging/log.ts';
import { challenge } from './challenge.ts';
import { abortReason } from './close-reason.ts';
import { publish } from './diagnostics.ts';
import { type Incompatibility, incompatibilityOf } from './incompatible.ts';
import { shortId } from './peer-id.ts';
import type { NodePeer } from './peers.ts';

/** Protocols that run with peers. eth is the first: a remote without it is refused, the others are optional. */
export type PeerProtocols = readonly [Protocol<'eth', EthPeer>, ...Protocol[]];

/** Settings of all connections. */
export interface NodePeerOptions {
  readonly protocols: PeerProtocols;
  readonly clientId: string;
  /** Names under which the operator added a node. */
  readonly flags: (id: Uint8Array) => PeerFlags;
  /** Required blocks of each peer. @default none */
  readonly requiredBlocks?: RequiredBlocks | undefined;
  /** Called when Hello or Status show that a node cannot be a peer. */
  readonly onIncompatible?: ((id: Uint8Array, who: LogFields, incompatibility: Incompatibility) => void) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Settings of one connection. */
export interface Checkpoints {
  /**
   * Returns the reason to refuse the remote, if any; called after the handshake of the transport, and again after
   * Hello.
   */
  readonly objection: () => DisconnectReason | undefined;
  /** Aborts the opening; without effect once the peer is open. */
  readonly signal: AbortSignal;
}

function shown(peer: NodePeer): NodePeer {
  return inspectable('NodePeer', peer, ({ connection, eth, use }) => ({
    ...asJson(connection),
    eth: asJson(eth),
    delivered: use.items,
  }));
}

/** Log fields of an object. */
function asJson(object: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(object));
}

/**
 * Opens a peer on a stream after the handshake of its transport.
 *
 * @returns the peer after both sides have sent Status
 * @throws PeerError when the handshake fails, which is logged
 */
export async function openNodePeer(
  stream: MessageStream,
  { objection, signal }: Checkpoints,
  options: NodePeerOptions,
): Promise<NodePeer> {
  const { clock, protocols, clientId, requiredBlocks: required, flags: flagsOf } = options;
  const [eth] = protocols;
  const flags = flagsOf(stream.remoteId);
  const log = logFor(stream, flags.static, options.log);
  const offers = eth.versions.map(({ version }) => `${eth.name}/${version}`);
  /** @returns whether the error shows that the node cannot be a peer. */
  const inspect = (error: unknown, client?: string): boolean => {
    const incompatibility = incompatibilityOf(error, offers);
    if (incompatibility === undefined) return false;
    const who = { ...log.who, ...(client !== undefined && { client }) };
    options.onIncompatible?.(stream.remoteId, who, incompatibility);
    return true;
  };

  const reason = objection();
  if (reason !== undefined) {
    log.dropped({ reason, direction: 'local', error: undefined });
    publish(() => ({ type: 'refused', localId: stream.localId, stream, reason }));
    await refuse(stream, reason);
    throw new PeerError('refused', `not wanted: ${reason}`, { reason, direction: 'local' });
  }

  const opening = new AbortController();
  const giveUp = (): void => opening.abort(abortReason(signal));
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  let connection: Peer & { readonly eth: EthPeer };
  try {
    const peer: Peer = await openPeer(stream, {
      clientId,
      protocols,
      flags,
      accept: ({ capabilities }) =>
        capabilities.some(({ name, version }) => offers.includes(`${name}/${version}`)) ? objection() : 'useless-peer',
      signal: opening.signal,
      clock,
    });
    // Accepted only with eth, whose api is therefore a property of the peer.
    connection = peer as Peer & { readonly eth: EthPeer };
  } catch (error) {
    signal.removeEventListener('abort', giveUp);
    inspect(error, error instanceof PeerError ? error.hello?.clientId : undefined);
    log.dropped(
      error instanceof PeerError
        ? { reason: error.reason, direction: error.direction ?? 'local', error }
        : { reason: undefined, direction: 'local', error },
    );
    throw error;
  }

  const leave = (): void => void connection.disconnect(abortReason(signal));
  signal.removeEventListener('abort', giveUp);
  signal.addEventListener('abort', leave);
  if (signal.aborted) leave();
  const closed = connection.closed.then(async (end) => {
    // When the remote disconnects first, the local Status check has the cause.
    const cause = await connection.eth.status.then(
      () => undefined,
      (error: unknown) => end.error ?? error,
    );
    const isUnfit = cause !== undefined && inspect(cause, connection.hello.clientId);
    log.dropped(isUnfit ? { ...end, error: cause } : end, connection);
    return end;
  });
  try {
    await connection.eth.status;
  } catch (cause) {
    // The error ends the peer, which reports it.
    const { reason, direction, error } = await closed;
    throw error ?? new PeerError('refused', 'ended before Status', { reason, direction, cause });
  } finally {
    signal.removeEventListener('abort', leave);
  }
  const use: { items: number; lastAt: number | undefined } = { items: 0, lastAt: undefined };
  const peer: NodePeer = shown({
    id: connection.id,
    client: connection.hello.clientId,
    inbound: connection.inbound,
    get isStatic() {
      return connection.flags.static;
    },
    group: groupOf(connection.remoteAddress?.host),
    eth: connection.eth,
    connection,
    use,
    delivered(items) {
      use.items += items;
      use.lastAt = clock.monotonic();
    },
    disconnect: (reason) => connection.disconnect(reason),
    closed,
  });
  log.added(peer);
  if (required !== undefined) void challenge(peer, { required, clock, log: options.log, who: log.who });
  return peer;
}

/** Bits of the address that peers of one network share (Bitcoin Core's address manager). */
const groupBits = { ipv4: 16, ipv6: 32 };

function groupOf(host: string | undefined): string | undefined {
  const ip = host === undefined ? undefined : parseIp(host);
  return ip && networkGroup(ip, groupBits);
}

/** Disconnects a remote before Hello. */
async function refuse(stream: MessageStream, reason: DisconnectReason): Promise<void> {
  // A list with one number, as in rlpx.md of devp2p. Except for zero, a number below 128 is its own RLP encoding.
  const number = disconnectReasons[reason];
  stream.write(1, Uint8Array.of(0xc1, number === 0 ? 0x80 : number)).catch(() => {});
  await stream.close();
}

interface ConnectionLog {
  /** Fields that name the remote. */
  readonly who: LogFields;
  added(peer: NodePeer): void;
  dropped(end: Omit<PeerEnd, 'error'> & { readonly error: unknown }, connection?: Peer): void;
}

function logFor(stream: MessageStream, isStatic: boolean, log: Log): ConnectionLog {
  const { remoteAddress } = stream;
  const who = {
    id: shortId(stream.remoteId),
    ...(remoteAddress && { address: `${remoteAddress.host}:${remoteAddress.port}` }),
    inbound: stream.inbound,
  };
  let added = false;
  return {
    who,
    added({ client, eth }) {
      added = true;
      log.info({ ...who, client, eth: eth.version, static: isStatic }, 'peer added');
    },
    dropped({ reason, direction, error, answer }, connection) {
      const fields = {
        ...who,
        ...(connection && { client: connection.hello.clientId }),
        reason: reason?.replaceAll('-', ' ') ?? 'none given',
        direction,
        ...(answer !== undefined && { answer: answer.replaceAll('-', ' ') }),
        ...(error !== undefined && { error: errorText(error) }),
      };
      // Refused inbound connections of unknown nodes are frequent, so they are logged at debug level.
      if (added || isStatic) log.info(fields, 'peer dropped');
      else log.debug(fields, 'peer dropped');
    },
  };
}
