import type { Node } from './node.ts';

/** State of the network at one time. Times are in ms. */
export interface Sample {
  readonly at: number;
  /** Number of honest nodes that are online. */
  readonly online: number;
  /** Connections of an honest node with other honest nodes. */
  readonly degree: { readonly min: number; readonly mean: number; readonly max: number };
  /** Mean number of connections of an honest node, including those with the attacker. */
  readonly outbound: number;
  readonly inbound: number;
  /** Number of partitions of the honest nodes, without nodes that have just started. */
  readonly components: number;
  /** Share of the attacker in the outbound slots, inbound slots, tables and addresses of honest nodes. */
  readonly attacker: {
    readonly outbound: number;
    readonly inbound: number;
    readonly tables: number;
    readonly addresses: number;
  };
  /** Mean number of addresses and of table entries of an honest node. */
  readonly known: number;
  readonly table: number;
  /** Counts since the last sample. */
  readonly dials: number;
  readonly failedDials: number;
  readonly datagrams: number;
}

/** Number of nodes whose tables and addresses are counted: counting all takes long and gives about the same. */
const sampledNodes = 50;

/** Nodes that started less than this time ago, in ms, may still be without connections. */
const settlingTime = 60_000;

/** Samples the honest nodes that are online. Event counts are totals since the start. */
export function takeSample(
  nodes: readonly Node[],
  isAttacker: (key: string) => boolean,
  at: number,
): Omit<Sample, 'dials' | 'failedDials' | 'datagrams'> {
  const degrees: number[] = [];
  const total = { outbound: 0, inbound: 0, tables: 0, addresses: 0 };
  const attacked = { outbound: 0, inbound: 0, tables: 0, addresses: 0 };
  const count = (kind: keyof typeof total, keys: Iterable<string>): number => {
    let honest = 0;
    for (const key of keys) {
      total[kind]++;
      if (isAttacker(key)) attacked[kind]++;
      else honest++;
    }
    return honest;
  };
  const step = Math.ceil(nodes.length / sampledNodes);
  for (const [i, node] of nodes.entries()) {
    const honest = count('outbound', node.outbound) + count('inbound', node.inbound);
    if (at - node.startedAt >= settlingTime) degrees.push(honest);
    if (i % step > 0) continue;
    count(
      'tables',
      node.discovery.nodes().map(({ key }) => key),
    );
    count('addresses', node.known());
  }
  const share = (kind: keyof typeof total): number => attacked[kind] / Math.max(1, total[kind]);
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

/** Returns the number of partitions that have a settled node, if the attacker relays nothing. */
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
    if (reached.some(({ startedAt }) => at - startedAt >= settlingTime)) parts++;
  }
  return parts;
}
