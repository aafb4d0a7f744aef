import type { SeededRandom } from '@devp2p/random/seeded';

/** A connection between two nodes. */
export interface Edge {
  readonly a: number;
  readonly b: number;
  /** One-way latency in ms. */
  readonly delay: number;
}

/** Range of one-way latencies in ms. */
const delays = { min: 25, max: 125 };

/** Draws random connections, with which nearly all of the nodes have this number of peers and none has more. */
export function randomGraph(nodes: number, peers: number, random: SeededRandom): Edge[] {
  const slots = shuffled(
    Array.from({ length: nodes * peers }, (_, i) => i % nodes),
    random,
  );
  const seen = new Set<number>();
  const edges: Edge[] = [];
  // Two slots of one node, or of nodes that are connected, wait for another partner.
  for (let round = 0; round < 100 && slots.length > 1; round++) {
    const rest: number[] = [];
    while (slots.length > 1) {
      const [x, y] = [slots.pop() as number, slots.pop() as number];
      const [a, b] = [Math.min(x, y), Math.max(x, y)];
      if (a === b || seen.has(a * nodes + b)) rest.push(x, y);
      else {
        seen.add(a * nodes + b);
        edges.push({ a, b, delay: delays.min + random.fraction() * (delays.max - delays.min) });
      }
    }
    slots.push(...shuffled(rest, random));
  }
  return edges;
}

/** Times in ms at which a message that every node passes on at once reaches them; `Infinity` without a path. */
export function shortestPaths(nodes: number, edges: readonly Edge[], from: number): Float64Array {
  const links = Array.from({ length: nodes }, (): { to: number; delay: number }[] => []);
  for (const { a, b, delay } of edges) {
    links[a]?.push({ to: b, delay });
    links[b]?.push({ to: a, delay });
  }
  const times = new Float64Array(nodes).fill(Number.POSITIVE_INFINITY);
  times[from] = 0;
  const open = new Set([from]);
  while (open.size > 0) {
    let next = -1;
    for (const node of open) if (next < 0 || (times[node] as number) < (times[next] as number)) next = node;
    open.delete(next);
    for (const { to, delay } of links[next] ?? []) {
      const time = (times[next] as number) + delay;
      if (time >= (times[to] as number)) continue;
      times[to] = time;
      open.add(to);
    }
  }
  return times;
}

export function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [result[i], result[other]] = [result[other] as T, result[i] as T];
  }
  return result;
}
