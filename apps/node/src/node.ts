import { EventEmitter } from 'node:events';
import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Enode, parseEnode, toHex } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import type { LocalChain } from './chain/chain.ts';
import { openDatadir, openNodeKey } from './datadir.ts';
import { NodeError } from './error.ts';
import { type Logs, silentLogs } from './log.ts';
import { openNetwork } from './network/network.ts';
import { createPeerSet, type NodePeer, type Peers } from './network/peers.ts';
import { type ChainChoice, openNodeChain, readGenesis } from './node-chain.ts';
import type { ReportProgress } from './progress.ts';
import { createSync, type Sync, type SyncResult } from './sync/sync.ts';
import { clientId } from './version.ts';

/** Settings and collaborators of {@link createNode}. */
export type NodeOptions = ChainChoice & NodeSettings;

/** What {@link createNode} takes besides the choice of the chain. */
export interface NodeSettings {
  /** Directory of the node's key and databases; made if need be. One node at a time. */
  datadir: string;
  /** Network id told to peers. @default the genesis' chain id */
  networkId?: bigint | undefined;
  /** Private key, 32 bytes. @default the one in `datadir/nodekey`, made at the first start */
  privateKey?: Uint8Array | undefined;
  /** IP address to listen on. @default '0.0.0.0' */
  host?: string | undefined;
  /** TCP port to listen on; 0 takes a free one. @default 30303 */
  port?: number | undefined;
  /** A name of its own within the client id. @default none */
  identity?: string | undefined;
  /** Versions of the eth protocol to offer. @default [70, 69, 68] */
  ethVersions?: readonly number[] | undefined;
  /** Nodes to stay connected to, as `enode://` URLs or parsed. @default none */
  staticNodes?: readonly (Enode | string)[] | undefined;
  /** Most peers at once, static ones not counted. @default 50, as go-ethereum */
  maxPeers?: number | undefined;
  /** Most inbound handshakes under way at once. @default 50, as go-ethereum */
  maxPendingPeers?: number | undefined;
  /** Hash of the block to sync to, 32 bytes. @default the best block that a static node reports */
  syncTarget?: Uint8Array | undefined;
  /** Where each module's log lines go. @default nowhere */
  logs?: Logs | undefined;
  /** Told how far a running sync is. @default nobody */
  report?: ReportProgress | undefined;
  /** @default fastCrypto */
  crypto?: Crypto | undefined;
  /** @default systemClock */
  clock?: Clock | undefined;
  /** @default a cryptographically secure source */
  random?: RandomBytes | undefined;
}

/** Facts of a node's life. */
export interface NodeEvents {
  /** A peer's handshakes are over; `peer.closed` says when it has gone. */
  peer: [peer: NodePeer];
  /** The chain has come to its target. */
  synced: [result: SyncResult];
}

/** A running node. */
export interface Node extends EventEmitter<NodeEvents> {
  /** `enode://…` URL under which others can dial it. */
  readonly enode: string;
  readonly chain: LocalChain;
  readonly peers: Peers;
  readonly sync: Sync;
  /** Says `quitting` to the peers and closes port and databases. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a node: opens its chain, listens, dials its static nodes and fills the chain from its peers.
 *
 * @throws NodeError, ChainError, EnodeError; nothing is left open then
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  const { crypto = fastCrypto, clock = systemClock, random = randomBytes } = options;
  const { logs = silentLogs, report = () => {} } = options;
  const staticNodes = (options.staticNodes ?? []).map(asEnode);
  const events = new EventEmitter<NodeEvents>();

  const genesis = readGenesis(options, crypto);
  const datadir = openDatadir(options.datadir);
  const privateKey = options.privateKey ?? openNodeKey(datadir, crypto);
  const id = crypto.secp256k1.publicKey(privateKey);
  const isStatic = staticNodeTest(staticNodes, id);
  const { networkId } = options;
  const chain = await openNodeChain({ datadir, genesis, networkId, crypto, clock, logs });

  const peers = createPeerSet({ id, maxPeers: options.maxPeers ?? 50, isStatic });
  const versions = options.ethVersions ?? [70, 69, 68];
  const network = await openNetwork({
    id,
    privateKey,
    host: options.host ?? '0.0.0.0',
    port: options.port ?? 30303,
    clientId: clientId(options.identity),
    eth: eth({ chain, versions, onRange: peers.changed, crypto, clock, random }),
    peers,
    staticNodes,
    isStatic,
    maxPendingPeers: options.maxPendingPeers ?? 50,
    onPeer: (peer) => events.emit('peer', peer),
    crypto,
    clock,
    random,
    logs,
  }).catch(async (error: unknown) => {
    await chain.close();
    throw error;
  });
  const { enode, staticsTried } = network;
  const sync = createSync({
    chain,
    peers: { ...peers, staticsTried },
    target: options.syncTarget,
    // Not before whoever waits for the node can have begun to listen.
    onSynced: (result) => setImmediate(() => events.emit('synced', result)),
    report,
    clock,
    log: logs('sync'),
  });

  const close = async (): Promise<void> => {
    await Promise.all([sync.close(), network.close()]);
    await chain.close();
    logs('node').info({ head: chain.head.number }, 'closed');
  };
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };
  return Object.assign(events, {
    enode,
    chain,
    peers,
    sync,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  });
}

/** @throws NodeError `static-self` */
function staticNodeTest(nodes: readonly Enode[], ownId: Uint8Array): (id: Uint8Array) => boolean {
  const ids = new Set(nodes.map(({ id }) => toHex(id)));
  if (ids.has(toHex(ownId))) {
    throw new NodeError(
      'static-self',
      'a static node is this node itself: remove it from --static',
    );
  }
  return (id) => ids.has(toHex(id));
}

function asEnode(node: Enode | string): Enode {
  return typeof node === 'string' ? parseEnode(node, { allowHostname: true }) : node;
}
