import { EventEmitter, setMaxListeners } from 'node:events';
import { systemClock } from '@devp2p/clock';
import { randomBytes } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import {
  type Enode,
  formatEnode,
  formatEnr,
  isLoopback,
  parseEnode,
  parseIp,
  toHex,
} from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import type { LocalChain } from '../chain/chain.ts';
import { openDatadir, openNodeKey } from '../config/datadir.ts';
import { networkNodes } from '../config/genesis/networks.ts';
import { checkChainSupported } from '../config/genesis/unsupported-forks.ts';
import { jwtSecretPath, openJwtSecret } from '../config/secrets/jwt-secret.ts';
import { openDiscovery } from '../discovery/discovery.ts';
import { openOwnRecord } from '../discovery/own-record.ts';
import { Consensus } from '../engine/consensus.ts';
import { createEngine } from '../engine/methods.ts';
import { syncStateOf } from '../engine/sync-state.ts';
import { forkchoiceTags } from '../engine/tags.ts';
import { NodeError } from '../errors/node-error.ts';
import { errorText, silentLogs } from '../logging/log.ts';
import { localNetwork } from '../nat/local-network.ts';
import { keepPortsMapped } from '../nat/port-mapper.ts';
import { openAddressBook } from '../network/address-book.ts';
import { openNetwork } from '../network/network.ts';
import { shortId } from '../network/peer-id.ts';
import { createPeerSet, type NodePeer, type Peers } from '../network/peers.ts';
import { trackProgress, watchHealth } from '../observability/health.ts';
import { createMetrics } from '../observability/metrics/metrics.ts';
import { serveMetrics } from '../observability/metrics/server.ts';
import { type NodeFacts, type NodeState, stateOf } from '../observability/node-state.ts';
import { logState } from '../observability/state-log.ts';
import { ethNamespace } from '../rpc/namespaces/eth.ts';
import { nodeControl } from '../rpc/namespaces/node-control.ts';
import { openRpc } from '../rpc/servers.ts';
import { shownAs } from '../shown.ts';
import { openNetworkDatabase } from '../storage/addresses.ts';
import { createSync, type Sync, type SyncResult } from '../sync/sync.ts';
import { clientId } from '../version.ts';
import { checkNodeOptions } from './check-options.ts';
import { openNodeChain, readGenesis, warnOfMissingReceipts } from './open-chain.ts';
import type { NodeOptions } from './options.ts';

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
  readonly authrpc?: string | undefined;
  readonly metrics?: string | undefined;
}

/** A running node. */
export interface Node extends EventEmitter<NodeEvents> {
  /** `enode://…` URL under which others can dial it. */
  readonly enode: string;
  /** `enr:…` text of its record as it is now; others get it by discovery, if that runs. */
  enr(): string;
  readonly chain: LocalChain;
  readonly peers: Peers;
  readonly sync: Sync;
  /** What it does, or waits for. */
  state(): NodeState;
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
  checkNodeOptions(options);
  const open = new Opened();
  try {
    return await startNode(options, open);
  } catch (error) {
    // Why it did not start is what matters; the one may well have come of the other.
    await open.close().catch((failure: unknown) => {
      options.logs?.('node').error({ error: failure }, 'not closed in order');
    });
    throw error;
  }
}

