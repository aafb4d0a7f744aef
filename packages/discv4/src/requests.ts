import { decodeEnr, type Enr, EnrError, enodeFromEnr, parseIp } from '@devp2p/enr';
import type { Bond, Bonds } from './endpoint-proof.ts';
import { Discv4Error } from './error.ts';
import type { LocalRecord } from './local-record.ts';
import type { Node } from './node.ts';
import type { NodeDatabase } from './node-database.ts';
import type { Settings } from './options.ts';
import type { EncodedPacket, Packet, Pong } from './packet.ts';
import type { Expected, PendingRequests } from './pending.ts';
import type { EndpointPrediction } from './prediction.ts';
import { isRelayable, RelayedNodes } from './relay.ts';
import { sameBytes } from './same-bytes.ts';
import type { PacketSender } from './sender.ts';
import type { Address } from './socket.ts';
import { BUCKET_SIZE } from './table.ts';
import { unless } from './unless.ts';

const VERSION = 4n;

/** ms for a node to ping back behind its Pong, as go-ethereum waits (`respTimeout`). */
const PING_BACK_TIMEOUT = 500;

/** What {@link Requests} works with. */
export interface RequestParts {
  readonly settings: Settings;
  readonly record: LocalRecord;
  readonly bonds: Bonds;
  readonly database: NodeDatabase;
  readonly pending: PendingRequests;
  readonly sender: PacketSender;
  /** Our endpoint as others see it, for IPv4 and IPv6. */
  readonly predictions: { readonly 4: EndpointPrediction; readonly 6: EndpointPrediction };
}

/** What is asked of a node, and what it may answer. */
type Question<T, P extends Packet['type']> = Pick<Expected<T, P>, 'type' | 'take' | 'result'>;

/** What we ask of other nodes. */
export class Requests {
  readonly #parts: RequestParts;
  /** By node: the end of the last FindNode that was begun. */
  readonly #findNodeTurns = new Map<string, Promise<unknown>>();
  readonly #relayed: RelayedNodes;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#relayed = new RelayedNodes(parts.settings);
  }

  /** Asks for a Pong. Rejects with Discv4Error `timeout`, `busy` or `closed`, or the signal's reason. */
  async ping(node: Node, signal?: AbortSignal | undefined): Promise<Pong> {
    const { bonds, settings } = this.#parts;
    bonds.open(node).pingSent = settings.clock.monotonic();
    return this.#ping(node, signal);
  }

  /** Asks somebody who has just pinged us for proof of the address; fails in silence. */
  pingBack(node: Node, onProof: (bond: Bond) => void): void {
    this.#ping(node, undefined, onProof).catch((error: unknown) => {
      if (!(error instanceof Discv4Error)) throw error;
    });
  }

  /**
   * Asks for nodes near a target; the wait for more ends at 16. Nodes that cannot be are left out, so that the result
   * may be empty.
   */
  findNode(node: Node, target: Uint8Array, signal?: AbortSignal | undefined): Promise<Node[]> {
    // Answers do not say to which question they belong, so a node is asked one at a time.
    const turns = this.#findNodeTurns;
    const before = turns.get(node.key) ?? Promise.resolve();
    const found = unless(signal, before).then(() => this.#findNode(node, target, signal));
    // One that is aborted while it waits lets nobody go before its turn.
    const end = Promise.allSettled([before, found]);
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
    const question: Packet = { type: 'enrRequest', expiration: this.#parts.sender.expiration() };
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

  #ping(
    node: Node,
    signal: AbortSignal | undefined,
    onProof?: (bond: Bond) => void,
  ): Promise<Pong> {
    const { record, bonds, database, predictions, sender } = this.#parts;
    const request = sender.sign({
      type: 'ping',
      version: VERSION,
      from: sender.localEndpoint(node.ip.length),
      to: { ip: node.ip, udp: node.udp, tcp: 0 },
      expiration: sender.expiration(),
      enrSeq: record.enr.seq,
    });
    let answer: Pong | undefined;
    return this.#ask(node, request, signal, {
      type: 'pong',
      take: (pong) => {
        if (!sameBytes(pong.pingHash, request.hash)) return 'other';
        answer = pong;
        const bond = bonds.prove(node);
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
    const question: Packet = {
      type: 'findNode',
      target,
      expiration: this.#parts.sender.expiration(),
    };
    return this.#query<Node[], 'neighbors'>(node, question, signal, () => ({
      type: 'neighbors',
      take: ({ nodes: neighbors }) => {
        answered = true;
        for (const neighbor of neighbors.slice(0, BUCKET_SIZE - received)) {
          received++;
          const relayed = this.#relayed.node(node.ip, neighbor);
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
    const { bonds, settings, sender } = this.#parts;
    await this.#bond(node, signal);
    const request = sender.sign(question);
    const bond = bonds.open(node);
    try {
      const answer = await this.#ask(node, request, signal, expect(request.hash));
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
    const { bonds, pending, settings } = this.#parts;
    const { clock, requestTimeout } = settings;
    const bond = bonds.open(node);
    if (bonds.acceptsUs(bond)) return;
    const { pongReceived = Number.NEGATIVE_INFINITY } = bond;
    if (clock.monotonic() - pongReceived >= requestTimeout) await this.ping(node, signal);
    if (bonds.acceptsUs(bonds.open(node))) return;
    await pending.wait(
      {
        type: 'ping',
        from: addressOf(node),
        key: node.key,
        take: () => 'last',
        // A node that does not ping back may well know us from earlier.
        result: () => true,
      },
      signal,
      Math.min(requestTimeout, PING_BACK_TIMEOUT),
    );
  }

  #ask<T, P extends Packet['type']>(
    node: Node,
    request: EncodedPacket,
    signal: AbortSignal | undefined,
    question: Question<T, P>,
  ): Promise<T> {
    const from = addressOf(node);
    const answer = this.#parts.pending.wait({ ...question, from, key: node.key }, signal);
    this.#parts.sender.transmit(request, from);
    return answer;
  }
}

function readRecord(bytes: Uint8Array, node: Node, crypto: Settings['crypto']): Enr {
  let enr: Enr;
  try {
    enr = decodeEnr(bytes, { crypto });
  } catch (cause) {
    if (!(cause instanceof EnrError)) throw cause;
    throw new Discv4Error(
      'invalid-record',
      `record of ${node.host} cannot be read: ${cause.message}`,
      { cause },
    );
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
