import type { Clock } from '@devp2p/clock';
import { type Node, type NodeState, sourceOf, withEnr } from '@devp2p/discover';

/** State of the mutual endpoint proof with a node at an IP address. Times are milliseconds of the monotonic clock. */
export interface EndpointProof extends NodeState {
  /** The node at its proven endpoint; before the first Pong, at the endpoint that was reported. */
  node: Node;
  pingSent?: number | undefined;
  pingReceived?: number | undefined;
  /** Time of the last Pong, which proves that the node receives packets at this address. */
  pongReceived?: number | undefined;
  /** Time of the last response to a request that requires the endpoint proof of the local node. */
  responseReceived?: number | undefined;
  findFailures: number;
}

/** Options of {@link EndpointProofs}. */
export interface EndpointProofsOptions {
  readonly clock: Clock;
  /** Lifetime of a proof in milliseconds. */
  readonly lifetime: number;
  /** Limit of all proofs; above it the oldest one is dropped. */
  readonly maxProofs: number;
  /** Limit of the proofs per source, so that one source cannot evict those of all others. */
  readonly maxProofsPerSource: number;
  /** Called with a proof that was dropped for another. */
  readonly onDrop?: ((proof: EndpointProof) => void) | undefined;
}

/**
 * Endpoint proofs of nodes. FindNode and ENRRequest are answered only if a Pong arrived from the same IP address.
 * Otherwise, small requests with a forged source address would send large responses to a victim (discv4.md, "Endpoint
 * Proof").
 */
export class EndpointProofs {
  readonly #options: EndpointProofsOptions;
  /** By source, then by id and address; both in the order of last use. */
  readonly #sources = new Map<string, Map<string, EndpointProof>>();
  #size = 0;

  constructor(options: EndpointProofsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string, host: string, ip: Uint8Array): EndpointProof | undefined {
    return this.#sources.get(sourceOf(host, ip))?.get(proofKey(key, host, ip));
  }

  /** Whether any node of the source is known. If not, a request needs no signature recovery. */
  hasSource(host: string, ip: Uint8Array): boolean {
    return this.#sources.has(sourceOf(host, ip));
  }

  /** Returns the proof of a node, and creates a missing one. A known node keeps its proven endpoint. */
  getOrCreate(node: Node): EndpointProof {
    const source = sourceOf(node.host, node.ip);
    const key = proofKey(node.key, node.host, node.ip);
    const proofs = this.#sources.get(source) ?? new Map<string, EndpointProof>();
    let proof = proofs.get(key);
    if (proof) {
      proofs.delete(key);
    } else {
      proof = { node, findFailures: 0 };
      this.#size++;
      const isShared = node.network !== 'global';
      if (!isShared && proofs.size >= this.#options.maxProofsPerSource) this.#dropOldest(proofs);
    }
    proofs.set(key, proof);
    this.#sources.delete(source);
    this.#sources.set(source, proofs);
    if (this.#size > this.#options.maxProofs) {
      const [[oldest, oldestProofs] = []] = this.#sources;
      if (oldest !== undefined && oldestProofs) {
        this.#dropOldest(oldestProofs);
        if (oldestProofs.size === 0) this.#sources.delete(oldest);
      }
    }
    return proof;
  }

  /** Restores a stored state. */
  restore({ node, pingSent, pingReceived, pongReceived, findFailures }: NodeState): void {
    const proof = this.getOrCreate(node);
    Object.assign(proof, { pingSent, pingReceived, pongReceived, findFailures });
  }

  /** Records a valid Pong of a node. */
  prove(node: Node): EndpointProof {
    const proof = this.getOrCreate(node);
    const { enr } = proof.node;
    proof.node = node.enr || !enr ? node : withEnr(node, enr);
    proof.pongReceived = this.#options.clock.monotonic();
    return proof;
  }

  /** Whether the node has proved its address, and the proof has not expired. */
  isProven(proof: EndpointProof | undefined): proof is EndpointProof {
    return proof !== undefined && this.#isRecent(proof.pongReceived);
  }

  /** Whether the node has, as far as known, an endpoint proof of the local node. */
  acceptsUs(proof: EndpointProof): boolean {
    return this.#isRecent(proof.pingReceived) || this.#isRecent(proof.responseReceived);
  }

  /** Drops expired proofs. */
  expire(): void {
    for (const [source, proofs] of this.#sources) {
      for (const [key, proof] of proofs) {
        if (this.#isRecent(proof.pongReceived) || this.#isRecent(proof.pingSent)) continue;
        proofs.delete(key);
        this.#size--;
      }
      if (proofs.size === 0) this.#sources.delete(source);
    }
  }

  #isRecent(time: number | undefined): boolean {
    return time !== undefined && this.#options.clock.monotonic() - time < this.#options.lifetime;
  }

  #dropOldest(proofs: Map<string, EndpointProof>): void {
    for (const [key, proof] of proofs) {
      proofs.delete(key);
      this.#size--;
      this.#options.onDrop?.(proof);
      return;
    }
  }
}

/** Key of a proof within its source, which for IPv4 is the address itself. */
function proofKey(key: string, host: string, ip: Uint8Array): string {
  return ip.length === 4 ? key : `${key} ${host}`;
}
