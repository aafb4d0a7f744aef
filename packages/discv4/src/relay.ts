import type { Crypto } from '@devp2p/crypto';
import {
  checkRelay,
  formatIp,
  type IpRange,
  inRange,
  isOnCurve,
  normalizeIp,
  parseIp,
} from '@devp2p/enr';
import { type Node, nodeAt } from './node.ts';
import type { Neighbor } from './packet.ts';
import type { Address } from './socket.ts';

/** Ports up to this one belong to a system's own services, not to discovery. */
const LOW_PORT = 1024;

/** What {@link relayedNode} needs to know. */
export interface RelayOptions {
  readonly crypto: Crypto;
  readonly netRestrict?: readonly IpRange[] | undefined;
}

/**
 * The node that a Neighbors packet speaks of, if it can be one: a UDP port above 1024, an address that its sender can
 * know and reach, in the permitted networks, and a key on the curve.
 *
 * @param sender - IP address of the packet's sender.
 */
export function relayedNode(
  sender: Uint8Array,
  { id, ip, udp, tcp }: Neighbor,
  { crypto, netRestrict }: RelayOptions,
): Node | undefined {
  if (ip.length !== 4 && ip.length !== 16) return undefined;
  const address = normalizeIp(ip);
  if (!isRelayable(sender, address, udp)) return undefined;
  if (!isPermitted(address, netRestrict)) return undefined;
  if (!isOnCurve(id, { crypto })) return undefined;
  return nodeAt({ id, host: formatIp(address), ip: address, udp, tcp }, crypto);
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
