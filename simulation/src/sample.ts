import type { Node } from './node.ts';

/** The network at one moment. Times are in ms. */
export interface Sample {
  readonly at: number;
  /** Honest nodes that are there. */
  readonly online: number;
  /** Connections of an honest node with other honest ones: the fewest, on average, the most. */
  readonly degree: { readonly min: number; readonly mean: number; readonly max: number };
  /** Mean connections of an honest node, the attacker's included. */
  readonly outbound: number;
  readonly inbound: number;
  /** Parts of the honest nodes that do not reach each other, those who have just come left out. */
  readonly components: number;
  /** Share of the honest nodes' outbound slots that the attacker has; of their inbound ones; of what they know. */
  readonly attacker: {
    readonly outbound: number;
    readonly inbound: number;
    readonly tables: number;
    readonly addresses: number;
  };
  /** Mean number of addresses that an honest node knows, and of nodes in its table. */
  readonly known: number;
  readonly table: number;
  /** Since the last sample. */
  readonly dials: number;
  readonly failedDials: number;
  readonly datagrams: number;
}

/** What nodes know is asked of so many of them: it takes long, and is much the same for all. */
const asked = 50;

/** Who has been there for less than this, in ms, may still be alone. */
const settling = 60_000;

/** Looks at the honest nodes that are there. What counts events counts from the start. */
export function takeSample(
  nodes: readonly Node[],
  isAttacker: (key: string) => boolean,
  at: number,
): Omit<Sample, 'dials' | 'failedDials' | 'datagrams'> {
  const degrees: number[] = [];
  const total = { outbound: 0, inbound: 0, tables: 0, addresses: 0 };
  const attacked = { outbound: 0, inbound: 0, tables: 0, addresses: 0 };
  const count = (what: keyof typeof total, keys: Iterable<string>): number => {
    let honest = 0;
    for (const key of keys) {
      total[what]++;
      if (isAttacker(key)) attacked[what]++;
      else honest++;
    }
    return honest;
  };
  const step = Math.ceil(nodes.length / asked);
  for (const [i, node] of nodes.entries()) {
    const honest = count('outbound', node.outbound) + count('inbound', node.inbound);
    if (at - node.startedAt >= settling) degrees.push(honest);
    if (i % step > 0) continue;
    count(
      'tables',
      node.discovery.nodes().map(({ key }) => key),
    );
    count('addresses', node.known());
  }
  const share = (what: keyof typeof total): number => attacked[what] / Math.max(1, total[what]);
  const mean = (sum: number): number => sum / Math.max(1, nodes.length);
  return {
    at,
    online: nodes.length,
    degree: {
      min: degrees.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      mean: degrees.reduce((a, b) => a + b, 0) / Math.max(1, degrees.length),
      max: degrees.reduce((a, b) => Math.max(a, b), 0),
    },
    outbound: mean(total.outbound),
    inbound: mean(total.inbound),
    components: components(nodes, at),
    attacker: {
      outbound: share('outbound'),
      inbound: share('inbound'),
      tables: share('tables'),
      addresses: share('addresses'),
    },
    known: (total.addresses * step) / Math.max(1, nodes.length),
    table: (total.tables * step) / Math.max(1, nodes.length),
  };
}

/** In how many parts the nodes fall that have been there for a while, if the attacker passes nothing on. */
function components(nodes: readonly Node[], at: number): number {
  const unseen = new Map(nodes.map((node) => [node.place.key, node]));
  let parts = 0;
  for (const start of nodes) {
    if (!unseen.has(start.place.key)) continue;
    const reached = [start];
    unseen.delete(start.place.key);
    for (const node of reached) {
      for (const keys of [node.outbound, node.inbound]) {
        for (const key of keys) {
          const next = unseen.get(key);
          if (!next) continue;
          unseen.delete(key);
          reached.push(next);
        }
      }
    }
    if (reached.some(({ startedAt }) => at - startedAt >= settling)) parts++;
  }
  return parts;
}
