import { equalBytes, toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { createNode, type Node } from '@devp2p/discover';
import { isOnCurve } from '@devp2p/enr';
import { checkRelay, formatIp, type IpRange, inRange, normalizeIp } from '@devp2p/ip';
import type { Neighbor } from '../wire/packet.ts';

/** Highest port of system services, which discovery does not use. */
const maxSystemPort = 1024;

/** Limit of cached nodes. A lookup receives the same hundred nodes many times. */
const maxCached = 512;

/** Options of {@link RelayedNodes}. */
export interface RelayedNodesOptions {
  readonly crypto: Crypto;
  readonly netRestrict?: readonly IpRange[] | undefined;
}

/** Validates the nodes in Neighbors packets. */
export class RelayedNodes {
  readonly #options: RelayedNodesOptions;
  /** By key, in the order of creation. The hash of an id is computed once. */
  readonly #cache = new Map<string, Node>();

  constructor(options: RelayedNodesOptions) {
    this.#options = options;
  }

  /**
   * Returns the node of an entry if it is credible: a UDP port above 1024, an address that the sender can reach, a
   * network that `netRestrict` allows, and a key on the curve.
   *
   * @param sender IP address of the sender of the packet
   */
  node(sender: Uint8Array, { id, ip, udp, tcp }: Neighbor): Node | undefined {
    const { crypto, netRestrict } = this.#options;
    if (ip.length !== 4 && ip.length !== 16) return undefined;
    const address = normalizeIp(ip);
    if (!isRelayable(sender, address, udp)) return undefined;
    if (netRestrict !== undefined && !inRange(address, netRestrict)) return undefined;
    const key = toHex(id);
    const cached = this.#cache.get(key);
    if (cached?.udp === udp && cached.tcp === tcp && equalBytes(cached.ip, address)) return cached;
    if (!cached && !isOnCurve(id, { crypto })) return undefined;
    const node = createNode({ id, host: formatIp(address), ip: address, udp, tcp }, crypto);
    this.#add(node);
    return node;
  }

  #add(node: Node): void {
    this.#cache.delete(node.key);
    this.#cache.set(node.key, node);
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > maxCached && oldest) this.#cache.delete(oldest);
  }
}

/** Whether an endpoint is credible if a node at `sender` reports it. */
export function isRelayable(sender: Uint8Array, ip: Uint8Array, udp: number): boolean {
  return udp > maxSystemPort && checkRelay(sender, ip) === undefined;
}

/** Whether a node at `receiver` accepts a node in a response. */
export function isAcceptedBy(receiver: Uint8Array, node: Node): boolean {
  return node.network === 'global' || checkRelay(receiver, node.ip) === undefined;
}
