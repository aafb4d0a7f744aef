import { toHex } from '@devp2p/bytes';
import type { Node } from '@devp2p/discv4';
import { describe, expect, test } from 'vitest';
import { IdentityLimits } from '../../src/crawl/identity-limits.ts';
import { KnownNodes } from '../../src/crawl/known-nodes.ts';
import { Neighbors } from '../../src/discovery/neighbors.ts';
import type { NodeRecord } from '../../src/index.ts';
import type { LocatedNode } from '../../src/model/reported-node.ts';
import { publicAddresses } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';

let count = 0;

function nodeAt(ip: string, udp = 30303, id: Uint8Array = newId()): LocatedNode {
  return { id, key: toHex(id), endpoint: { ip, udp, tcp: udp } };
}

function newId(): Uint8Array {
  const id = new Uint8Array(64);
  new DataView(id.buffer).setUint32(0, ++count);
  return id;
}

function recordOf({ id, endpoint }: LocatedNode, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id,
    endpoint,
    trust: 'gossiped',
    origin: 'gossip',
    status: 'discovered',
    firstSeen: 0,
    visits: 1,
    failures: 1,
    dueAt: 0,
    ...changes,
  };
}

/** Returns a source with its own address. */
const source = (n: number) => ({ ip: `30.0.${n}.1`, key: `source ${n}` });

describe('CR-06 identities are limited', () => {
  test('with one IP address', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 3 }));
    const report = (ip: string, n: number) => known.report(nodeAt(ip), source(n));
    expect([1, 2, 3, 4].map((n) => report('40.0.0.1', n))).toEqual(['new', 'new', 'new', 'ip']);
    expect(report('40.0.0.2', 5)).toBe('new');
  });

  test.each([
    ['40.0.0', '40.0.1.0'],
    ['2a00:1:2:3:', '2a00:1:2:4::1'],
  ])('in the network of %s…', (prefix, elsewhere) => {
    const known = new KnownNodes(new IdentityLimits({ maxPerNetwork: 3 }));
    const ips = [1, 2, 3, 4].map((n) => (prefix.includes(':') ? `${prefix}:${n}` : `${prefix}.${n}`));
    const results = ips.map((ip, n) => known.report(nodeAt(ip), source(n)));
    expect(results).toEqual(['new', 'new', 'new', 'network']);
    expect(known.report(nodeAt(elsewhere), source(9))).toBe('new');
  });

  test('from one source, until one of its nodes answers', () => {
    const limits = new IdentityLimits({ maxPerSource: 2 });
    const known = new KnownNodes(limits);
    const nodes = [1, 2, 3, 4].map((n) => nodeAt(`40.0.${n}.1`));
    const report = (node: LocatedNode) => known.report(node, source(1));
    expect(nodes.map(report)).toEqual(['new', 'new', 'source', 'source']);
    expect(limits.isExhausted(source(1).ip)).toBe(true);
    const [first, second, third] = nodes as [LocatedNode, LocatedNode, LocatedNode, LocatedNode];
    known.lock(first.key);
    expect(known.update(first.key, recordOf(first))).toEqual([]);
    known.lock(second.key);
    const answered = recordOf(second, { trust: 'verified', lastSeen: 1, status: 'bonded' });
    expect(known.update(second.key, answered).map(({ node }) => node)).toEqual([third]);
    expect(limits.isExhausted(source(1).ip)).toBe(true);
    // Another source may report the refused node.
    expect(known.report(nodes[3] as LocatedNode, source(2))).toBe('new');
  });

  test('in total', () => {
    const known = new KnownNodes(new IdentityLimits({ maxNodes: 1 }));
    expect(known.report(nodeAt('40.0.0.1'), source(1))).toBe('new');
    expect(known.report(nodeAt('40.0.1.1'), source(2))).toBe('total');
    expect(known.report(nodeAt('40.0.2.1'))).toBe('total');
  });

  test('but a node that does not answer no longer counts', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1 }));
    const fake = nodeAt('40.0.0.1');
    known.report(fake, source(1));
    expect(known.report(nodeAt('40.0.0.1'), source(2))).toBe('ip');
    known.lock(fake.key);
    known.update(fake.key, recordOf(fake));
    expect(known.report(nodeAt('40.0.0.1'), source(2))).toBe('new');
  });

  test('except those from the user', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1, maxPerNetwork: 1 }));
    expect(known.report(nodeAt('40.0.0.1'), source(1))).toBe('new');
    expect(known.report(nodeAt('40.0.0.1'))).toBe('new');
  });

  test('in a LAN only by source, where the source is a node and not an address', () => {
    const known = new KnownNodes(new IdentityLimits({ maxPerIp: 1, maxPerSource: 2 }));
    const from = (key: string) => known.report(nodeAt('127.0.0.1'), { ip: '127.0.0.1', key });
    expect(['a', 'a', 'a', 'b'].map(from)).toEqual(['new', 'new', 'source', 'new']);
  });
});