/** In the order in which data flows: addresses → connections → peers → chain, and then those who look on. */
async function startNode(options: NodeOptions, open: Opened): Promise<Node> {
  const { crypto = fastCrypto, clock = systemClock, random = randomBytes } = options;
  const { logs = silentLogs, host = '0.0.0.0', port = 30303, netRestrict, externalIp } = options;
  const staticNodes = (options.staticNodes ?? []).map(asEnode);
  const trustedNodes = (options.trustedNodes ?? []).map(asEnode);
  const events = new EventEmitter<NodeEvents>();
  const { signal } = open;

  const genesis = await readGenesis(options, crypto);
  checkChainSupported(genesis, { timestamp: clock.now() / 1000 });
  const datadir = openDatadir(options.datadir);
  const { networkId, requiredBlocks } = options;
  const chain = await openNodeChain({
    ...{ datadir, genesis, networkId, requiredBlocks, crypto, clock, logs },
  });
  open.store(() => chain.close());
  warnOfMissingReceipts(chain, logs('chain'));
  // With the chain open, no other process makes secrets here.
  const privateKey =
    options.privateKey ?? openNodeKey(datadir, crypto, (line) => logs('node').warn({}, line));
  const authrpc = options.authrpc && {
    ...options.authrpc,
    jwtSecret: options.authrpc.jwtSecret ?? openJwtSecret(jwtSecretPath(datadir)),
  };
  const id = crypto.secp256k1.publicKey(privateKey);
  refuseSelf(id, staticNodes, trustedNodes);
  const metrics = options.metrics && createMetrics();
  open.store(() => metrics?.close());

  const database = await openNetworkDatabase(datadir);
  open.store(() => database.close());
  const peers = createPeerSet();
  const addresses = await openAddressBook({
    store: database.addresses,
    localId: id,
    isWanted: (node) => !peers.has(node.id),
    ...{ crypto, clock, random, log: logs('network') },
  });
  open.store(() => addresses.close());

  const ownClientId = clientId(options.identity);
  const network = await openNetwork({
    ...{ id, privateKey, host, port, clientId: ownClientId },
    eth: eth({
      chain,
      versions: options.ethVersions,
      onRange: peers.changed,
      ...{ crypto, clock, random },
    }),
    ...{ peers, addresses, database, staticNodes, trustedNodes, netRestrict, requiredBlocks },
    forks: chain.forks,
    locate: async (node, signal) => discovery?.locate(node, signal),
    dialFound: (options.discovery ?? true) && (options.dialFound ?? true),
    maxPeers: options.maxPeers ?? 50,
    dialRatio: options.dialRatio ?? 3,
    maxPendingPeers: options.maxPendingPeers ?? 50,
    // Not before whoever waits for the node can have begun to listen: peers come while discovery starts.
    onPeer: (peer) => void open.done.then(() => events.emit('peer', peer)),
    ...{ crypto, clock, random, logs },
  });
  open.service(() => network.close());

  const discovery =
    (options.discovery ?? true)
      ? await openDiscovery({
          ...{ datadir, privateKey, host, externalIp, netRestrict, chain, addresses },
          port: options.discoveryPort ?? network.port,
          anyPort: options.discoveryPort === undefined && port === 0,
          tcpPort: network.port,
          ...knownNodes(options, host),
          resolveTxt: options.resolveTxt,
          ...{ crypto, clock, random, log: logs('discovery') },
        })
      : undefined;
  open.service(() => discovery?.close());
  const following = discovery && addresses.follow(discovery, signal);
  open.service(() => following);

  const enode = formatEnode({
    id,
    host: externalIp ?? reachable(host),
    tcp: network.port,
    udp: discovery?.port ?? 0,
  });
  const own =
    discovery ??
    (await openOwnRecord({
      ...{ datadir, privateKey, enode: parseEnode(enode), chain },
      ...{ crypto, clock, log: logs('discovery') },
    }));
  // Idempotent: discovery is among the services already.
  open.service(() => own.close());
  logs('network').info({ enode }, 'listening');
  network.start();
  const natMapper =
    options.nat &&
    keepPortsMapped({
      ...options.nat,
      ...{ host, network: options.localNetwork ?? localNetwork },
      ports: [
        { protocol: 'tcp', port: network.port },
        ...(discovery ? [{ protocol: 'udp', port: discovery.port } as const] : []),
      ],
      onChange: (endpoint) => own.setExternalEndpoint(endpoint),
      ...{ clock, random, log: logs('network') },
    });
  open.service(() => natMapper?.close());

  const progress = trackProgress(options.report ?? (() => {}));
  const consensus = options.authrpc && new Consensus();
  const sync = createSync({
    chain,
    peers: { ...peers, staticsTried: network.staticsTried },
    target: options.syncTarget,
    choice: consensus,
    followStatic: authrpc?.optional,
    onSynced: (result) => void open.done.then(() => events.emit('synced', result)),
    report: progress.report,
    clock,
    log: logs('sync'),
  });
  open.service(() => sync.close());

  let failure: string | undefined;
  sync.done.catch((error: unknown) => {
    failure = errorText(error);
  });
  const namedBy = (): NodeFacts['namedBy'] => {
    if (options.syncTarget !== undefined) return 'operator';
    const isAwaited = consensus !== undefined && !authrpc?.optional;
    return isAwaited || consensus?.head !== undefined ? 'consensus-client' : 'static-peers';
  };
  const state = (): NodeState => {
    const { target, missing, idleTime, isInStep } = sync;
    const all = peers.list();
    const { new: fresh, tried } = addresses.stats;
    const head = consensus?.head;
    return stateOf({
      closing: signal.aborted,
      failure,
      peers: all.map(({ id, eth }) => ({ id: shortId(id), ...eth.range })),
      statics: {
        count: network.staticCount,
        connected: all.filter(({ isStatic }) => isStatic).length,
      },
      known: fresh + tried,
      discovery: discovery !== undefined,
      incompatible: network.incompatible.recent(),
      namedBy: namedBy(),
      refusedHead: head && consensus?.isRefused(head) ? `0x${toHex(head)}` : undefined,
      sync: { target: target && `0x${toHex(target.hash)}`, missing, idleTime, isInStep },
    });
  };
  const stateLog = logState(state, clock, logs('node'));
  open.service(() => stateLog.close());
  const health = watchHealth({ peers, chain, sync, progress, state });
  const engine =
    consensus &&
    createEngine({
      ...{ chain, consensus, crypto, clock, log: logs('rpc') },
      maxReorgDepth: authrpc?.maxReorgDepth,
      isExpected: !authrpc?.optional,
    });
  open.service(() => engine?.close());
  const rpc = await openRpc({
    ...{ http: options.http, ws: options.ws, authrpc, health, onCall: metrics?.countCall },
    control: nodeControl({
      ...{ id, clientId: ownClientId, datadir, host, enode, chain, peers, network, crypto },
      record: () => own.record,
    }),
    engine: engine?.namespace,
    eth:
      consensus &&
      ethNamespace({
        ...{ chain, crypto, tags: forkchoiceTags(chain, consensus) },
        syncState: syncStateOf(chain, consensus),
      }),
    ...{ crypto, clock, random, log: logs('rpc') },
  });
  open.service(() => rpc.close());
  metrics?.watch({ health, discovery, addresses });
  const metricsServer =
    metrics &&
    (await serveMetrics({ ...options.metrics, metrics, health, clock, log: logs('rpc') }));
  open.service(() => metricsServer?.close());

  const close = async (): Promise<void> => {
    await open.close();
    logs('node').info({ head: chain.head.number }, 'closed');
  };
  let closed: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => {
    closed ??= close();
    return closed;
  };
  setImmediate(open.finish);
  const node: Node = Object.assign(events, {
    enode,
    enr: () => formatEnr(own.record),
    chain,
    peers,
    sync,
    state,
    endpoints: { http: rpc.http, ws: rpc.ws, authrpc: rpc.authrpc, metrics: metricsServer?.url },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  });
  return shownAs('Node', node, ({ enode, chain, peers, endpoints }) => ({
    ...{ enode, enr: node.enr(), state: state(), chain, peers: peers.list().length },
    endpoints: Object.fromEntries(Object.entries(endpoints).filter(([, url]) => url !== undefined)),
  }));
}

