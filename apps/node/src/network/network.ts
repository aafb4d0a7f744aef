import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import {
  type CloseReason,
  type ConnectionStats,
  type ConnManager,
  createConnManager,
  type InboundSlot,
} from '@devp2p/connmgr';
import type { Crypto } from '@devp2p/crypto';
import { type Enode, formatEnode } from '@devp2p/enr';
import type { ForkSchedule, TransactionGossip } from '@devp2p/eth';
import { type IpRange, ipClass, parseIp } from '@devp2p/ip';
import { type DisconnectReason, type PeerEnd, PeerError } from '@devp2p/peer';
import type { RandomBytes } from '@devp2p/random';
import type { RlpxStream } from '@devp2p/rlpx';
import { type Admission, connect, type Listener, listen } from '@devp2p/rlpx/tcp';
import type { RequiredBlocks } from '../chain/required-blocks.ts';
import { portUnavailable } from '../errors/port-unavailable.ts';
import type { LogFields, Logs } from '../logging/log.ts';
import type { NetworkDatabase } from '../storage/addresses.ts';
import type { AddressBook } from './address-book.ts';
import { openBans } from './bans.ts';
import { disconnectReason } from './close-reason.ts';
import { publish } from './diagnostics.ts';
import { ForkWatch } from './fork-watch.ts';
import { type Incompatibility, IncompatibleNodes, isUseless } from './incompatible.ts';
import { openNodePeer, type PeerProtocols } from './open-peer.ts';
import { shortId } from './peer-id.ts';
import type { NodePeer, PeerSet } from './peers.ts';
import { type Locate, StaticNodes } from './static-nodes.ts';
import { chooseUsefulPeers } from './transactions/useful-peers.ts';

/** @see openConnections */
export interface NetworkOptions {
  /** Local public key, 64 bytes, and private key. */
  readonly id: Uint8Array;
  readonly privateKey: Uint8Array;
  /** IP address to listen on. */
  readonly host: string;
  /** TCP port to listen on; 0 selects a free one. */
  readonly port: number;
  readonly clientId: string;
  /** Protocols that run with peers. */
  readonly protocols: PeerProtocols;
  /** When the chain's rules change: peers' fork ids are compared with it. */
  readonly forks: ForkSchedule;
  /**
   * Looks for the current address of a static node that cannot be reached.
   *
   * @default none: it is dialed at the given address only
   */
  readonly locate?: Locate | undefined;
  /** The set of peers. */
  readonly peers: PeerSet;
  /** The exchange of transactions, by which peers are rated. @default none */
  readonly transactions?: Pick<TransactionGossip, 'info' | 'mostUseful'> | undefined;
  /** The nodes to dial. */
  readonly addresses: AddressBook;
  readonly database: Pick<NetworkDatabase, 'anchors' | 'bans'>;
  /** Whether to dial nodes of the address book. */
  readonly dialFound: boolean;
  readonly staticNodes: readonly Enode[];
  readonly trustedNodes: readonly Enode[];
  readonly maxPeers: number;
  /** One peer in this number is dialed. */
  readonly dialRatio: number;
  readonly maxPendingPeers: number;
  /** Networks to which inbound and outbound connections are restricted, except those of static nodes. */
  readonly netRestrict: readonly IpRange[] | undefined;
  /** Blocks that are requested from each peer; one with another block is disconnected. */
  readonly requiredBlocks?: RequiredBlocks | undefined;
  readonly onPeer: (peer: NodePeer) => void;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly logs: Logs;
}

/** The node's connections with others. */
export interface Network {
  /** TCP port that is listened on. */
  readonly port: number;
  /** Begins to dial. */
  start(): void;
  /** Adds a static node; for one that was added before, replaces the address. */
  addStatic(node: Enode): void;
  /** Removes a static node, and closes a connection that was opened for it. */
  removeStatic(id: Uint8Array): void;
  /** Lets a node in beyond the limits from now on. */
  trust(id: Uint8Array): void;
  distrust(id: Uint8Array): void;
  /** Nodes that cannot be peers, after their handshake. */
  readonly incompatible: Pick<IncompatibleNodes, 'recent'>;
  /** Number of static nodes. */
  readonly staticCount: number;
  /** Resolves when each static node is a peer, or could not be reached once. */
  readonly staticsTried: Promise<void>;
  /** State and counters of the connection manager. */
  snapshot(): ReturnType<ConnManager<Enode, Link>['snapshot']>;
  /** Disconnects all peers with the reason `quitting`, and closes the port. Idempotent. */
  close(): Promise<void>;
}

