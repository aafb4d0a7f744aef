import {
  decodeEnr,
  type Enr,
  EnrError,
  enodeFromEnr,
  formatIp,
  isLoopback,
  parseIp,
  toHex,
} from '@devp2p/enr';
import type { Bond, Bonds } from './endpoint-proof.ts';
import { Discv4Error } from './error.ts';
import type { LocalRecord } from './local-record.ts';
import { type Node, nodeFromContact } from './node.ts';
import type { NodeDatabase } from './node-database.ts';
import type { Settings } from './options.ts';
import {
  type Endpoint,
  encodePacket,
  type FindNode,
  isDiscv4,
  MAX_NEIGHBORS,
  type Packet,
  type Ping,
  type Pong,
  readPacket,
  recoverSender,
  type UnverifiedPacket,
} from './packet.ts';
import type { Expected, PendingRequests } from './pending.ts';
import type { EndpointPrediction } from './prediction.ts';
import { RateLimit } from './rate-limit.ts';
import { isRelayable, isWorthPassingOn, relayedNode } from './relay.ts';
import type { Address, UdpSocket } from './socket.ts';
import { sourceOf } from './source.ts';
import type { Stats } from './stats.ts';
import { BUCKET_SIZE } from './table.ts';

const VERSION = 4n;

/** Sources whose packets are counted at a time. */
const MAX_SOURCES = 10_000;

/** What {@link Protocol} works with. */
export interface ProtocolParts {
  readonly settings: Settings;
  readonly self: Pick<Node, 'id' | 'key'>;
  readonly socket: UdpSocket;
  readonly record: LocalRecord;
  readonly bonds: Bonds;
  readonly database: NodeDatabase;
  readonly pending: PendingRequests;
  readonly stats: Stats;
  /** Our endpoint as others see it, for IPv4 and IPv6. */
  readonly predictions: { readonly 4: EndpointPrediction; readonly 6: EndpointPrediction };
  /** The nodes that we know nearest to a hash. */
  readonly closest: (target: Uint8Array) => readonly Node[];
  /** A node has contacted us and proved its address; `live` unless that was some time ago or from another port. */
  readonly onContact: (node: Node, live: boolean) => void;
}

/** Where a packet came from. */
interface Sender extends Address {
  readonly ip: Uint8Array;
}

/** What is asked of a node, and what it may answer. */
type Question<T, P extends Packet['type']> = Pick<Expected<T, P>, 'type' | 'take' | 'result'>;

/** Discovery v4 as two nodes speak it: questions, answers, and who gets any. Knows nothing of tables and lookups. */
export class Protocol {
  readonly #parts: ProtocolParts;
  readonly #limit: RateLimit;
  /** By node: the end of the last FindNode that was begun. */
  readonly #findNodeTurns = new Map<string, Promise<unknown>>();

  constructor(parts: ProtocolParts) {
    this.#parts = parts;
    const { clock, maxPacketsPerSecond: perSecond } = parts.settings;
    this.#limit = new RateLimit({ clock, perSecond, maxSources: MAX_SOURCES });
  }

  /** Asks for a Pong. Rejects with Discv4Error `timeout`, `busy` or `closed`, or the signal's reason. */
  async ping(node: Node, signal?: AbortSignal | undefined): Promise<Pong> {
    const { bonds, settings } = this.#parts;
    bonds.open(node).pingSent = settings.clock.monotonic();
    return this.#ping(node, signal);
  }

