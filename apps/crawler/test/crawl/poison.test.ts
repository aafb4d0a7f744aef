import type { Node } from '@devp2p/discv4';
import { toHex } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { IdentityLimits } from '../../src/crawl/identity-limits.ts';
import { KnownNodes } from '../../src/crawl/known-nodes.ts';
import { Neighbours } from '../../src/discovery/neighbours.ts';
import type { NodeRecord } from '../../src/index.ts';
import type { Located } from '../../src/model/named-node.ts';
import { internetPlaces } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';

let count = 0;

function named(ip: string, udp = 30303, id: Uint8Array = freshId()): Located {
  return { id, key: toHex(id), endpoint: { ip, udp, tcp: udp } };
}

function freshId(): Uint8Array {
  const id = new Uint8Array(64);
  new DataView(id.buffer).setUint32(0, ++count);
  return id;
}

function recordOf({ id, endpoint }: Located, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...{ id, endpoint, trust: 'gossiped', origin: 'gossip', status: 'discovered' },
    ...{ firstSeen: 0, visits: 1, failures: 1, dueAt: 0 },
    ...changes,
  };
}

/** Somebody at an address of its own. */
const source = (n: number) => ({ ip: `30.0.${n}.1`, key: `source ${n}` });

describe('CR-06 identities are limited', () => {
  test('with one IP address', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 3 }));
    const hear = (ip: string, n: number) => known.hear(named(ip), source(n));
    expect([1, 2, 3, 4].map((n) => hear('40.0.0.1', n))).toEqual(['new', 'new', 'new', 'ip']);
    expect(hear('40.0.0.2', 5)).toBe('new');
  });

  test.each([
    ['40.0.0', '40.0.1.0'],
    ['2a00:1:2:3:', '2a00:1:2:4::1'],
  ])('in the network of %s…', (prefix, elsewhere) => {
    const known = new KnownNodes(new IdentityLimits({ maxPerNetwork: 3 }));
    const ips = [1, 2, 3, 4].map((n) =>
      prefix.includes(':') ? `${prefix}:${n}` : `${prefix}.${n}`,
    );
    const receptions = ips.map((ip, n) => known.hear(named(ip), source(n)));
    expect(receptions).toEqual(['new', 'new', 'new', 'network']);
    expect(known.hear(named(elsewhere), source(9))).toBe('new');
  });

  test('on the word of one node, until what it names answers', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerSource: 2 }));
    const nodes = [1, 2, 3, 4].map((n) => named(`40.0.${n}.1`));
    const hear = (node: Located) => known.hear(node, source(1));
    expect(nodes.map(hear)).toEqual(['new', 'new', 'source', 'source']);
    expect(known.isSpent(source(1))).toBe(true);
    const [first, second, third] = nodes as [Located, Located, Located, Located];
    known.begin(first.key);
    expect(known.end(first.key, recordOf(first))).toEqual([]);
    known.begin(second.key);
    const answered = recordOf(second, { trust: 'verified', lastSeen: 1, status: 'bonded' });
    expect(known.end(second.key, answered).map((waiting) => waiting.named)).toEqual([third]);
    expect(known.isSpent(source(1))).toBe(true);
    // Others may name it all the same.
    expect(known.hear(nodes[3] as Located, source(2))).toBe('new');
  });

  test('altogether', () => {
    const known = new KnownNodes(new IdentityLimits({ maxNodes: 1 }));
    expect(known.hear(named('40.0.0.1'), source(1))).toBe('new');
    expect(known.hear(named('40.0.1.1'), source(2))).toBe('total');
    expect(known.hear(named('40.0.2.1'))).toBe('total');
  });

  test('but who has turned out not to be there keeps nobody else away from the address', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1 }));
    const fake = named('40.0.0.1');
    known.hear(fake, source(1));
    expect(known.hear(named('40.0.0.1'), source(2))).toBe('ip');
    known.begin(fake.key);
    known.end(fake.key, recordOf(fake));
    expect(known.hear(named('40.0.0.1'), source(2))).toBe('new');
  });

  test('and what the user names is not', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1, maxPerNetwork: 1 }));
    expect(known.hear(named('40.0.0.1'), source(1))).toBe('new');
    expect(known.hear(named('40.0.0.1'))).toBe('new');
  });

  test('in a LAN by nothing but their source, which is a node there, not an address', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1, maxPerSource: 2 }));
    const from = (key: string) => known.hear(named('127.0.0.1'), { ip: '127.0.0.1', key });
    expect(['a', 'a', 'a', 'b'].map(from)).toEqual(['new', 'new', 'source', 'new']);
  });
});

