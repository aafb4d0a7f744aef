import { equalBytes } from '@devp2p/bytes';
import { abortable } from '@devp2p/clock';
import { type Address, bucketSize, type LocalNode, type Node, type NodeDatabase } from '@devp2p/discover';
import { decodeEnr, type Enr, EnrError, enodeFromEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { Discv4Error } from '../error.ts';
import type { Settings } from '../options.ts';
import type { EndpointProof, EndpointProofs } from '../responder/endpoint-proofs.ts';
import type { EncodedPacket, Packet, Pong } from '../wire/packet.ts';
import type { PacketSender } from './packet-sender.ts';
import type { ExpectedResponse, PendingRequests } from './pending-requests.ts';
import { isRelayable, RelayedNodes } from './relayed-nodes.ts';

/** Version in a Ping. */
const version = 4n;

/** Timeout in milliseconds for the Ping that a node sends after its Pong, as go-ethereum (`respTimeout`). */
const pingBackTimeout = 500;

/** Collaborators of {@link Requests}. */
export interface RequestParts {
  readonly settings: Settings;
  readonly localNode: LocalNode;
  readonly proofs: EndpointProofs;
  readonly database: NodeDatabase;
  readonly pending: PendingRequests;
  readonly sender: PacketSender;
}

type Response<T, P extends Packet['type']> = Pick<ExpectedResponse<T, P>, 'type' | 'match' | 'result'>;

/** Sends requests to other nodes. */
export class Requests {
  readonly #parts: RequestParts;
  /** By node key: settles when the last queued FindNode request has ended. */
  readonly #findNodeQueues = new Map<string, Promise<unknown>>();
  readonly #relayed: RelayedNodes;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#relayed = new RelayedNodes(parts.settings);
  }

  /** Sends a Ping. Rejects with Discv4Error `timeout`, `busy` or `closed`, or the reason of the signal. */
  async ping(node: Node, signal?: AbortSignal | undefined): Promise<Pong> {
    const { proofs, settings } = this.#parts;
    proofs.getOrCreate(node).pingSent = settings.clock.monotonic();
    return this.#ping(node, signal);
  }

  /** Sends a Ping to a node that has just sent one, to prove its endpoint. Ignores a failure. */
  pingBack(node: Node, onProof: (proof: EndpointProof) => void): void {
    this.#ping(node, undefined, onProof).catch((error: unknown) => {
      if (!(error instanceof Discv4Error)) throw error;
    });
  }

  /**
   * Requests the nodes closest to a target, up to 16. Nodes that are not credible are left out, so that the result may be
   * empty.
   */
  findNode(node: Node, target: Uint8Array, signal?: AbortSignal | undefined): Promise<Node[]> {
    // A Neighbors packet does not identify its request, so that requests to one node are sequential.
    const queues = this.#findNodeQueues;
    const previous = queues.get(node.key) ?? Promise.resolve();
    const found = abortable(previous, signal).then(() => this.#findNode(node, target, signal));
    // If this request aborts while it is queued, the next one still waits for the previous one.
    const end = Promise.allSettled([previous, found]);
    queues.set(node.key, end);
    end.then(() => {
      if (queues.get(node.key) === end) queues.delete(node.key);
    });
    return found;
  }

  /** Requests the record of a node. Rejects with `invalid-record` too. */
  async requestEnr(node: Node, signal?: AbortSignal | undefined): Promise<Enr> {
    const { crypto } = this.#parts.settings;
    let record: Uint8Array | undefined;
    const packet: Packet = { type: 'enrRequest', expiration: this.#parts.sender.expiration() };
    const response = await this.#request<Uint8Array, 'enrResponse'>(node, packet, signal, (hash) => ({
      type: 'enrResponse',
      match: (enrResponse) => {
        if (!equalBytes(enrResponse.requestHash, hash)) return 'other';
        record = enrResponse.record;
        return 'last';
      },
      result: () => record,
    }));
    return readRecord(response, node, crypto);
  }

  #ping(node: Node, signal: AbortSignal | undefined, onProof?: (proof: EndpointProof) => void): Promise<Pong> {
    const { localNode, proofs, database, sender } = this.#parts;
    const ping = sender.sign({
      type: 'ping',
      version,
      from: sender.localEndpoint(node.ip.length),
      to: { ip: node.ip, udp: node.udp, tcp: 0 },
      expiration: sender.expiration(),
      enrSeq: localNode.enr.seq,
    });
    let response: Pong | undefined;
    return this.#send(node, ping, signal, {
      type: 'pong',
      match: (pong) => {
        if (!equalBytes(pong.pingHash, ping.hash)) return 'other';
        response = pong;
        const proof = proofs.prove(node);
        onProof?.(proof);
        database.save(proof);
        localNode.addStatement(node, pong.to);
        return 'last';
      },
      result: () => response,
    });
  }

  #findNode(node: Node, target: Uint8Array, signal?: AbortSignal): Promise<Node[]> {
    const nodes: Node[] = [];
    let received = 0;
    let hasResponse = false;
    const { sender } = this.#parts;
    const packet: Packet = { type: 'findNode', target, expiration: sender.expiration() };
    return this.#request<Node[], 'neighbors'>(node, packet, signal, () => ({
      type: 'neighbors',
      match: ({ nodes: neighbors }) => {
        hasResponse = true;
        for (const neighbor of neighbors.slice(0, bucketSize - received)) {
          received++;
          const relayed = this.#relayed.node(node.ip, neighbor);
          if (relayed) nodes.push(relayed);
        }
        return received >= bucketSize ? 'last' : 'more';
      },
      result: () => (hasResponse ? nodes : undefined),
    }));
  }

  /** Sends a request that requires an endpoint proof of the local node. */
  async #request<T, P extends Packet['type']>(
    node: Node,
    packet: Packet,
    signal: AbortSignal | undefined,
    expect: (hash: Uint8Array) => Response<T, P>,
  ): Promise<T> {
    const { proofs, settings, sender } = this.#parts;
    await this.#bond(node, signal);
    const request = sender.sign(packet);
    const proof = proofs.getOrCreate(node);
    try {
      const response = await this.#send(node, request, signal, expect(request.hash));
      proof.responseReceived = settings.clock.monotonic();
      return response;
    } catch (error) {
      // The node may have lost the proof of the local node, so that the next request starts with a Ping.
      proof.responseReceived = undefined;
      proof.pingReceived = undefined;
      throw error;
    }
  }

  /** Makes sure that the node has an endpoint proof of the local node: it must receive a Pong for a Ping of its own. */
  async #bond(node: Node, signal: AbortSignal | undefined): Promise<void> {
    const { proofs, pending, settings } = this.#parts;
    const { clock, requestTimeout } = settings;
    const proof = proofs.getOrCreate(node);
    if (proofs.acceptsUs(proof)) return;
    const { pongReceived = Number.NEGATIVE_INFINITY } = proof;
    if (clock.monotonic() - pongReceived >= requestTimeout) await this.ping(node, signal);
    if (proofs.acceptsUs(proofs.getOrCreate(node))) return;
    await pending.wait(
      {
        type: 'ping',
        from: addressOf(node),
        key: node.key,
        match: () => 'last',
        // A node that does not send a Ping may have an earlier proof.
        result: () => true,
      },
      signal,
      Math.min(requestTimeout, pingBackTimeout),
    );
  }

  #send<T, P extends Packet['type']>(
    node: Node,
    request: EncodedPacket,
    signal: AbortSignal | undefined,
    expected: Response<T, P>,
  ): Promise<T> {
    const from = addressOf(node);
    const response = this.#parts.pending.wait({ ...expected, from, key: node.key }, signal);
    this.#parts.sender.transmit(request, from);
    return response;
  }
}

function readRecord(bytes: Uint8Array, node: Node, crypto: Settings['crypto']): Enr {
  let enr: Enr;
  try {
    enr = decodeEnr(bytes, { crypto });
  } catch (cause) {
    if (!(cause instanceof EnrError)) throw cause;
    throw new Discv4Error('invalid-record', `invalid record from ${node.host}: ${cause.message}`, {
      cause,
    });
  }
  if (!equalBytes(enr.id, node.id)) {
    throw new Discv4Error('invalid-record', `record from ${node.host} belongs to another node`);
  }
  const enode = enodeFromEnr(enr, { family: node.ip.length === 4 ? 4 : 6 });
  const ip = enode && parseIp(enode.host);
  if (enode && ip && enode.udp > 0 && !isRelayable(node.ip, ip, enode.udp)) {
    const { host, udp } = enode;
    throw new Discv4Error('invalid-record', `endpoint ${host}:${udp} in the record from ${node.host} is not credible`);
  }
  return enr;
}

function addressOf({ host, udp }: Node): Address {
  return { host, port: udp };
}