  /**
   * Asks for nodes near a target; the wait for more ends at 16. Nodes that cannot be are left out, so that the result
   * may be empty.
   */
  findNode(node: Node, target: Uint8Array, signal?: AbortSignal | undefined): Promise<Node[]> {
    // Answers do not say to which question they belong, so a node is asked one at a time.
    const turns = this.#findNodeTurns;
    const before = turns.get(node.key) ?? Promise.resolve();
    const found = before.then(() => this.#findNode(node, target, signal));
    const end = found.then(
      () => undefined,
      () => undefined,
    );
    turns.set(node.key, end);
    end.then(() => {
      if (turns.get(node.key) === end) turns.delete(node.key);
    });
    return found;
  }

  /** Asks for the node's own record. Rejects with `invalid-record` too. */
  async requestEnr(node: Node, signal?: AbortSignal | undefined): Promise<Enr> {
    const { crypto } = this.#parts.settings;
    let record: Uint8Array | undefined;
    const question: Packet = { type: 'enrRequest', expiration: this.#expiration() };
    const answer = await this.#query<Uint8Array, 'enrResponse'>(node, question, signal, (hash) => ({
      type: 'enrResponse',
      take: (response) => {
        if (!sameBytes(response.requestHash, hash)) return 'other';
        record = response.record;
        return 'last';
      },
      result: () => record,
    }));
    return readRecord(answer, node, crypto);
  }

  /** Takes a datagram from the socket. Never throws for what is in it. */
  receive(bytes: Uint8Array, { host, port }: Address): void {
    const { settings, stats } = this.#parts;
    const ip = parseIp(host);
    // Port 0 cannot be answered, and the address of an interface's own scope means nothing elsewhere.
    if (!ip || port === 0) return;
    stats.received++;
    const from = { host: formatIp(ip), port, ip };
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
  #handle(unverified: UnverifiedPacket, from: Sender): void {
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

  #onPing(ping: Ping, hash: Uint8Array, id: Uint8Array, key: string, from: Sender): void {
    const { bonds, pending, onContact, settings, record, stats } = this.#parts;
    const { host, port, ip } = from;
    const { tcp } = ping.from;
    this.#send(
      {
        type: 'pong',
        to: { ip, udp: port, tcp },
        pingHash: hash,
        expiration: this.#expiration(),
        enrSeq: record.enr.seq,
      },
      from,
    );
    const now = settings.clock.monotonic();
    const bond = bonds.get(key, host, ip);
    if (bond) bond.pingReceived = now;
    pending.answer(ping, from, key);
    const isSame = bond?.node.udp === port && bond.node.tcp === tcp;
    const node = isSame
      ? bond.node
      : nodeFromContact({ id, host, udp: port, tcp }, settings.crypto);
    if (bonds.isProven(bond)) {
      onContact(node, bond.node.udp === port);
      return;
    }
    // One at a time per address, whatever id it claims: not more than this is sent to whoever is really there.
    if (pending.expects('pong', from) || pending.size * 2 > settings.maxPending) {
      stats.unproven++;
      return;
    }
    this.#ping(node, undefined, (proven) => {
      proven.pingReceived = now;
      onContact(node, true);
    }).catch(() => undefined);
  }

  #onFindNode({ target }: FindNode, from: Sender): void {
    const { closest, settings } = this.#parts;
    const nodes = closest(settings.crypto.keccak256(target))
      .filter((node) => isWorthPassingOn(from.ip, node))
      .map(({ ip, udp, tcp, id }) => ({ ip, udp, tcp, id }));
    let start = 0;
    do {
      const part = nodes.slice(start, start + MAX_NEIGHBORS);
      this.#send({ type: 'neighbors', nodes: part, expiration: this.#expiration() }, from);
      start += MAX_NEIGHBORS;
    } while (start < nodes.length);
  }

  #onEnrRequest(requestHash: Uint8Array, from: Sender): void {
    const { bytes: record } = this.#parts.record.enr;
    this.#send({ type: 'enrResponse', requestHash, record }, from);
  }

  #ping(
    node: Node,
    signal: AbortSignal | undefined,
    onProof?: (bond: Bond) => void,
  ): Promise<Pong> {
    const { record, bonds, database, predictions, settings } = this.#parts;
    const request = this.#encode({
      type: 'ping',
      version: VERSION,
      from: this.#localEndpoint(node.ip),
      to: { ip: node.ip, udp: node.udp, tcp: 0 },
      expiration: this.#expiration(),
      enrSeq: record.enr.seq,
    });
    let answer: Pong | undefined;
    return this.#ask(node, request.bytes, signal, {
      type: 'pong',
      take: (pong) => {
        if (!sameBytes(pong.pingHash, request.hash)) return 'other';
        answer = pong;
        const bond = bonds.open(node);
        bond.pongReceived = settings.clock.monotonic();
        onProof?.(bond);
        database.save(bond);
        predictions[node.ip.length === 4 ? 4 : 6].add(node.host, node.ip, pong.to);
        return 'last';
      },
      result: () => answer,
    });
  }

  #findNode(node: Node, target: Uint8Array, signal?: AbortSignal): Promise<Node[]> {
    const nodes: Node[] = [];
    let received = 0;
    let answered = false;
    const question: Packet = { type: 'findNode', target, expiration: this.#expiration() };
    return this.#query<Node[], 'neighbors'>(node, question, signal, () => ({
      type: 'neighbors',
      take: ({ nodes: neighbors }) => {
        answered = true;
        for (const neighbor of neighbors.slice(0, BUCKET_SIZE - received)) {
          received++;
          const relayed = relayedNode(node.ip, neighbor, this.#parts.settings);
          if (relayed) nodes.push(relayed);
        }
        return received >= BUCKET_SIZE ? 'last' : 'more';
      },
      result: () => (answered ? nodes : undefined),
    }));
  }

  /** Asks what is answered only to those who have proved their endpoint. */
  async #query<T, P extends Packet['type']>(
    node: Node,
    question: Packet,
    signal: AbortSignal | undefined,
    expect: (hash: Uint8Array) => Question<T, P>,
  ): Promise<T> {
    const { bonds, settings } = this.#parts;
    await this.#bond(node, signal);
    const { bytes, hash } = this.#encode(question);
    const bond = bonds.open(node);
    try {
      const answer = await this.#ask(node, bytes, signal, expect(hash));
      bond.answered = settings.clock.monotonic();
      return answer;
    } catch (error) {
      // It may have forgotten us; next time we begin anew.
      bond.answered = undefined;
      bond.pingReceived = undefined;
      throw error;
    }
  }

  /** Makes sure that the node will answer: it does so only once we have answered a ping of its own. */
  async #bond(node: Node, signal: AbortSignal | undefined): Promise<void> {
    const { bonds, pending } = this.#parts;
    const bond = bonds.open(node);
    if (bonds.acceptsUs(bond)) return;
    const pinged = pending.wait(
      {
        type: 'ping',
        from: addressOf(node),
        key: node.key,
        take: () => 'last',
        // A node that does not ping back may well know us from earlier.
        result: () => true,
      },
      signal,
    );
    await Promise.all([this.ping(node, signal), pinged]);
  }

  #ask<T, P extends Packet['type']>(
    node: Node,
    request: Uint8Array,
    signal: AbortSignal | undefined,
    question: Question<T, P>,
  ): Promise<T> {
    const from = addressOf(node);
    const answer = this.#parts.pending.wait({ ...question, from, key: node.key }, signal);
    this.#transmit(request, from);
    return answer;
  }

  #encode(packet: Packet): { bytes: Uint8Array; hash: Uint8Array } {
    const { privateKey, crypto } = this.#parts.settings;
    return encodePacket(packet, privateKey, crypto);
  }

  #send(packet: Packet, to: Address): void {
    this.#transmit(this.#encode(packet).bytes, to);
  }

  #transmit(bytes: Uint8Array, { host, port }: Address): void {
    const { stats, socket } = this.#parts;
    stats.sent++;
    socket.send(bytes, { host, port });
  }

  #expiration(): number {
    const { clock, expiration } = this.#parts.settings;
    return Math.floor((clock.now() + expiration) / 1000);
  }

  /** Our endpoint for a ping. Others take the TCP port from it, and the rest from where the packet comes from. */
  #localEndpoint({ length }: Uint8Array): Endpoint {
    const { ip, ip6, udp = 0, udp6 = udp, tcp = 0 } = this.#parts.record.enr;
    const address = length === 4 ? ip : ip6;
    return {
      ip: (address === undefined ? undefined : parseIp(address)) ?? new Uint8Array(length),
      udp: length === 4 ? udp : udp6,
      tcp,
    };
  }
}

function readRecord(bytes: Uint8Array, node: Node, crypto: Settings['crypto']): Enr {
  let enr: Enr;
  try {
    enr = decodeEnr(bytes, { crypto });
  } catch (cause) {
    if (!(cause instanceof EnrError)) throw cause;
    throw new Discv4Error('invalid-record', `record of ${node.host} cannot be read`, { cause });
  }
  if (!sameBytes(enr.id, node.id)) {
    throw new Discv4Error('invalid-record', `${node.host} answered with another node's record`);
  }
  const enode = enodeFromEnr(enr, { family: node.ip.length === 4 ? 4 : 6 });
  const ip = enode && parseIp(enode.host);
  if (enode && ip && enode.udp > 0 && !isRelayable(node.ip, ip, enode.udp)) {
    const { host, udp } = enode;
    throw new Discv4Error('invalid-record', `${node.host} claims to be at ${host}:${udp}`);
  }
  return enr;
}

function addressOf({ host, udp }: Node): Address {
  return { host, port: udp };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