/** A peer of the connection manager. */
interface Link {
  readonly peer: NodePeer;
  close(reason: CloseReason): Promise<void>;
  readonly closed: Promise<PeerEnd>;
}

/** Time to the first attempt to dial a static node again, and the longest, in ms. */
const retryDelay = 1_000;
/** The longest is above 30 s, since go-ethereum accepts one connection from an address in that time. */
const maxRetryDelay = 35_000;
/** Time to the next attempt to dial a static node of another chain, and the longest, in ms. */
const uselessDelay = 60_000;
const maxUselessDelay = 900_000;
/** Time after which a connection counts as useful, in ms. */
const usefulAge = 60_000;

/**
 * Listens, and joins address book, connection manager, transport and peers.
 *
 * @throws NodeError `port-unavailable`, `bans-unusable`
 */
export async function openConnections(options: NetworkOptions): Promise<Network> {
  const { id, privateKey, peers, addresses, database, crypto, clock, random, logs } = options;
  const transport = { privateKey, publicKey: id, crypto, clock, random };
  const log = logs('network');
  const ownKey = toHex(id);
  // A node that is named several times is added once.
  const namedNodes = new Map(options.staticNodes.map((node) => [toHex(node.id), node]));
  const trustedKeys = new Set(options.trustedNodes.map((node) => toHex(node.id)));
  const isChosen = (other: Uint8Array): boolean => staticNodes.has(other) || trustedKeys.has(toHex(other));
  const incompatible = new IncompatibleNodes(clock, logs('peer'));
  const forkWatch = new ForkWatch(options.forks, clock, logs('peer'));
  const { bans, saved: bansSaved } = await openBans(database.bans, clock, log);

  const peerOptions = {
    protocols: options.protocols,
    clientId: options.clientId,
    flags: (other: Uint8Array) => ({
      static: staticNodes.has(other),
      trusted: trustedKeys.has(toHex(other)),
    }),
    requiredBlocks: options.requiredBlocks,
    onIncompatible: (other: Uint8Array, who: LogFields, incompatibility: Incompatibility): void => {
      incompatible.add(other, who, incompatibility);
      forkWatch.differs(other, incompatibility);
    },
    clock,
    log: logs('peer'),
  };

  const isUseful = chooseUsefulPeers(peers, options.transactions, clock);
  const manager = createConnManager<Enode, Link>(
    {
      minRetryDelay: (error, retries) =>
        isUseless(error) ? Math.min(uselessDelay * 2 ** Math.min(retries - 1, 10), maxUselessDelay) : undefined,
      nextAddress: ({ signal }) => addresses.next(signal),
      nextFeeler: () => addresses.nextTest(),
      async dial(node, { signal }) {
        addresses.dialing(node);
        publish(() => ({ type: 'dial', localId: id }));
        const stream = await connect(node, { ...transport, signal }).catch((error: unknown) => {
          publish(() => ({ type: 'dial-failed', localId: id, error }));
          throw error;
        });
        const objection = (): DisconnectReason | undefined => (peers.has(node.id) ? 'already-connected' : undefined);
        return link(await openNodePeer(stream, { objection, signal }, peerOptions));
      },
      onDialed(node, error) {
        if (error === undefined) addresses.reached(node);
        else if (isUseless(error)) addresses.unfit(node);
        else if (!isFull(error)) addresses.failed(node);
        if (error === undefined) return;
        const key = toHex(node.id);
        tried.get(key)?.();
        // The end of an opened stream is already logged.
        if (error instanceof PeerError) return;
        const fields = { id: shortId(node.id), node: formatEnode(node), error };
        if (staticNodes.has(node.id)) {
          log.info(fields, 'static node not reached');
          staticNodes.unreached(node);
        } else log.debug(fields, 'node not reached');
      },
      onConnection({ peer }, { id: request }) {
        if (!peers.add(peer)) {
          void peer.disconnect('already-connected');
          return;
        }
        void peer.eth.status.then(({ forkId }) => forkWatch.fits(peer.id, forkId));
        const timer = clock.setTimeout(() => manager.markUseful(request), usefulAge);
        void peer.closed.then(() => timer.cancel());
        // Deferred, since an error of a listener would otherwise count as a failure of the dial.
        queueMicrotask(() => options.onPeer(peer));
      },
      onDisconnection({ peer }, { ip }) {
        void peer.closed.then(({ direction, reason }) => {
          if (direction === 'remote' || reason !== 'breach-of-protocol') addresses.left(peer.id);
          else if (ip && ipClass(ip) === 'global' && !isChosen(peer.id)) {
            bans.discourage(ip, { reason });
          }
        });
      },
      addressKey: formatEnode,
      identityOf: (node) => toHex(node.id),
      identify: ({ peer }) => toHex(peer.id),
      ipOf: ({ host }) => parseIp(host),
      stats: ({ peer }) => ({
        ...connectionStats(peer),
        lastTransaction: options.transactions?.info(peer.eth)?.lastAccepted,
        isProtected: isUseful(peer),
      }),
      // Both sides of two simultaneous connections make the same decision.
      keepsDialed: (other) => ownKey > other,
      anchors: database.anchors,
      bans,
      clock,
      random,
    },
    {
      maxPeers: options.maxPeers,
      dialRatio: options.dialRatio,
      targetOutbound: options.dialFound ? undefined : 0,
      maxPending: options.maxPendingPeers,
      retryDelay,
      maxRetryDelay,
      retryJitter: 0.2,
      admitOn: 'identity',
      localIdentity: ownKey,
      netRestrict: options.netRestrict,
    },
  );

  const staticNodes = new StaticNodes({
    connect: (node) => manager.connect(node, { permanent: true }),
    remove: (request) => void manager.remove(request),
    locate: options.locate,
    clock,
    log,
  });
  for (const node of namedNodes.values()) staticNodes.add(node);

  const admit = ({ host }: { readonly host: string }): Admission | false => {
    const slot = manager.admitInbound({ ip: parseIp(host) });
    if (typeof slot === 'string') return false;
    return {
      signal: slot.signal,
      onStream: (stream) => void take(stream, slot),
      onFailure: () => slot.release(),
    };
  };
  const take = async (stream: RlpxStream, slot: InboundSlot<Link>): Promise<void> => {
    const key = toHex(stream.remoteId);
    const objection = (): DisconnectReason | undefined => {
      const reason = slot.identify(key);
      return reason && disconnectReason(reason);
    };
    try {
      slot.established(link(await openNodePeer(stream, { objection, signal: slot.signal }, peerOptions)));
    } catch {
      slot.release();
    }
  };
  const listener = await listenOn(options, {
    ...transport,
    accept: admit,
    // The connection manager limits their number.
    maxHandshakes: Number.POSITIVE_INFINITY,
    onStream: (stream) => stream.destroy(),
  });

  /** Static nodes that have not been tried yet, by hex id. */
  const tried = new Map<string, () => void>();
  const staticsTried = Promise.all(
    [...namedNodes].map(([key, node]) =>
      Promise.race([new Promise<void>((resolve) => tried.set(key, resolve)), peers.arrival(node.id)]),
    ),
  ).then(() => tried.clear());
  for (const key of trustedKeys) manager.trust(key);

  let closed: Promise<void> | undefined;
  return {
    port: listener.address.port,
    start: () => manager.start(),
    addStatic: (node) => staticNodes.add(node),
    removeStatic: (other) => staticNodes.remove(other),
    incompatible,
    get staticCount() {
      return staticNodes.size;
    },
    trust(other) {
      trustedKeys.add(toHex(other));
      manager.trust(toHex(other));
    },
    distrust(other) {
      trustedKeys.delete(toHex(other));
      manager.distrust(toHex(other));
    },
    staticsTried,
    snapshot: () => manager.snapshot(),
    close() {
      staticNodes.close();
      closed ??= Promise.all([listener.close(), manager.stop()]).then(bansSaved);
      return closed;
    },
  };

  function link(peer: NodePeer): Link {
    return {
      peer,
      close: (reason) => peer.disconnect(disconnectReason(reason)),
      closed: peer.closed,
    };
  }
}

/** Whether the remote refused the connection for lack of free slots, which is not a failure of its address. */
function isFull(error: unknown): boolean {
  return error instanceof PeerError && error.reason === 'too-many-peers';
}

function connectionStats({ connection, use }: NodePeer): ConnectionStats {
  return { ping: connection.stats.minPing, lastBlock: use.lastAt, usefulness: use.items };
}

async function listenOn(
  { host, port }: NetworkOptions,
  options: Omit<Parameters<typeof listen>[0], 'host' | 'port'>,
): Promise<Listener> {
  try {
    return await listen({ ...options, host, port });
  } catch (error) {
    throw portUnavailable(error, { service: 'p2p', host, port });
  }
}
