import type { Node } from '../node/node.ts';
import { ClosestNodes } from '../table/distance.ts';
import { bucketSize } from '../table/table.ts';

/** Options of {@link lookup}. */
export interface LookupOptions {
  /** A hash of 32 bytes. */
  readonly target: Uint8Array;
  /** Nodes to start with. */
  readonly start: readonly Node[];
  /** The local node, which is neither queried nor returned. */
  readonly self: Pick<Node, 'key'>;
  /** Concurrent queries (Kademlia's α). */
  readonly concurrency: number;
  /** Queries a node for nodes close to the target. Resolves with an empty array on failure; must not reject. */
  readonly findNode: (node: Node) => Promise<readonly Node[]>;
}

/**
 * Runs an iterative lookup: queries the closest known nodes for closer ones, until all of the 16 closest have been
 * queried.
 *
 * @yields each node once, including those of `start`
 * @returns the 16 closest nodes, closest first
 */
export async function* lookup(options: LookupOptions): AsyncGenerator<Node, Node[], undefined> {
  const { target, start, self, concurrency, findNode } = options;
  const closest = new ClosestNodes<Node>(target, bucketSize);
  const seen = new Set([self.key]);
  const queried = new Set<string>();
  const running = new Set<Promise<void>>();
  // Queries may end while the caller holds a yielded node, so their results are collected.
  const found = [...start];
  for (;;) {
    for (let node = found.shift(); node; node = found.shift()) {
      if (seen.has(node.key)) continue;
      seen.add(node.key);
      closest.add(node);
      yield node;
    }
    for (const node of closest.nodes) {
      if (running.size >= concurrency) break;
      if (queried.has(node.key)) continue;
      queried.add(node.key);
      const query: Promise<void> = findNode(node).then((nodes) => {
        running.delete(query);
        found.push(...nodes);
      });
      running.add(query);
    }
    if (running.size === 0) return closest.nodes;
    await Promise.race(running);
  }
}
