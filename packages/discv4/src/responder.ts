import { formatIp, isLoopback, type NodeId, parseIp, toHex } from '@devp2p/enr';
import type { Bonds } from './endpoint-proof.ts';
import { Discv4Error } from './error.ts';
import type { LocalRecord } from './local-record.ts';
import { type Node, nodeAt } from './node.ts';
import type { Settings } from './options.ts';
import {
  type FindNode,
  isDiscv4,
  MAX_NEIGHBORS,
  type Ping,
  readPacket,
  recoverSender,
  type UnverifiedPacket,
} from './packet.ts';
import type { PendingRequests } from './pending.ts';
import { RateLimit } from './rate-limit.ts';
import { isWorthPassingOn } from './relay.ts';
import type { Requests } from './requests.ts';
import type { PacketSender } from './sender.ts';
import type { Address } from './socket.ts';
import { sourceOf } from './source.ts';
import type { Stats } from './stats.ts';

/** Sources whose packets are counted at a time. */
const MAX_SOURCES = 10_000;

/** What {@link Responder} works with. */
export interface ResponderParts {
  readonly settings: Settings;
  readonly self: Pick<Node, 'key'>;
  readonly record: LocalRecord;
  readonly bonds: Bonds;
  readonly pending: PendingRequests;
  readonly requests: Requests;
  readonly sender: PacketSender;
  readonly stats: Stats;
  /** The nodes that we know nearest to a hash. */
  readonly closest: (target: Uint8Array) => readonly Node[];
  /** A node has contacted us and proved its address; `live` unless that was some time ago or from another port. */
  readonly onContact: (node: Node, live: boolean) => void;
}

/** Where a packet came from. */
interface Source extends Address {
  readonly ip: Uint8Array;
}

/** What comes from the socket: who gets an answer, and which. */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #limit: RateLimit;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    const { clock, maxPacketsPerSecond: perSecond } = parts.settings;
    this.#limit = new RateLimit({ clock, perSecond, maxSources: MAX_SOURCES });
  }

  /** Takes a datagram from the socket. Never throws for what is in it. */
  receive(bytes: Uint8Array, { host, port }: Address): void {
    const { settings, stats } = this.#parts;
    const ip = parseIp(host);
    // Port 0 cannot be answered, and the address of an interface's own scope means nothing elsewhere.
    if (!ip || port === 0) return;
    stats.received++;
    // IPv4 has one spelling only; IPv6 does not, and sockets show IPv4 peers in it.
    const from = { host: host.includes(':') ? formatIp(ip) : host, port, ip };
    if (!isDiscv4(bytes, settings.crypto)) {
      stats.foreign++;
      settings.onUnhandled?.(bytes, { host: from.host, port });
      return;
    }
    if (!isLoopback(ip) && !this.#limit.take(sourceOf(from.host, ip))) {
      stats.limited++;
      return;
    }
    try {
      this.#handle(readPacket(bytes), from);
    } catch (error) {
      if (!(error instanceof Discv4Error)) throw error;
      stats.malformed++;
    }
  }

  /** Curve work comes last: whatever can be told to have no effect is dropped before anybody asks who signed it. */
  #handle(unverified: UnverifiedPacket, from: Source): void {
    const { pending, bonds, stats, self, settings } = this.#parts;
    const { packet, hash } = unverified;
    if ('expiration' in packet && packet.expiration * 1000 < settings.clock.now()) {
      stats.expired++;
      return;
    }
    switch (packet.type) {
      case 'ping': {
        const id = recoverSender(unverified, settings.crypto);
        const key = toHex(id);
        if (key !== self.key) this.#onPing(packet, hash, id, key, from);
        return;
      }
      case 'findNode':
      case 'enrRequest': {
        const bond = bonds.hasSource(from.host, from.ip)
          ? bonds.get(toHex(recoverSender(unverified, settings.crypto)), from.host, from.ip)
          : undefined;
        if (!bonds.isProven(bond)) stats.unproven++;
        else if (packet.type === 'findNode') this.#onFindNode(packet, from);
        else this.#onEnrRequest(hash, from);
        return;
      }
      case 'pong':
      case 'neighbors':
      case 'enrResponse':
        if (
          !pending.expects(packet.type, from) ||
          !pending.answer(packet, from, toHex(recoverSender(unverified, settings.crypto)))
        ) {
          stats.unsolicited++;
        }
    }
  }

  #onPing(ping: Ping, hash: Uint8Array, id: NodeId, key: string, from: Source): void {
    const { bonds, pending, onContact, settings, record, stats, sender, requests } = this.#parts;
    const { host, port, ip } = from;
    const { tcp } = ping.from;
    sender.send(
      {
        type: 'pong',
        to: { ip, udp: port, tcp },
        pingHash: hash,
        expiration: sender.expiration(),
        enrSeq: record.enr.seq,
      },
      from,
    );
    const now = settings.clock.monotonic();
    const bond = bonds.get(key, host, ip);
    if (bond) bond.pingReceived = now;
    pending.answer(ping, from, key);
    const isSame = bond?.node.udp === port && bond.node.tcp === tcp;
    const node = isSame ? bond.node : nodeAt({ id, host, ip, udp: port, tcp }, settings.crypto);
    if (bonds.isProven(bond)) {
      onContact(node, bond.node.udp === port);
      return;
    }
    // One at a time per address, whatever id it claims: not more than this is sent to whoever is really there.
    if (pending.expects('pong', from) || pending.size * 2 > settings.maxPending) {
      stats.unproven++;
      return;
    }
    requests.pingBack(node, (proven) => {
      proven.pingReceived = now;
      onContact(node, true);
    });
  }

  #onFindNode({ target }: FindNode, from: Source): void {
    const { closest, settings, sender } = this.#parts;
    const expiration = sender.expiration();
    const nodes = closest(settings.crypto.keccak256(target))
      .filter((node) => isWorthPassingOn(from.ip, node))
      .map(({ ip, udp, tcp, id }) => ({ ip, udp, tcp, id }));
    let start = 0;
    do {
      const part = nodes.slice(start, start + MAX_NEIGHBORS);
      sender.send({ type: 'neighbors', nodes: part, expiration }, from);
      start += MAX_NEIGHBORS;
    } while (start < nodes.length);
  }

  #onEnrRequest(requestHash: Uint8Array, from: Source): void {
    const { sender, record } = this.#parts;
    sender.send({ type: 'enrResponse', requestHash, record: record.enr.bytes }, from);
  }
}
