import { Closest } from './distance.ts';
import type { Node } from './node.ts';
import { BUCKET_SIZE } from './table.ts';

/** What a {@link walk} needs. */
export interface WalkOptions {
  /** Where to go: a hash. */
  readonly target: Uint8Array;
  /** What is known at the start. */
  readonly start: readonly Node[];
  /** Who must not be asked nor found: ourselves. */
  readonly self: Pick<Node, 'key'>;
  /** How many are asked at a time (Kademlia's α). */
  readonly concurrency: number;
  /** Asks a node for what it knows near the target. An empty answer is an answer; must not reject but on abort. */
  readonly ask: (node: Node) => Promise<readonly Node[]>;
}

/**
 * Walks towards a target: asks the nearest nodes that are known for nearer ones until the 16 nearest have all been
 * asked.
 *
 * @yields each node that was not seen before, those of the start included.
 * @returns the 16 nearest that were seen, nearest first.
 */
export async function* walk(options: WalkOptions): AsyncGenerator<Node, Node[], undefined> {
  const { target, start, self, concurrency, ask } = options;
  const closest = new Closest<Node>(target, BUCKET_SIZE);
  const seen = new Set([self.key]);
  const asked = new Set<string>();
  const running = new Set<Promise<readonly Node[]>>();
  let answers: readonly Node[] = start;
  for (;;) {
    for (const node of answers) {
      if (seen.has(node.key)) continue;
      seen.add(node.key);
      closest.offer(node);
      yield node;
    }
    for (const node of closest.nodes) {
      if (running.size >= concurrency) break;
      if (asked.has(node.key)) continue;
      asked.add(node.key);
      const question = ask(node).finally(() => running.delete(question));
      running.add(question);
    }
    if (running.size === 0) return closest.nodes;
    answers = await Promise.race(running);
  }
}
