import { EventEmitter, setMaxListeners } from 'node:events';
import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { ResolveTxt } from '@devp2p/dnsdisc';
import {
  type Enode,
  enrContentFromEnode,
  formatEnode,
  formatEnr,
  type IpRange,
  inRange,
  isLoopback,
  parseEnode,
  parseIp,
  signEnr,
  toHex,
} from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import type { LocalChain } from './chain/chain.ts';
import { networkNodes } from './chain/networks.ts';
import { openDatadir, openNodeKey } from './datadir.ts';
import { type Discovery, openDiscovery } from './discovery/discovery.ts';
import { forkEntry } from './discovery/fork-entry.ts';
import { NodeError } from './error.ts';
import { type Logs, silentLogs } from './log.ts';
import { trackProgress, watchHealth } from './metrics/health.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { type MetricsSettings, serveMetrics } from './metrics/server.ts';
import type { NatMethod } from './nat/find.ts';
import { type LocalNetwork, localNetwork } from './nat/local-network.ts';
import { keepPortsMapped } from './nat/port-mapper.ts';
import { dialCandidates } from './network/dialer.ts';
import { openNetwork } from './network/network.ts';
import { createPeerSet, type NodePeer, type Peers } from './network/peers.ts';
import { type ChainChoice, openNodeChain, readGenesis } from './node-chain.ts';
import type { ReportProgress } from './progress.ts';
import { nodeControl } from './rpc/node-control.ts';
import { type HttpSettings, openRpc, type WebSocketSettings } from './rpc/servers.ts';
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
  /** IP address under which others reach the node. @default what others see, or the one it listens on */
  externalIp?: string | undefined;
  /** Has a gateway map the ports, whose address goes into the record; not with `externalIp`. @default nothing is mapped */
  nat?: NatMethod | undefined;
  /** Whether to find nodes and be found, by discv4 and DNS. @default true */
  discovery?: boolean | undefined;
  /** UDP port to listen on; 0 takes a free one. @default the TCP port, or for port 0 another if that is taken */
  discoveryPort?: number | undefined;
  /**
   * Nodes to find others through, as `enode://` URLs (host names allowed) or `enr:` texts.
   * @default those of the `network`; none with a genesis of its own or when listening on loopback
   */
  bootnodes?: readonly string[] | undefined;
  /** `enrtree://` URLs of node lists in DNS. @default as for `bootnodes` */
  dnsLists?: readonly string[] | undefined;
  /** The only networks to find nodes in and to let them in from; static nodes are dialled anywhere. @default all */
  netRestrict?: readonly IpRange[] | undefined;
  /** A name of its own within the client id. @default none */
  identity?: string | undefined;
  /** Versions of the eth protocol to offer. @default [70, 69, 68] */
  ethVersions?: readonly number[] | undefined;
  /** Nodes to stay connected to, as `enode://` URLs or parsed. @default none */
  staticNodes?: readonly (Enode | string)[] | undefined;
  /** Whether to dial nodes that discovery finds, as go-ethereum's `NoDial` in reverse. @default true */
  dialFound?: boolean | undefined;
  /** Most peers at once, static ones not counted. @default 50, as go-ethereum */
  maxPeers?: number | undefined;
  /** Most inbound handshakes under way at once. @default 50, as go-ethereum */
  maxPendingPeers?: number | undefined;
  /** JSON-RPC over HTTP, and `/health`. @default not served */
  http?: HttpSettings | undefined;
  /** JSON-RPC over WebSocket. @default not served */
  ws?: WebSocketSettings | undefined;
  /** Metrics for Prometheus, and `/health`. @default not measured */
  metrics?: MetricsSettings | undefined;
  /** Hash of the block to sync to, 32 bytes. @default the best block that a static node reports */
  syncTarget?: Uint8Array | undefined;
  /** Where each module's log lines go. @default nowhere */
  logs?: Logs | undefined;
  /** Told how far a running sync is. @default nobody */
  report?: ReportProgress | undefined;
  /** Looks up node lists in DNS. @default the system's DNS servers */
  resolveTxt?: ResolveTxt | undefined;
  /** Where gateways are looked for. @default the network of this machine */
  localNetwork?: LocalNetwork | undefined;
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

/** Where a node is asked; absent for what it does not serve. */
export interface Endpoints {
  readonly http?: string | undefined;
  readonly ws?: string | undefined;
  readonly metrics?: string | undefined;
}

