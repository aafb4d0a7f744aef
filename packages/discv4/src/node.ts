import type { Crypto } from '@devp2p/crypto';
import {
  type Enode,
  type Enr,
  enodeFromEnr,
  formatEnode,
  formatEnr,
  type IpClass,
  ipClass,
  type NodeId,
  nodeIdHash,
  parseIp,
  toHex,
} from '@devp2p/enr';
import { bytes, type Checker, createChecker, integer } from '@devp2p/options';
import { Discv4Error } from './error.ts';

/** Where a node can be asked. A `Node` is one, and so is an enode. */
export type Contact = Pick<Enode, 'id' | 'host' | 'udp'> & { readonly tcp?: number | undefined };

/** A node that discovery knows: who it is and where. Does not change. */
export class Node implements Enode {
  /** Public key, 64 bytes. */
  readonly id: NodeId;
  /** IP address in its canonical form. */
  readonly host: string;
  /** Discovery port. */
  readonly udp: number;
  /** RLPx port; 0 means that there is none. */
  readonly tcp: number;
  /** The node's own record, if it has told us. */
  readonly enr: Enr | undefined;
  /** The address as 4 or 16 bytes. @internal */
  readonly ip: Uint8Array;
  /** What kind of network the address belongs to. @internal */
  readonly network: IpClass;
  /** Keccak-256 of the id: the place in the overlay, 32 bytes. @internal */
  readonly hash: Uint8Array;
  /** The id as hex, to find the node by. @internal */
  readonly key: string;

  constructor(parts: Omit<Node, 'enode' | 'toJSON'>) {
    this.id = parts.id;
    this.host = parts.host;
    this.udp = parts.udp;
    this.tcp = parts.tcp;
    this.enr = parts.enr;
    this.ip = parts.ip;
    this.network = parts.network;
    this.hash = parts.hash;
    this.key = parts.key;
  }

  /** The node's URL. */
  get enode(): string {
    return formatEnode(this);
  }

  /** What a person wants to know of it, for `JSON.stringify` and logs. */
  toJSON(): Record<string, unknown> {
    return { enode: this.enode, ...(this.enr && { enr: formatEnr(this.enr) }) };
  }
}

/** How `console.log` shows it. */
Object.defineProperty(Node.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: Node,
    _depth: number,
    options: object,
    inspect: (value: unknown, o: object) => string,
  ) {
    return `Node ${inspect(this.toJSON(), options)}`;
  },
});

const checkEndpoint: Checker = createChecker(Discv4Error, 'no-endpoint');
const idRule = bytes(64);
const udpRule = integer(1, 65_535);
const tcpRule = integer(0, 65_535);

/** @throws Discv4Error `no-endpoint` when the contact has no id of 64 bytes, or no address to send to. */
export function nodeFromContact(contact: Contact, crypto: Crypto): Node {
  if (contact instanceof Node) return contact;
  const { host, udp, tcp = 0 } = contact;
  const ip = parseIp(host);
  checkEndpoint.value('node.id', contact.id, idRule);
  if (!ip) checkEndpoint.fail('node.host', host, 'an IP address');
  checkEndpoint.value('node.udp', udp, udpRule);
  if (tcp !== 0) checkEndpoint.value('node.tcp', tcp, tcpRule);
  return nodeAt({ id: contact.id, host, ip, udp, tcp }, crypto);
}

/** A node that is known to have an id of 64 bytes and an address, which `host` and `ip` both are. */
export function nodeAt(
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

/** The node of a record; `undefined` when the record does not say where to send a packet. */
export function nodeFromEnr(enr: Enr, crypto: Crypto, family?: 4 | 6): Node | undefined {
  const enode = enodeFromEnr(enr, { family });
  if (!enode || !isPort(enode.udp)) return undefined;
  return withEnr(nodeFromContact(enode, crypto), enr);
}

/** The same node at the same place, with a record. */
export function withEnr(node: Node, enr: Enr | undefined): Node {
  return new Node({ ...node, enr });
}

export function sameEndpoint(a: Node, b: Node): boolean {
  return a.udp === b.udp && a.host === b.host;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 65535;
}