describe('CR-06 an endpoint', () => {
  test('that is verified or signed is not replaced by a report, which is a candidate if the node does not answer', () => {
    for (const trust of ['verified', 'signed'] as const) {
      const known = new KnownNodes(new IdentityLimits());
      const node = nodeAt('40.0.0.1');
      const reportOther = (n: number) => known.report(nodeAt(`50.0.0.${n}`, 30303, node.id), source(n));
      known.report(node, source(1));
      known.lock(node.key);
      const record = recordOf(node, { trust, lastSeen: 1 });
      known.update(node.key, record, { wasFound: true, tried: [] });
      expect([1, 2, 3, 4].map(reportOther)).toEqual(['known', 'known', 'known', 'known']);
      // The latest candidates are kept, up to the limit.
      const candidates = known.candidates(node.key);
      expect(candidates.map(({ endpoint }) => endpoint.ip)).toEqual(['50.0.0.4', '50.0.0.3', '50.0.0.2']);
      // Failed candidates are not tried again, and a new one is tried immediately.
      known.lock(node.key);
      known.update(node.key, record, { wasFound: false, tried: candidates });
      expect(known.candidates(node.key)).toEqual([]);
      expect([2, 3, 4, 5].map(reportOther)).toEqual(['known', 'known', 'known', 'due']);
      known.lock(node.key);
      known.update(node.key, record, { wasFound: true, tried: [] });
      expect(known.candidates(node.key)).toEqual([]);
    }
  });

  test('that is gossiped is replaced by other reported ones, up to four in total', () => {
    const known = new KnownNodes(new IdentityLimits());
    const node = nodeAt('40.0.0.1');
    known.report(node, source(1));
    const reportOther = (n: number) => known.report(nodeAt(`50.0.0.${n}`, 30303, node.id), source(n));
    // Before its first visit, other endpoints are not tried.
    expect(reportOther(2)).toBe('known');
    known.lock(node.key);
    expect(reportOther(3)).toBe('known');
    expect(known.takeCandidate(node.key)?.endpoint.ip).toBe('50.0.0.2');
    known.update(node.key, recordOf(nodeAt('50.0.0.2', 30303, node.id)));
    expect(reportOther(2)).toBe('known');
    expect(reportOther(4)).toBe('due');
    expect(reportOther(5)).toBe('known');
    expect(known.takeCandidate(node.key)?.endpoint.ip).toBe('50.0.0.3');
    expect(known.takeCandidate(node.key)?.endpoint.ip).toBe('50.0.0.4');
    expect(known.takeCandidate(node.key)).toBeUndefined();
  });

  test('from the user is tried before reported ones', () => {
    const known = new KnownNodes(new IdentityLimits());
    const node = nodeAt('40.0.0.1');
    known.report(node, source(1));
    known.report(nodeAt('50.0.0.2', 30303, node.id), source(2));
    known.report({ ...nodeAt('50.0.0.3', 30303, node.id), fromUser: true });
    const endpoint = { ip: '50.0.0.3', udp: 30303, tcp: 30303 };
    expect(known.takeCandidate(node.key)).toEqual({ endpoint, fromUser: true });
  });
});

describe('CR-06 neighbors at the address of their source', () => {
  const node = (host: string): Node => {
    const { id, key } = nodeAt(host);
    return { id, key, host, udp: 30303, tcp: 30303 } as Node;
  };
  const local = newId();
  const at = (ip: string) => new Neighbors({ ip, key: 'source' }, local);

  test('are detected when they are the majority, and ignored', () => {
    const neighbors = at('40.0.0.1');
    expect(neighbors.add([...Array(7)].map(() => node('40.0.0.1')))).toHaveLength(7);
    expect(neighbors.haveSharedAddress).toBe(false);
    const [other, own] = [node('50.0.0.1'), node('40.0.0.1')];
    expect(neighbors.add([own, other]).map(({ key }) => key)).toEqual([other.key]);
    expect(neighbors.haveSharedAddress).toBe(true);
    expect(neighbors.ids).toHaveLength(9);
  });

  test('are accepted when they are half of all neighbors', () => {
    const neighbors = at('40.0.0.1');
    neighbors.add([...Array(20)].map((_, i) => node(i % 2 === 0 ? '40.0.0.1' : '50.0.0.1')));
    expect(neighbors.haveSharedAddress).toBe(false);
  });

  test('are accepted on loopback and in a LAN', () => {
    const neighbors = at('127.0.0.1');
    expect(neighbors.add([...Array(20)].map(() => node('127.0.0.1')))).toHaveLength(20);
    expect(neighbors.haveSharedAddress).toBe(false);
  });
});

test('CR-06 a network is found although its only known node reports false neighbors, which are not counted as verified', async () => {
  const simulation = new Simulation({
    addresses: publicAddresses(60),
    kindOf: (i) => (i === 0 ? 'liar' : 'synced'),
  });
  const [liar] = simulation.nodes;
  const crawler = await simulation.crawler({ bootnodes: liar ? [enodeOf(liar)] : [] });
  const { rollup } = await simulation.until(crawler.run());
  const records = await simulation.records();
  for (const { key, host } of simulation.nodes) {
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
  const dialed = new Set(simulation.dials.map(({ key }) => key));
  expect(dialed.size).toBe(60);
});
