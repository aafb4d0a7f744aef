import { toHex } from '@devp2p/bytes';
import { createNode, type LocalNode, type Node, type PacketSource, sourceOf } from '@devp2p/discover';
import type { NodeId } from '@devp2p/enr';
import { isLoopback } from '@devp2p/ip';
import { Discv4Error } from '../error.ts';
import type { Settings } from '../options.ts';
import type { PacketSender } from '../requests/packet-sender.ts';
import type { PendingRequests } from '../requests/pending-requests.ts';
import { isAcceptedBy } from '../requests/relayed-nodes.ts';
import type { Requests } from '../requests/requests.ts';
import type { Stats } from '../stats.ts';
import {
  type FindNode,
  isDiscv4,
  maxNeighbors,
  type Ping,
  readPacket,
  recoverSender,
  type UnverifiedPacket,
} from '../wire/packet.ts';
import type { EndpointProofs } from './endpoint-proofs.ts';
import { RateLimit } from './rate-limit.ts';

/** Limit of the sources with a rate limit state. */
const maxSources = 10_000;

/** Collaborators of {@link Responder}. */
export interface ResponderParts {
  readonly settings: Settings;
  readonly localNode: LocalNode;
  readonly proofs: EndpointProofs;
  readonly pending: PendingRequests;
  readonly requests: Requests;
  readonly sender: PacketSender;
  readonly stats: Stats;
  /** Returns the nodes in the table that are closest to a hash. */
  readonly closest: (hash: Uint8Array) => readonly Node[];
  /**
   * Called when a node with an endpoint proof has sent a Ping.
   *
   * @param live whether the proof is of now and from this UDP port
   */
  readonly onInbound: (node: Node, live: boolean) => void;
}

/** Processes received packets: answers requests, and passes responses to the pending requests. */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #rateLimit: RateLimit;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    const { clock, maxPacketsPerSecond: perSecond } = parts.settings;
    this.#rateLimit = new RateLimit({ clock, perSecond, maxSources });
  }

  /** Reads a datagram. Never throws for its content. Returns whether it is a discovery v4 packet. */
  read(bytes: Uint8Array, from: PacketSource): boolean {
    const { settings, stats } = this.#parts;
    stats.received++;
    if (!isDiscv4(bytes, settings.crypto)) {
      stats.foreign++;
      return false;
    }
    if (!isLoopback(from.ip) && !this.#rateLimit.take(sourceOf(from.host, from.ip))) {
      stats.limited++;
      return true;
    }
    try {
      this.#handle(readPacket(bytes), from);
    } catch (error) {
      if (!(error instanceof Discv4Error)) throw error;
      stats.malformed++;
    }
    return true;
  }

  /** Recovers the signer last, because that costs more than all other checks. */
  #handle(unverified: UnverifiedPacket, from: PacketSource): void {
    const { pending, proofs, stats, localNode, settings } = this.#parts;
    const { packet, hash } = unverified;
    if ('expiration' in packet && packet.expiration * 1000 < settings.clock.now()) {
      stats.expired++;
      return;
    }
    switch (packet.type) {
      case 'ping': {
        const id = recoverSender(unverified, settings.crypto);
        const key = toHex(id);
        if (key !== localNode.key) this.#onPing(packet, hash, id, key, from);
        return;
      }
      case 'findNode':
      case 'enrRequest': {
        const proof = proofs.hasSource(from.host, from.ip)
          ? proofs.get(toHex(recoverSender(unverified, settings.crypto)), from.host, from.ip)
          : undefined;
        if (!proofs.isProven(proof)) stats.unproven++;
        else if (packet.type === 'findNode') this.#onFindNode(packet, from);
        else this.#onEnrRequest(hash, from);
        return;
      }
      case 'pong':
      case 'neighbors':
      case 'enrResponse':
        if (
          !pending.expects(packet.type, from) ||
          !pending.accept(packet, from, toHex(recoverSender(unverified, settings.crypto)))
        ) {
          stats.unsolicited++;
        }
    }
  }

  #onPing(ping: Ping, hash: Uint8Array, id: NodeId, key: string, from: PacketSource): void {
    const { proofs, pending, onInbound, settings, localNode, stats, sender, requests } = this.#parts;
    const { host, port, ip } = from;
    const { tcp } = ping.from;
    sender.send(
      {
        type: 'pong',
        to: { ip, udp: port, tcp },
        pingHash: hash,
        expiration: sender.expiration(),
        enrSeq: localNode.enr.seq,
      },
      from,
    );
    const now = settings.clock.monotonic();
    const proof = proofs.get(key, host, ip);
    if (proof) proof.pingReceived = now;
    pending.accept(ping, from, key);
    const isSame = proof?.node.udp === port && proof.node.tcp === tcp;
    const node = isSame ? proof.node : createNode({ id, host, ip, udp: port, tcp }, settings.crypto);
    if (proofs.isProven(proof)) {
      onInbound(node, proof.node.udp === port);
      return;
    }
    // One Ping at a time per address, regardless of the id in the request: a forged source receives no more than that.
    if (pending.expects('pong', from) || pending.size * 2 > settings.maxPending) {
      stats.unproven++;
      return;
    }
    requests.pingBack(node, (proven) => {
      proven.pingReceived = now;
      onInbound(node, true);
    });
  }

  #onFindNode({ target }: FindNode, from: PacketSource): void {
    const { closest, settings, sender } = this.#parts;
    const expiration = sender.expiration();
    const nodes = closest(settings.crypto.keccak256(target))
      .filter((node) => isAcceptedBy(from.ip, node))
      .map(({ ip, udp, tcp, id }) => ({ ip, udp, tcp, id }));
    let start = 0;
    do {
      const part = nodes.slice(start, start + maxNeighbors);
      sender.send({ type: 'neighbors', nodes: part, expiration }, from);
      start += maxNeighbors;
    } while (start < nodes.length);
  }

  #onEnrRequest(requestHash: Uint8Array, from: PacketSource): void {
    const { sender, localNode } = this.#parts;
    sender.send({ type: 'enrResponse', requestHash, record: localNode.enr.bytes }, from);
  }
}
