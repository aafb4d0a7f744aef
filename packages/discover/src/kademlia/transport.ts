import type { Enr } from '@devp2p/enr';
import type { Node } from '../node/node.ts';

/** Target of a lookup. */
export interface LookupTarget {
  /** Public key or any other 64 bytes: the target of discovery v4 requests. */
  readonly publicKey: Uint8Array;
  /** Keccak-256 of `publicKey`: the position in the node table. Discovery v5 requests its distances to nodes. */
  readonly hash: Uint8Array;
}

/** Result of a FindNode request. */
export interface FindNodeResult {
  /** Nodes in the response; empty without one. All are valid, and their addresses credible for the responder. */
  readonly nodes: readonly Node[];
  /** Requests to this endpoint in a row, including this one, that returned no nodes. */
  readonly failures: number;
}

/**
 * Requests of one discovery version, which {@link Kademlia} maintains its table with. `'not-sent'` means that the request
 * says nothing about the node: the limit of concurrent requests was reached, discovery is closed, or the signal aborted.
 */
export interface Transport {
  /** Pings a node. */
  ping(
    node: Node,
    signal?: AbortSignal | undefined,
  ): Promise<{ readonly enrSeq: bigint | undefined } | 'timeout' | 'not-sent'>;

  /** Requests nodes close to a target. */
  findNode(node: Node, target: LookupTarget, signal?: AbortSignal | undefined): Promise<FindNodeResult | 'not-sent'>;

  /**
   * Requests the record of a node.
   *
   * @returns `undefined` if there is no valid response
   * @throws the reason of the signal, or the reason why discovery is closed
   */
  requestRecord(node: Node, signal?: AbortSignal | undefined): Promise<Enr | undefined>;
}
