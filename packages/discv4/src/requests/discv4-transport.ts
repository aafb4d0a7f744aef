import {
  type FindNodeResult,
  hasSameEndpoint,
  type LookupTarget,
  type Node,
  type NodeDatabase,
  type Transport,
  withEnr,
} from '@devp2p/discover';
import type { Enr } from '@devp2p/enr';
import { Discv4Error } from '../error.ts';
import type { EndpointProofs } from '../responder/endpoint-proofs.ts';
import type { Requests } from './requests.ts';

/** Collaborators of {@link Discv4Transport}. */
export interface Discv4TransportParts {
  readonly requests: Requests;
  readonly proofs: EndpointProofs;
  readonly database: NodeDatabase;
}

/** The requests of discovery v4, for the table and the lookups. Keeps the stored state of the nodes up to date. */
export class Discv4Transport implements Transport {
  readonly #parts: Discv4TransportParts;

  constructor(parts: Discv4TransportParts) {
    this.#parts = parts;
  }

  async ping(
    node: Node,
    signal?: AbortSignal | undefined,
  ): Promise<{ readonly enrSeq: bigint | undefined } | 'timeout' | 'not-sent'> {
    try {
      const { enrSeq } = await this.#parts.requests.ping(node, signal);
      return { enrSeq };
    } catch (error) {
      return failureOf(error, signal);
    }
  }

  async findNode(
    node: Node,
    { publicKey }: LookupTarget,
    signal?: AbortSignal | undefined,
  ): Promise<FindNodeResult | 'not-sent'> {
    const { requests, proofs, database } = this.#parts;
    let nodes: Node[] = [];
    try {
      nodes = await requests.findNode(node, publicKey, signal);
    } catch (error) {
      if (failureOf(error, signal) === 'not-sent') return 'not-sent';
    }
    const proof = proofs.getOrCreate(node);
    // A timeout at a port that another node reported is no failure of the node at its own port.
    if (!hasSameEndpoint(proof.node, node)) return { nodes, failures: 0 };
    proof.findFailures = nodes.length > 0 ? 0 : proof.findFailures + 1;
    database.save(proof);
    return { nodes, failures: proof.findFailures };
  }

  async requestRecord(node: Node, signal?: AbortSignal | undefined): Promise<Enr | undefined> {
    const { requests, proofs, database } = this.#parts;
    let enr: Enr;
    try {
      enr = await requests.requestEnr(node, signal);
    } catch (error) {
      if (!(error instanceof Discv4Error) || error.code === 'closed') throw error;
      return undefined;
    }
    const proof = proofs.get(node.key, node.host, node.ip);
    const isNewer = !node.enr || enr.seq > node.enr.seq;
    if (proof && isNewer) {
      proof.node = withEnr(proof.node, enr);
      database.save(proof);
    }
    return enr;
  }
}

function failureOf(error: unknown, signal: AbortSignal | undefined): 'timeout' | 'not-sent' {
  if (error instanceof Discv4Error) return error.code === 'timeout' ? 'timeout' : 'not-sent';
  if (signal?.aborted) return 'not-sent';
  throw error;
}
