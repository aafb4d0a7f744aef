import type { AddrSource } from '@devp2p/addrman';
import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { createNodeIterator, createUdpEndpoint, type ExternalEndpoint, openLocalNode } from '@devp2p/discover';
import { bindUdp } from '@devp2p/discover/udp';
import type { Stats } from '@devp2p/discv4';
import { listen } from '@devp2p/discv4/udp';
import { createDnsClient, parseTreeUrl, type ResolveTxt } from '@devp2p/dnsdisc';
import { type Enode, type Enr, enodeFromEnr } from '@devp2p/enr';
import { type IpRange, ipClass, parseIp } from '@devp2p/ip';
import type { RandomBytes } from '@devp2p/random';
import { portUnavailable } from '../errors/port-unavailable.ts';
import type { Log } from '../logging/log.ts';
import type { AddressBook, AddressSource, Candidate } from '../network/address-book.ts';
import { openNodeDatabase } from '../storage/discovery-nodes.ts';
import { type ForkChain, forkEntry, keepForkEntry, mayShareChain } from './fork-entry.ts';

/** @see openDiscovery */
export interface DiscoveryOptions {
  /** An absolute path. */
  readonly datadir: string;
  readonly privateKey: Uint8Array;
  /** IP address to listen on. */
  readonly host: string;
  /** UDP port to listen on; 0 for any that is free. */
  readonly port: number;
  /** Whether another port is used when this one is in use. */
  readonly anyPort: boolean;
  /** TCP port to announce. */
  readonly tcpPort: number;
  /** The address at which others can reach the node; `undefined` to use the one that they report. */
  readonly externalIp: string | undefined;
  readonly bootnodes: readonly string[];
  /** `enrtree://` URLs. */
  readonly dnsLists: readonly string[];
  /** @default the system's DNS servers */
  readonly resolveTxt: ResolveTxt | undefined;
  readonly netRestrict: readonly IpRange[] | undefined;
  readonly chain: ForkChain;
  /** Receives the nodes that other nodes report. */
  readonly addresses: Pick<AddressBook, 'add'>;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** Finds nodes, and makes the local node discoverable. */
export interface Discovery extends AddressSource {
  /** UDP port that is listened on. */
  readonly port: number;
  /** The current local record, as other nodes receive it. */
  readonly record: Enr;
  /** How many nodes are in the table. */
  readonly tableSize: number;
  /** Packets since the start. */
  readonly stats: Readonly<Stats>;
  /** Current endpoint of a node, from its own record, or else as reported by other nodes. */
  locate(node: Enode, signal: AbortSignal): Promise<Enode | undefined>;
  /** Sets the external endpoint at a gateway in the local record; `undefined` removes it. */
  setExternalEndpoint(endpoint: ExternalEndpoint | undefined): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts discv4 with a store in the data directory and the fork id in the local record.
 *
 * @throws NodeError `port-unavailable`, `nodes-unusable`; EnodeError, EnrError, Discv4Error, DnsdiscError for an
 * invalid boot node or list; everything is closed then
 */
export async function openDiscovery(options: DiscoveryOptions): Promise<Discovery> {
  const { privateKey, bootnodes, dnsLists, netRestrict, externalIp } = options;
  const { chain, crypto, clock, random, log } = options;
  for (const url of dnsLists) parseTreeUrl(url, { crypto });
  const localId = crypto.secp256k1.publicKey(privateKey);
  const store = await openNodeDatabase(options.datadir);
  const { endpoint, localNode, discv4 } = await start().catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  async function start() {
    const endpoint = createUdpEndpoint(await bind(options, localId));
    const isIpv6 = externalIp !== undefined && parseIp(externalIp)?.length === 16;
    try {
      const localNode = await openLocalNode({
        privateKey,
        localAddress: endpoint.localAddress,
        tcpPort: options.tcpPort,
        ...(externalIp !== undefined && { [isIpv6 ? 'externalIp6' : 'externalIp']: externalIp }),
        entries: { eth: forkEntry(chain) },
        store,
        crypto,
        clock,
      });
      const discv4 = await listen({
        socket: endpoint,
        localNode,
        privateKey,
        bootnodes,
        netRestrict,
        onNeighbors: (nodes, { ip }) => options.addresses.add(nodes, { kind: 'peer', ip }),
        store,
        crypto,
        clock,
        random,
      });
      return { endpoint, localNode, discv4 };
    } catch (error) {
      await endpoint.close();
      throw error;
    }
  }
  const endForkEntry = keepForkEntry(chain, localNode, log);
  const dns = createDnsClient({
    resolveTxt: options.resolveTxt,
    crypto,
    clock,
    random,
    localId,
  });

  type Found = { readonly node: Candidate; readonly source: AddrSource };
  async function* fromDiscv4(signal: AbortSignal): AsyncGenerator<Found, void, undefined> {
    // Reported nodes are added by `onNeighbors`; the other ones have contacted this node.
    for await (const node of discv4.randomNodes({ signal })) {
      yield { node, source: { kind: 'inbound', ip: node.ip } };
    }
  }
  async function* fromDns(list: string, signal: AbortSignal): AsyncGenerator<Found, void, undefined> {
    for await (const enr of dns.randomNodes([list], { signal })) {
      const enode = enodeFromEnr(enr);
      if (enode === undefined || !isReachable(enode.host, options.host)) continue;
      yield { node: { ...enode, enr }, source: { kind: 'list', name: list } };
    }
  }
  let closed: Promise<void> | undefined;
  return {
    port: discv4.localAddress.port,
    get record() {
      return localNode.enr;
    },
    get tableSize() {
      return discv4.nodes().length;
    },
    get stats() {
      return discv4.stats;
    },
    candidates: (signal) =>
      createNodeIterator<Found>([fromDiscv4(signal), ...dnsLists.map((list) => fromDns(list, signal))], {
        signal,
        onError: (error) => log.error({ error }, 'a source of nodes has failed'),
      }),
    async mayShareChain(node, signal) {
      const asked = () => discv4.requestEnr(node, { signal }).catch(() => undefined);
      return mayShareChain(node.enr ?? (await asked()), chain);
    },
    async locate(node, signal) {
      // Discovery cannot query a host name; a node found by its key is queried at the discovered address.
      const isAddress = parseIp(node.host) !== undefined && node.udp !== 0;
      const found = isAddress
        ? await discv4.resolve(node, { signal })
        : (await discv4.lookup(node.id, { signal })).find((other) => equalBytes(other.id, node.id));
      const resolved = isAddress || found === undefined ? found : await discv4.resolve(found, { signal });
      const enode = resolved?.enr && enodeFromEnr(resolved.enr);
      return enode === undefined || enode.tcp === 0 ? undefined : enode;
    },
    setExternalEndpoint(external) {
      localNode.setExternalEndpoint(external).catch((error: unknown) => {
        if (closed === undefined) log.error({ error }, 'local record not updated');
      });
    },
    close() {
      endForkEntry();
      closed ??= discv4
        .close()
        .then(() => endpoint.close())
        .then(() => store.close());
      return closed;
    },
  };
}

/** Whether an address of a list is on the internet or in the local network; lists are not trusted. */
function isReachable(host: string, own: string): boolean {
  const [kind, ownKind] = [host, own].map((text) => {
    const ip = parseIp(text);
    return ip && ipClass(ip);
  });
  return kind === 'global' || (kind !== undefined && kind === ownKind);
}

/** @throws NodeError `port-unavailable` */
async function bind(options: DiscoveryOptions, localId: Uint8Array): ReturnType<typeof bindUdp> {
  const { host, port, anyPort } = options;
  try {
    return await bindUdp({ host, port, localId });
  } catch (error) {
    if (anyPort && port !== 0) return bind({ ...options, port: 0 }, localId);
    throw portUnavailable(error, { service: 'discovery', host, port });
  }
}
