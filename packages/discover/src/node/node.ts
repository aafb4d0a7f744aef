import { toHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Enode, type Enr, enodeFromEnr, formatEnode, formatEnr, type NodeId, nodeIdHash } from '@devp2p/enr';
import { type IpClass, ipClass, parseIp } from '@devp2p/ip';
import { bytes, type Checker, createChecker, integer } from '@devp2p/options';
import { DiscoverError } from '../error.ts';

/** Id and endpoint of a node. A {@link Node} is one, and so is an enode. */
export type Contact = Pick<Enode, 'id' | 'host' | 'udp'> & { readonly tcp?: number | undefined };

/** Node found by discovery: identity, endpoint and record. Immutable. */
export class Node implements Enode {
  /** Public key, 64 bytes. */
  readonly id: NodeId;
  /** IP address in canonical form. */
  readonly host: string;
  /** UDP port. */
  readonly udp: number;
  /** RLPx port; 0 if the node has none. */
  readonly tcp: number;
  /** Record of the node, if it was requested from the node. */
  readonly enr: Enr | undefined;
  /** IP address as 4 or 16 bytes. @internal */
  readonly ip: Uint8Array;
  /** Class of the IP address. @internal */
  readonly network: IpClass;
  /** Keccak-256 of the id, 32 bytes: the position in the node table, and the node id of discovery v5. @internal */
  readonly hash: Uint8Array;
  /** Id in hex, the key of maps. @internal */
  readonly key: string;

  constructor(fields: Omit<Node, 'enode' | 'toJSON'>) {
    this.id = fields.id;
    this.host = fields.host;
    this.udp = fields.udp;
    this.tcp = fields.tcp;
    this.enr = fields.enr;
    this.ip = fields.ip;
    this.network = fields.network;
    this.hash = fields.hash;
    this.key = fields.key;
  }

  /** URL of the node. */
  get enode(): string {
    return formatEnode(this);
  }

  /** Readable form for `JSON.stringify` and logs. */
  toJSON(): Record<string, unknown> {
    return { enode: this.enode, ...(this.enr && { enr: formatEnr(this.enr) }) };
  }
}

/** Output of `console.log`. */
Object.defineProperty(Node.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: Node, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `Node ${inspect(this.toJSON(), options)}`;
  },
});

const checkEndpoint: Checker = createChecker(DiscoverError, 'no-endpoint');
const idRule = bytes(64);
const udpRule = integer(1, 65_535);
const tcpRule = integer(0, 65_535);

/** @throws DiscoverError `no-endpoint` if the contact has no id of 64 bytes, no IP address, or an invalid port */
export function nodeFromContact(contact: Contact, crypto: Crypto): Node {
  if (contact instanceof Node) return contact;
  const { host, udp, tcp = 0 } = contact;
  const ip = parseIp(host);
  checkEndpoint.value('node.id', contact.id, idRule);
  if (!ip) checkEndpoint.fail('node.host', host, 'an IP address');
  checkEndpoint.value('node.udp', udp, udpRule);
  if (tcp !== 0) checkEndpoint.value('node.tcp', tcp, tcpRule);
  return createNode({ id: contact.id, host, ip, udp, tcp }, crypto);
}

/** Creates a node from fields that are known to be valid. `host` and `ip` are the same address. */
export function createNode(
  { id, host, ip, udp, tcp }: Pick<Node, 'id' | 'host' | 'ip' | 'udp' | 'tcp'>,
  crypto: Crypto,
): Node {
  return new Node({
    id: id.slice(),
    host,
    ip: ip.slice(),
    udp,
    tcp,
    enr: undefined,
    network: ipClass(ip),
    hash: nodeIdHash(id, { crypto }),
    key: toHex(id),
  });
}

/**
 * Returns the node of a record; `undefined` if the record has no IP address and UDP port.
 *
 * @param family the address to use if the record has one of each; by default IPv4
 */
export function nodeFromEnr(enr: Enr, crypto: Crypto, family?: 4 | 6): Node | undefined {
  const enode = enodeFromEnr(enr, { family });
  if (!enode || !isPort(enode.udp)) return undefined;
  return withEnr(nodeFromContact(enode, crypto), enr);
}

/** Returns the node at the same endpoint with another record. */
export function withEnr(node: Node, enr: Enr | undefined): Node {
  return new Node({ ...node, enr });
}

/** Whether two nodes have the same IP address and UDP port. */
export function hasSameEndpoint(a: Node, b: Node): boolean {
  return a.udp === b.udp && a.host === b.host;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65535;
}