/** What is open, and has to be closed. */
class Opened {
  /** Resolves when the node can be listened to. */
  readonly done: Promise<void>;
  finish: () => void = () => {};
  readonly #closing = new AbortController();
  readonly #services: (() => unknown)[] = [];
  readonly #stores: (() => unknown)[] = [];

  constructor() {
    setMaxListeners(0, this.signal);
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  /** Aborts when the node begins to close. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Something that talks with others: all of these end at once. */
  service(close: () => unknown): void {
    this.#services.push(close);
  }

  /** Something that services work on: these are closed after them, the last one first. */
  store(close: () => unknown): void {
    this.#stores.push(close);
  }

  /** Closes everything, whatever fails. @throws the first failure */
  async close(): Promise<void> {
    this.#closing.abort();
    const ends = await Promise.allSettled(this.#services.splice(0).map(async (close) => close()));
    for (const close of this.#stores.splice(0).reverse()) {
      ends.push(...(await Promise.allSettled([(async () => close())()])));
    }
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/** @throws NodeError `static-self` */
function refuseSelf(ownId: Uint8Array, ...lists: readonly (readonly Enode[])[]): void {
  if (lists.flat().every(({ id }) => toHex(id) !== toHex(ownId))) return;
  throw new NodeError(
    'static-self',
    'a static or trusted node is this node itself: remove it from --static and --trusted',
  );
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

/** An address that a node on this machine can dial when we listen on all of them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
