import type { Crypto } from '@devp2p/crypto';
import {
  checkRelay,
  formatIp,
  type IpRange,
  inRange,
  isOnCurve,
  normalizeIp,
  parseIp,
  toHex,
} from '@devp2p/enr';
import { type Node, nodeAt } from './node.ts';
import type { Neighbor } from './packet.ts';
import { sameBytes } from './same-bytes.ts';
import type { Address } from './socket.ts';

/** Ports up to this one belong to a system's own services, not to discovery. */
const LOW_PORT = 1024;

/** What {@link RelayedNodes} needs to know. */
export interface RelayOptions {
  readonly crypto: Crypto;
  readonly netRestrict?: readonly IpRange[] | undefined;
}

/** Nodes that are remembered. A lookup meets the same hundred again and again. */
const MAX_REMEMBERED = 512;

/** The nodes that Neighbors packets speak of. */
export class RelayedNodes {
  readonly #options: RelayOptions;
  /** By key, the latest last: what was made of a node's id once need not be made again. */
  readonly #remembered = new Map<string, Node>();

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * The node that is spoken of, if it can be one: a UDP port above 1024, an address that the sender can know and reach,
   * in the permitted networks, and a key on the curve.
   *
   * @param sender - IP address of the packet's sender.
   */
  node(sender: Uint8Array, { id, ip, udp, tcp }: Neighbor): Node | undefined {
    const { crypto, netRestrict } = this.#options;
    if (ip.length !== 4 && ip.length !== 16) return undefined;
    const address = normalizeIp(ip);
    if (!isRelayable(sender, address, udp)) return undefined;
    if (!isPermitted(address, netRestrict)) return undefined;
    const key = toHex(id);
    const known = this.#remembered.get(key);
    if (known?.udp === udp && known.tcp === tcp && sameBytes(known.ip, address)) return known;
    if (!known && !isOnCurve(id, { crypto })) return undefined;
    const node = nodeAt({ id, host: formatIp(address), ip: address, udp, tcp }, crypto);
    this.#remember(node);
    return node;
  }

  #remember(node: Node): void {
    this.#remembered.delete(node.key);
    this.#remembered.set(node.key, node);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > MAX_REMEMBERED && oldest) this.#remembered.delete(oldest);
  }
}

/** Whether a node may be at an address, as far as the user has a say in it. */
export function isPermitted(ip: Uint8Array, netRestrict: RelayOptions['netRestrict']): boolean {
  return netRestrict === undefined || inRange(ip, netRestrict);
}

/** Whether an endpoint may be believed when somebody at `sender` states it. */
export function isRelayable(sender: Uint8Array, ip: Uint8Array, udp: number): boolean {
  return udp > LOW_PORT && checkRelay(sender, ip) === undefined;
}

/** Which addresses a socket can send to: those of its own family, or both if it is bound to all of IPv6. */
export function reach({ host }: Address): (ip: Uint8Array) => boolean {
  const local = parseIp(host);
  if (!local || (local.length === 16 && local.every((byte) => byte === 0))) return () => true;
  return ({ length }) => length === local.length;
}

/** Whether a node may be passed on to somebody at `receiver`, who would not believe it otherwise. */
export function isWorthPassingOn(receiver: Uint8Array, node: Node): boolean {
  return node.network === 'global' || checkRelay(receiver, node.ip) === undefined;
}
