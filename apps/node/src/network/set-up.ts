import type { Clock } from '@devp2p/clock';
import { toHex } from '@devp2p/enr';
import type { EthPeer } from '@devp2p/eth';
import {
  type DisconnectReason,
  disconnectReasons,
  type MessageStream,
  openPeer,
  type Peer,
  type PeerEnd,
  PeerError,
  type Protocol,
} from '@devp2p/peer';
import { errorText, type Log } from '../log.ts';
import { publish } from './diagnostics.ts';
import type { NodePeer, PeerSet } from './peers.ts';

/** What every connection is set up with. */
export interface SetUpOptions {
  readonly peers: PeerSet;
  readonly eth: Protocol<'eth', EthPeer>;
  readonly clientId: string;
  readonly isStatic: (id: Uint8Array) => boolean;
  /** Whether the operator lets the node in beyond the limits. @default nobody */
  readonly isTrusted?: ((id: Uint8Array) => boolean) | undefined;
  /** Whether a connection that we are dialling goes before one that the node dialled. @default it never does */
  readonly isCrossed?: ((id: Uint8Array) => boolean) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes a peer of a stream on which the transport's handshake is over. There is a checkpoint behind
 * each handshake: is there room, is it new, is it not ourselves?
 *
 * @param signal ends the connection, whatever has become of it, with its reason, a DisconnectReason
 * @returns the peer after both statuses; `undefined` when it does not come to that, which is logged.
 */
export async function setUp(
  stream: MessageStream,
  signal: AbortSignal,
  options: SetUpOptions,
): Promise<NodePeer | undefined> {
  const { peers, clock, eth, clientId } = options;
  const isStatic = options.isStatic(stream.remoteId);
  const log = logFor(stream, isStatic, options.log);

  const isCrossed = stream.inbound && options.isCrossed?.(stream.remoteId);
  const objection = isCrossed ? 'already-connected' : peers.objection(stream.remoteId);
  if (objection !== undefined) {
    log.dropped({ reason: objection, direction: 'local', error: undefined });
    publish(() => ({ type: 'refused', stream, reason: objection }));
    await refuse(stream, objection);
    return undefined;
  }

  let reserved = false;
  let connection: Peer & { readonly eth: EthPeer };
  try {
    connection = await openPeer(stream, {
      clientId,
      protocols: [eth],
      flags: { static: isStatic, trusted: options.isTrusted?.(stream.remoteId) ?? false },
      accept: () => {
        const reason = peers.reserve(stream.remoteId);
        reserved = reason === undefined;
        return reason;
      },
      signal,
      clock,
    });
  } catch (error) {
    if (reserved) peers.release(stream.remoteId);
    log.dropped(
      error instanceof PeerError
        ? { reason: error.reason, direction: error.direction ?? 'local', error }
        : { reason: undefined, direction: 'local', error },
    );
    return undefined;
  }

  const leave = (): void => void connection.disconnect(signal.reason);
  signal.addEventListener('abort', leave);
  if (signal.aborted) leave();
  const closed = connection.closed.then((end) => {
    signal.removeEventListener('abort', leave);
    peers.release(stream.remoteId);
    log.dropped(end, connection);
    return end;
  });
  try {
    await connection.eth.status;
  } catch {
    // The peer ends because of it, and says why.
    await closed;
    return undefined;
  }
  const peer: NodePeer = {
    id: connection.id,
    client: connection.hello.clientId,
    inbound: connection.inbound,
    isStatic,
    eth: connection.eth,
    connection,
    disconnect: (reason) => connection.disconnect(reason),
    closed,
  };
  log.added(peer);
  peers.add(peer);
  return peer;
}

/** Tells a remote with which Hello was not exchanged that it is not wanted. */
async function refuse(stream: MessageStream, reason: DisconnectReason): Promise<void> {
  // A list of one number, as devp2p rlpx.md has it: each of them is its own RLP encoding but zero.
  const number = disconnectReasons[reason];
  stream.write(1, Uint8Array.of(0xc1, number === 0 ? 0x80 : number)).catch(() => {});
  await stream.close();
}

interface ConnectionLog {
  added(peer: NodePeer): void;
  dropped(end: Omit<PeerEnd, 'error'> & { readonly error: unknown }, connection?: Peer): void;
}

function logFor(stream: MessageStream, isStatic: boolean, log: Log): ConnectionLog {
  const { remoteAddress } = stream;
  const who = {
    id: toHex(stream.remoteId.subarray(0, 8)),
    ...(remoteAddress && { address: `${remoteAddress.host}:${remoteAddress.port}` }),
    inbound: stream.inbound,
  };
  let added = false;
  return {
    added({ client, eth, isStatic }) {
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
      // Strangers who come and are not let in are no news.
      if (added || isStatic) log.info(fields, 'peer dropped');
      else log.debug(fields, 'peer dropped');
    },
  };
}
