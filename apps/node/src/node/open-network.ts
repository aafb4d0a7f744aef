import { clientId } from '@devp2p/appkit';
import { networks } from '@devp2p/appkit/networks';
import { formatEnode, parseEnode } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import { isLoopback, parseIp } from '@devp2p/ip';
import { type Discovery, openDiscovery } from '../discovery/discovery.ts';
import { type OwnRecord, openOwnRecord } from '../discovery/own-record.ts';
import { localNetwork } from '../nat/local-network.ts';
import { keepPortsMapped } from '../nat/port-mapper.ts';
import { type AddressBook, openAddressBook } from '../network/address-book.ts';
import { createNodeBlocks, type NodeBlocks } from '../network/blocks/block-exchange.ts';
import { type Network, openConnections } from '../network/network.ts';
import { createPeerSet, type NodePeer, type PeerSet } from '../network/peers.ts';
import { createNodeTransactions, type NodeTransactions } from '../network/transactions/transaction-exchange.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import { version } from '../version.ts';
import type { NodeContext } from './context.ts';
import type { NodeStorage } from './open-storage.ts';
import type { NodeOptions } from './options.ts';

/** How a node finds other nodes and exchanges messages with them. */
export interface NodeNetwork {
  readonly clientId: string;
  /** `enode://…` URL of the node. */
  readonly enode: string;
  readonly peers: PeerSet;
  readonly addresses: AddressBook;
  readonly connections: Network;
  /** Absent when it is switched off. */
  readonly discovery: Discovery | undefined;
  /** The exchange of new blocks; absent when it is switched off. */
  readonly blocks: NodeBlocks | undefined;
  /** The exchange of transactions; absent without a pool. */
  readonly transactions: NodeTransactions | undefined;
  /** The node's own record. */
  readonly own: OwnRecord;
}

/**
 * Second step: listens, finds nodes, and dials them and the static ones.
 *
 * @param onPeer called with each new peer
 * @throws NodeError; EnodeError, EnrError, Discv4Error, DnsdiscError for an invalid boot node or node list
 */
export async function openNetwork(
  context: NodeContext,
  storage: NodeStorage,
  pool: TransactionPool | undefined,
  onPeer: (peer: NodePeer) => void,
): Promise<NodeNetwork> {
  const { options, host, hasDiscovery, lifecycle, crypto, clock, random, logs } = context;
  const { datadir, chain, database, privateKey, id } = storage;
  const ownClientId = clientId('devp2p-node', version, options.identity);
  const peers = createPeerSet();
  const addresses = await openAddressBook({
    store: database.addresses,
    localId: id,
    isWanted: (node) => !peers.has(node.id),
    crypto,
    clock,
    random,
    log: logs('network'),
  });
  lifecycle.onClose(() => addresses.close());

  const blocks = options.blockGossip ? createNodeBlocks({ chain, clock, random, log: logs('network') }) : undefined;
  lifecycle.onClose(() => blocks?.close());
  const transactions = pool && createNodeTransactions({ id, pool, chain, crypto, clock, random, log: logs('network') });
  lifecycle.onClose(() => transactions?.close());
  const connections = await openConnections({
    id,
    privateKey,
    host,
    port: options.port ?? 30303,
    clientId: ownClientId,
    protocols: [
      eth({
        chain,
        versions: options.ethVersions,
        blocks: blocks?.gossip,
        transactions: transactions?.gossip,
        onRange: peers.changed,
        crypto,
        clock,
        random,
      }),
    ],
    peers,
    transactions: transactions?.gossip,
    addresses,
    database,
    staticNodes: storage.staticNodes,
    trustedNodes: storage.trustedNodes,
    netRestrict: options.netRestrict,
    requiredBlocks: options.requiredBlocks,
    forks: chain.forks,
    locate: async (node, signal) => discovery?.locate(node, signal),
    dialFound: hasDiscovery && (options.dialFound ?? true),
    maxPeers: options.maxPeers ?? 50,
    dialRatio: options.dialRatio ?? 3,
    maxPendingPeers: options.maxPendingPeers ?? 50,
    onPeer,
    crypto,
    clock,
    random,
    logs,
  });
  lifecycle.onClose(() => connections.close(), { parallel: true });

  const discovery = hasDiscovery ? await discover(context, storage, connections, addresses) : undefined;
  const enode = formatEnode({
    id,
    host: options.externalIp ?? dialableHost(host),
    tcp: connections.port,
    udp: discovery?.port ?? 0,
  });
  const own =
    discovery ??
    (await openOwnRecord({
      datadir,
      privateKey,
      enode: parseEnode(enode),
      chain,
      crypto,
      clock,
      log: logs('discovery'),
    }));
  // Idempotent: with discovery it is registered twice.
  lifecycle.onClose(() => own.close(), { parallel: true });
  logs('network').info({ enode }, 'listening');
  connections.start();
  if (options.nat !== undefined) {
    const natMapper = keepPortsMapped({
      ...options.nat,
      host,
      network: options.localNetwork ?? localNetwork,
      ports: [
        { protocol: 'tcp', port: connections.port },
        ...(discovery ? [{ protocol: 'udp', port: discovery.port } as const] : []),
      ],
      onChange: (endpoint) => own.setExternalEndpoint(endpoint),
      clock,
      random,
      log: logs('network'),
    });
    lifecycle.onClose(() => natMapper.close(), { parallel: true });
  }
  return { clientId: ownClientId, enode, peers, addresses, connections, discovery, blocks, transactions, own };
}

/** Starts discovery, which fills the address book from then on. */
async function discover(
  { options, host, lifecycle, crypto, clock, random, logs }: NodeContext,
  { datadir, privateKey, chain }: NodeStorage,
  { port }: Network,
  addresses: AddressBook,
): Promise<Discovery> {
  const discovery = await openDiscovery({
    datadir,
    privateKey,
    host,
    port: options.discoveryPort ?? port,
    anyPort: options.discoveryPort === undefined && options.port === 0,
    tcpPort: port,
    externalIp: options.externalIp,
    netRestrict: options.netRestrict,
    chain,
    addresses,
    ...knownNodes(options, host),
    resolveTxt: options.resolveTxt,
    crypto,
    clock,
    random,
    log: logs('discovery'),
  });
  lifecycle.onClose(() => discovery.close(), { parallel: true });
  const following = addresses.follow(discovery, lifecycle.signal);
  lifecycle.onClose(() => following, { parallel: true });
  return discovery;
}

/** The chosen boot nodes and lists, or those of the network; none when listening on loopback, where they are unreachable. */
function knownNodes(
  { network, bootnodes, dnsLists }: NodeOptions,
  host: string,
): { readonly bootnodes: readonly string[]; readonly dnsLists: readonly string[] } {
  const ip = parseIp(host);
  const isPublic = network !== undefined && !(ip && isLoopback(ip));
  const known = isPublic ? networks[network] : undefined;
  return {
    bootnodes: bootnodes ?? known?.bootnodes ?? [],
    dnsLists: dnsLists ?? known?.dnsLists ?? [],
  };
}

/** An address that a node on this machine can dial when this one listens on all of them. */
function dialableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