describe('CR-06 an endpoint', () => {
  test('that is proved or signed is not replaced by a claim, which is a place to look if it is missed', () => {
    for (const trust of ['verified', 'signed'] as const) {
      const known = new KnownNodes(new IdentityLimits());
      const node = named('40.0.0.1');
      const claim = (n: number) => known.hear(named(`50.0.0.${n}`, 30303, node.id), source(n));
      known.hear(node, source(1));
      known.begin(node.key);
      const record = recordOf(node, { trust, lastSeen: 1 });
      known.end(node.key, record, { isThere: true, tried: [] });
      expect([1, 2, 3, 4].map(claim)).toEqual(['known', 'known', 'known', 'known']);
      // The latest are kept, and no more of them than there are places.
      const hints = known.hints(node.key);
      expect(hints.map(({ endpoint }) => endpoint.ip)).toEqual([
        '50.0.0.4',
        '50.0.0.3',
        '50.0.0.2',
      ]);
      // Looked for there in vain: nobody is asked there twice, and what is new is worth a look at once.
      known.begin(node.key);
      known.end(node.key, record, { isThere: false, tried: hints });
      expect(known.hints(node.key)).toEqual([]);
      expect([2, 3, 4, 5].map(claim)).toEqual(['known', 'known', 'known', 'moved']);
      known.begin(node.key);
      known.end(node.key, record, { isThere: true, tried: [] });
      expect(known.hints(node.key)).toEqual([]);
    }
  });

  test('that is only gossiped gives way to others, four in all', () => {
    const known = new KnownNodes(new IdentityLimits());
    const node = named('40.0.0.1');
    known.hear(node, source(1));
    const elsewhere = (n: number) => known.hear(named(`50.0.0.${n}`, 30303, node.id), source(n));
    // As long as it was not looked for there is no hurry.
    expect(elsewhere(2)).toBe('known');
    known.begin(node.key);
    expect(elsewhere(3)).toBe('known');
    expect(known.nextHint(node.key)?.endpoint.ip).toBe('50.0.0.2');
    known.end(node.key, recordOf(named('50.0.0.2', 30303, node.id)));
    expect(elsewhere(2)).toBe('known');
    expect(elsewhere(4)).toBe('moved');
    expect(elsewhere(5)).toBe('known');
    expect(known.nextHint(node.key)?.endpoint.ip).toBe('50.0.0.3');
    expect(known.nextHint(node.key)?.endpoint.ip).toBe('50.0.0.4');
    expect(known.nextHint(node.key)).toBeUndefined();
  });

  test('that the user gives is tried before those of others', () => {
    const known = new KnownNodes(new IdentityLimits());
    const node = named('40.0.0.1');
    known.hear(node, source(1));
    known.hear(named('50.0.0.2', 30303, node.id), source(2));
    known.hear({ ...named('50.0.0.3', 30303, node.id), stated: true });
    const endpoint = { ip: '50.0.0.3', udp: 30303, tcp: 30303 };
    expect(known.nextHint(node.key)).toEqual({ endpoint, stated: true });
  });
});

describe('CR-06 neighbours at the address of the one that names them', () => {
  const node = (host: string): Node => {
    const { id, key } = named(host);
    return { id, key, host, udp: 30303, tcp: 30303 } as Node;
  };
  const local = freshId();
  const at = (ip: string) => new Neighbours({ ip, key: 'the source' }, local);

  test('betray it when they are most of them, and are left out', () => {
    const neighbours = at('40.0.0.1');
    expect(neighbours.take([...Array(7)].map(() => node('40.0.0.1')))).toHaveLength(7);
    expect(neighbours.shareAddress).toBe(false);
    const [other, own] = [node('50.0.0.1'), node('40.0.0.1')];
    expect(neighbours.take([own, other]).map(({ key }) => key)).toEqual([other.key]);
    expect(neighbours.shareAddress).toBe(true);
    expect(neighbours.ids).toHaveLength(9);
  });

  test('do not when others are as many', () => {
    const neighbours = at('40.0.0.1');
    neighbours.take([...Array(20)].map((_, i) => node(i % 2 === 0 ? '40.0.0.1' : '50.0.0.1')));
    expect(neighbours.shareAddress).toBe(false);
  });

  test('do not on one machine or in a LAN', () => {
    const neighbours = at('127.0.0.1');
    expect(neighbours.take([...Array(20)].map(() => node('127.0.0.1')))).toHaveLength(20);
    expect(neighbours.shareAddress).toBe(false);
  });
});

test('CR-06 a network whose only known node lies is found all the same; gossip is not taken for proof', async () => {
  const simulation = new Simulation({
    places: internetPlaces(60),
    kindOf: (i) => (i === 0 ? 'liar' : 'synced'),
  });
  const [liar] = simulation.inhabitants;
  const crawler = await simulation.crawler({ bootnodes: liar ? [enodeOf(liar)] : [] });
  const { rollup } = await simulation.until(crawler.run());
  const records = await simulation.records();
  for (const { key, host } of simulation.inhabitants) {
    expect(records.get(key)).toMatchObject({
      status: 'synced',
      trust: 'signed',
      endpoint: { ip: host },
    });
  }
  expect(rollup.verified).toBe(60);
  expect(rollup.gossiped).toBe(records.size - 60);
  expect(rollup.gossiped).toBeGreaterThan(10);
  expect(rollup.gossiped).toBeLessThanOrEqual(128);
  const dialled = new Set(simulation.dials.map(({ key }) => key));
  expect(dialled.size).toBe(60);
});