/** A running node. */
export interface Node extends EventEmitter<NodeEvents> {
  /** `enode://…` URL under which others can dial it. */
  readonly enode: string;
  /** `enr:…` text of its record as others get it now; `undefined` without discovery. */
  enr(): string | undefined;
  readonly chain: LocalChain;
  readonly peers: Peers;
  readonly sync: Sync;
  /** URLs of what is served to the operator. */
  readonly endpoints: Endpoints;
  /** Says `quitting` to the peers and closes port and databases. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a node: opens its chain, listens, finds nodes and dials them and its static ones, and fills the chain from its
 * peers.
 *
 * @throws NodeError, ChainError, EnodeError; EnrError, Discv4Error, DnsdiscError for a boot node or list that is none;
 * nothing is left open then
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  const metrics = options.metrics && createMetrics();
  try {
    return await startNode(options, metrics);
  } catch (error) {
    metrics?.close();
    throw error;
  }
}

async function startNode(options: NodeOptions, metrics: Metrics | undefined): Promise<Node> {
  const { crypto = fastCrypto, clock = systemClock, random = randomBytes } = options;
  const { logs = silentLogs } = options;
  const progress = trackProgress(options.report ?? (() => {}));
  const staticNodes = (options.staticNodes ?? []).map(asEnode);
  const events = new EventEmitter<NodeEvents>();
  let onStarted = (): void => {};
  const started = new Promise<void>((resolve) => {
    onStarted = resolve;
  });

  const genesis = readGenesis(options, crypto);
  const datadir = openDatadir(options.datadir);
  const privateKey = options.privateKey ?? openNodeKey(datadir, crypto);
  const id = crypto.secp256k1.publicKey(privateKey);
  const staticIds = hexIds(staticNodes, id);
  const trustedIds = new Set<string>();
  const isStatic = (id: Uint8Array): boolean => staticIds.has(toHex(id));
  const isTrusted = (id: Uint8Array): boolean => trustedIds.has(toHex(id));
  const { networkId } = options;
  const chain = await openNodeChain({ datadir, genesis, networkId, crypto, clock, logs });

  const { host = '0.0.0.0', port = 30303, maxPeers = 50, netRestrict, externalIp } = options;
  const peers = createPeerSet({
    id,
    maxPeers,
    isStatic: (other) => isStatic(other) || isTrusted(other),
  });
  const ownClientId = clientId(options.identity);
  const versions = options.ethVersions ?? [70, 69, 68];
  const network = await openNetwork({
    id,
    privateKey,
    host,
    port,
    clientId: ownClientId,
    eth: eth({ chain, versions, onRange: peers.changed, crypto, clock, random }),
    peers,
    acceptFrom: (from) => isPermitted(from, netRestrict),
    staticNodes,
    isStatic,
    isTrusted,
    maxPendingPeers: options.maxPendingPeers ?? 50,
    onPeer: (peer) => void started.then(() => events.emit('peer', peer)),
    crypto,
    clock,
    random,
    logs,
  }).catch(async (error: unknown) => {
    await chain.close();
    throw error;
  });
  const openOwnDiscovery = (): Promise<Discovery> =>
    openDiscovery({
      ...{ datadir, privateKey, host, externalIp, netRestrict, chain, crypto, clock, random },
      port: options.discoveryPort ?? network.port,
      anyPort: options.discoveryPort === undefined && port === 0,
      tcpPort: network.port,
      ...knownNodes(options, host),
      resolveTxt: options.resolveTxt,
      log: logs('discovery'),
    });
  const discovery =
    (options.discovery ?? true)
      ? await openOwnDiscovery().catch(async (error: unknown) => {
          await network.close();
          await chain.close();
          throw error;
        })
      : undefined;
  const enode = formatEnode({
    id,
    host: externalIp ?? reachable(host),
    tcp: network.port,
    udp: discovery?.port ?? 0,
  });
  logs('network').info({ enode }, 'listening');

  const natMapper =
    options.nat &&
    keepPortsMapped({
      ...options.nat,
      ...{ host, network: options.localNetwork ?? localNetwork },
      ports: [
        { protocol: 'tcp', port: network.port },
        ...(discovery ? [{ protocol: 'udp', port: discovery.port } as const] : []),
      ],
      onChange: (endpoint) => discovery?.setExternalEndpoint(endpoint),
      ...{ clock, random, log: logs('network') },
    });

  const stop = new AbortController();
  const { signal } = stop;
  setMaxListeners(0, signal);
  const dialler =
    discovery &&
    (options.dialFound ?? true) &&
    dialCandidates({
      candidates: discovery.candidates(signal),
      isWanted: (node) =>
        node.tcp !== 0 &&
        isPermitted(node.host, netRestrict) &&
        !isStatic(node.id) &&
        peers.objection(node.id) === undefined,
      isSuitable: (node) => discovery.mayShareChain(node, signal),
      dial: network.dial,
      ...{ peers, maxPeers, clock, signal, log: logs('network') },
    }).catch((error: unknown) => logs('network').error({ error }, 'found nodes are not dialled'));
  const { staticsTried } = network;
  const sync = createSync({
    chain,
    peers: { ...peers, staticsTried },
    target: options.syncTarget,
    // As with peers: not before somebody can have begun to listen.
    onSynced: (result) => setImmediate(() => events.emit('synced', result)),
    report: progress.report,
    clock,
    log: logs('sync'),
  });

  const health = watchHealth({ peers, chain, sync, progress, signal });
  const servers: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    stop.abort();
    await Promise.all([
      ...servers.map((server) => server.close()),
      ...[sync.close(), network.close(), natMapper?.close(), discovery?.close(), dialler],
    ]);
    metrics?.close();
    await chain.close();
    logs('node').info({ head: chain.head.number }, 'closed');
  };
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };

  const serve = async (): Promise<Endpoints> => {
    const ownRecord = () =>
      signEnr({ ...enrContentFromEnode(parseEnode(enode)), eth: forkEntry(chain) }, privateKey, {
        crypto,
      });
    const rpc = await openRpc({
      ...{ http: options.http, ws: options.ws, health, onCall: metrics?.countCall },
      control: nodeControl({
        ...{ id, clientId: ownClientId, datadir, host, enode, chain, peers, network, crypto },
        ...{ staticIds, trustedIds, record: () => discovery?.record ?? ownRecord() },
      }),
      ...{ crypto, clock, random, log: logs('rpc') },
    });
    servers.push(rpc);
    if (metrics === undefined) return { http: rpc.http, ws: rpc.ws };
    metrics.watch({ health, discovery });
    const log = logs('rpc');
    const server = await serveMetrics({ ...options.metrics, metrics, health, clock, log });
    servers.push(server);
    return { http: rpc.http, ws: rpc.ws, metrics: server.url };
  };
  const endpoints = await serve().catch(async (error: unknown) => {
    await closeOnce();
    throw error;
  });
  // Not before whoever waits for the node can have begun to listen: peers come while discovery starts.
  setImmediate(onStarted);
  return Object.assign(events, {
    enode,
    enr: () => discovery && formatEnr(discovery.record),
    chain,
    peers,
    sync,
    endpoints,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  });
}

/** @throws NodeError `static-self` */
function hexIds(nodes: readonly Enode[], ownId: Uint8Array): Set<string> {
  const ids = new Set(nodes.map(({ id }) => toHex(id)));
  if (ids.has(toHex(ownId))) {
    throw new NodeError(
      'static-self',
      'a static node is this node itself: remove it from --static',
    );
  }
  return ids;
}

function asEnode(node: Enode | string): Enode {
  return typeof node === 'string' ? parseEnode(node, { allowHostname: true }) : node;
}

/** Where to begin: what was chosen, else what the network has, which nobody reaches from loopback. */
function knownNodes(
  { network, bootnodes, dnsLists }: NodeOptions,
  host: string,
): { bootnodes: readonly string[]; dnsLists: readonly string[] } {
  const ip = parseIp(host);
  const isPublic = network !== undefined && !(ip && isLoopback(ip));
  const known = isPublic ? networkNodes[network] : undefined;
  return {
    bootnodes: bootnodes ?? known?.bootnodes ?? [],
    dnsLists: dnsLists ?? (known ? [known.dnsList] : []),
  };
}

function isPermitted(host: string, netRestrict: readonly IpRange[] | undefined): boolean {
  const ip = parseIp(host);
  return netRestrict === undefined || (ip !== undefined && inRange(ip, netRestrict));
}

/** An address that a node on this machine can dial when we listen on all of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
