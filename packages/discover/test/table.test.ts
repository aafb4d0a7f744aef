import { signEnr } from '@devp2p/enr';
import { networkGroup } from '@devp2p/ip';
import { createSeededRandom } from '@devp2p/random/seeded';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Node, nodeFromContact, nodeFromEnr } from '../src/node/node.ts';
import { compareDistance, logDistance } from '../src/table/distance.ts';
import { Table } from '../src/table/table.ts';
import { cheapCrypto as crypto } from './cheap-crypto.ts';

const self = nodeFromContact(
  { id: crypto.secp256k1.publicKey(new Uint8Array(32)), host: '1.1.1.1', udp: 30303 },
  crypto,
);
let serial = 0;

/** Creates a node, by default in a network of its own. */
function node(host = `${30 + (++serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}.1`, udp = 30303): Node {
  const privateKey = new Uint8Array(32);
  new DataView(privateKey.buffer).setUint32(0, ++serial);
  return nodeFromContact({ id: crypto.secp256k1.publicKey(privateKey), host, udp }, crypto);
}

/** Creates a node in the bucket of a distance. */
function nodeAt(distance: number, host?: string): Node {
  for (;;) {
    const candidate = node(host);
    if (logDistance(self.hash, candidate.hash) === distance) return candidate;
  }
}

function moved({ id }: Node, host: string, udp = 30303): Node {
  return nodeFromContact({ id, host, udp }, crypto);
}

function table(): Table {
  const table = new Table({
    self,
    random: createSeededRandom(3),
    maxReplacements: 10,
    bucketNetworkLimit: 2,
    tableNetworkLimit: 10,
  });
  table.seeded = true;
  return table;
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const toBigInt = (bytes: Uint8Array): bigint => bytes.reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);

test('D4-09 distance is the position of the highest differing bit', () => {
  fc.assert(
    fc.property(hash, hash, fc.integer({ min: 0, max: 32 }), (a, b, shared) => {
      b.set(a.subarray(0, shared));
      const xor = toBigInt(a) ^ toBigInt(b);
      expect(logDistance(a, b)).toBe(xor === 0n ? 0 : xor.toString(2).length);
    }),
    { numRuns: 200 },
  );
  fc.assert(
    fc.property(hash, hash, hash, (target, a, b) => {
      const difference = (toBigInt(target) ^ toBigInt(a)) - (toBigInt(target) ^ toBigInt(b));
      expect(Math.sign(compareDistance(target, a, b))).toBe(Number(difference > 0n) - Number(difference < 0n));
    }),
    { numRuns: 200 },
  );
});

test('D4-09 17 buckets of 16 nodes with 10 replacements each, without the local node', () => {
  const all = table();
  all.add(self, 'seed');
  all.add(self, 'inbound');
  expect(all.size).toBe(0);
  for (let i = 0; i < 20_000; i++) all.add(node(), 'relayed');
  const buckets = all.buckets();
  expect(buckets).toHaveLength(17);
  expect(buckets.at(-1)?.entries).toHaveLength(16);
  expect(buckets.at(-1)?.replacements).toHaveLength(10);
  for (const { entries, replacements } of buckets) {
    expect(entries.length).toBeLessThanOrEqual(16);
    expect(replacements.length).toBeLessThanOrEqual(entries.length < 16 ? 0 : 10);
  }
  for (const { entries } of buckets.slice(1)) {
    const distances = new Set(entries.map(({ node }) => logDistance(self.hash, node.hash)));
    expect(distances.size).toBeLessThanOrEqual(1);
  }
});

test('D4-09 distances are those of the hashes of the keys, and small ones share the lowest bucket', () => {
  const near = table();
  const at = (distance: number): Node => {
    const hash = self.hash.slice();
    const bit = distance - 1;
    hash[31 - (bit >> 3)] = (hash[31 - (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
    return { ...node(), hash } as Node;
  };
  for (const distance of [1, 8, 200, 239, 240, 241, 255, 256]) near.add(at(distance), 'seed');
  expect(near.buckets().map(({ entries }) => entries.length)).toEqual([...[5, 1], ...Array(13).fill(0), ...[1, 1]]);
});

describe('D4-10 limits per network', () => {
  test('2 nodes of a /24 per bucket, including replacements; 10 in the table', () => {
    const limited = table();
    for (let i = 0; i < 40; i++) limited.add(nodeAt(256, `40.1.1.${i}`), 'relayed');
    expect(limited.size).toBe(2);
    for (let i = 0; i < 16; i++) limited.add(nodeAt(256), 'relayed');
    expect(limited.buckets().at(-1)?.replacements.length).toBe(2);
    for (let i = 0; i < 2; i++) limited.add(nodeAt(256, '50.1.1.1'), 'relayed');
    limited.add(nodeAt(256, '50.1.1.2'), 'relayed');
    expect(limited.buckets().at(-1)?.replacements.length).toBe(4);
    for (let i = 0; i < 400; i++) limited.add(node(`40.1.1.${i % 256}`), 'relayed');
    const sameNetwork = [...limited.entries()].filter(({ node }) => node.host.startsWith('40.1.1.'));
    expect(sameNetwork.length).toBeGreaterThan(5);
    expect(sameNetwork.length).toBeLessThanOrEqual(10);
  });

  test('IPv6 addresses are counted by /64', () => {
    const limited = table();
    for (let i = 0; i < 5; i++) limited.add(nodeAt(256, `2600:1:2:3::${i + 1}`), 'relayed');
    expect(limited.size).toBe(2);
    limited.add(nodeAt(256, '2600:1:2:4::1'), 'relayed');
    expect(limited.size).toBe(3);
  });

  test.each(['10.1.1.1', '192.168.1.1', '127.0.0.1', '169.254.1.1', 'fd00::1', '::1'])('%s is exempt', (host) => {
    const lan = table();
    for (let i = 0; i < 16; i++) lan.add(nodeAt(256, host), 'relayed');
    expect(lan.size).toBe(16);
  });

  test('a removed or moved node no longer counts', () => {
    const limited = table();
    const [a, b, c, d] = [1, 2, 3, 4].map((i) => nodeAt(256, `40.1.1.${i}`)) as [Node, Node, Node, Node];
    for (const one of [a, b, c]) limited.add(one, 'relayed');
    expect(limited.get(c.key)).toBeUndefined();
    limited.remove(a.key);
    limited.add(c, 'relayed');
    expect(limited.get(c.key)?.node).toBe(c);
    limited.add(moved(b, '41.1.1.1'), 'inbound');
    limited.add(d, 'relayed');
    expect(limited.get(d.key)?.node).toBe(d);
  });

  test('a node cannot move into a full network', () => {
    const limited = table();
    for (let i = 0; i < 2; i++) limited.add(nodeAt(256, '40.1.1.1'), 'relayed');
    const honest = nodeAt(256);
    limited.add(honest, 'relayed');
    limited.add(moved(honest, '40.1.1.9'), 'inbound');
    expect(limited.get(honest.key)?.node.host).toBe(honest.host);
  });

  test('the limits hold and the counts are exact after any operations', () => {
    const operation = fc.record({
      id: fc.nat(60),
      network: fc.nat(6),
      port: fc.integer({ min: 2000, max: 2002 }),
      what: fc.constantFrom('relayed', 'inbound', 'seed', 'remove', 'pass', 'fail'),
    });
    const ids = Array.from({ length: 61 }, () => node());
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const any = table();
        for (const { id, network, port, what } of operations) {
          const one = moved(ids[id] ?? self, `40.1.${network}.${id}`, port);
          if (what === 'remove') any.remove(one.key);
          else if (what === 'pass') any.passed(one.key, one);
          else if (what === 'fail') any.failed(one.key);
          else any.add(one, what as 'relayed' | 'inbound' | 'seed');
        }
        const groups = new Map<string, number>();
        for (const { entries, replacements } of any.buckets()) {
          const inBucket = new Map<string, number>();
          for (const { ip } of [...entries.map(({ node }) => node), ...replacements]) {
            const group = networkGroup(ip);
            inBucket.set(group, (inBucket.get(group) ?? 0) + 1);
            groups.set(group, (groups.get(group) ?? 0) + 1);
          }
          expect(Math.max(0, ...inBucket.values())).toBeLessThanOrEqual(2);
        }
        expect(Math.max(0, ...groups.values())).toBeLessThanOrEqual(10);
        for (const { node } of [...any.entries()]) for (let i = 0; i < 99; i++) any.remove(node.key);
        for (const { node } of [...any.entries()]) any.remove(node.key);
        if (any.size > 0) return;
        for (let i = 0; i < 2; i++) any.add(nodeAt(256, '40.1.0.1'), 'seed');
        expect(any.size).toBe(2);
      }),
      { numRuns: 50 },
    );
  });
});

describe('D4-11 the endpoint of a node changes', () => {
  test('inbound nodes are added once the table is seeded', () => {
    const young = table();
    young.seeded = false;
    young.add(node(), 'inbound');
    expect(young.size).toBe(0);
    young.add(node(), 'seed');
    young.add(node(), 'relayed');
    expect(young.size).toBe(2);
    young.seeded = true;
    young.add(node(), 'inbound');
    expect(young.size).toBe(3);
  });

  test('by a packet of the node itself, not by other nodes', () => {
    const known = table();
    const honest = node('40.1.1.1');
    known.add(honest, 'seed');
    known.add(moved(honest, '66.6.6.6'), 'relayed');
    known.add(moved(honest, '66.6.6.6'), 'seed');
    expect(known.get(honest.key)?.node.host).toBe('40.1.1.1');
    known.add(moved(honest, '50.1.1.1', 4000), 'inbound');
    expect(known.get(honest.key)?.node).toMatchObject({ host: '50.1.1.1', udp: 4000 });
  });
});

test('D4-11 a newer record of a node changes its endpoint, a record of the same age or older does not', () => {
  const privateKey = new Uint8Array(32).fill(9);
  const at = (ip: string, seq: bigint) =>
    nodeFromEnr(signEnr({ ip, udp: 30303 }, privateKey, { seq, crypto }), crypto) as Node;
  const known = table();
  const place = () => known.get(at('40.1.1.1', 1n).key)?.node;
  known.add(at('40.1.1.1', 3n), 'seed');
  known.passed(at('40.1.1.1', 3n).key, at('40.1.1.1', 3n));
  for (const seq of [2n, 3n]) known.add(at('41.1.1.1', seq), 'seed');
  expect(place()).toMatchObject({ host: '40.1.1.1', enr: { seq: 3n } });
  known.add(at('42.1.1.1', 4n), 'seed');
  expect(place()).toMatchObject({ host: '42.1.1.1', enr: { seq: 4n } });
  // It has not answered from there yet.
  expect(known.get(at('40.1.1.1', 1n).key)).toMatchObject({ live: false, schedule: 'fast' });
});

describe('D4-12 checks', () => {
  test('a failure divides the number of checks by three, and at zero a replacement takes the place', () => {
    const checked = table();
    const nodes = Array.from({ length: 20 }, () => nodeAt(256));
    for (const one of nodes) checked.add(one, 'relayed');
    const [first] = nodes as [Node];
    for (let i = 0; i < 10; i++) checked.passed(first.key, first);
    const checks = (): number | undefined => checked.get(first.key)?.checks;
    expect(checked.get(first.key)).toMatchObject({ checks: 10, live: true, schedule: 'slow' });
    checked.failed(first.key);
    expect(checked.get(first.key)).toMatchObject({ checks: 3, live: true, schedule: 'fast' });
    checked.failed(first.key);
    expect(checks()).toBe(1);
    checked.failed(first.key);
    expect(checks()).toBeUndefined();
    expect(checked.buckets().at(-1)?.entries).toHaveLength(16);
    expect(checked.buckets().at(-1)?.replacements).toHaveLength(3);
    expect(nodes.slice(16).some(({ key }) => checked.get(key))).toBe(true);
  });

  test('a changed endpoint is not live', () => {
    const checked = table();
    const one = node();
    checked.add(one, 'relayed');
    checked.passed(one.key, one);
    checked.add(moved(one, '50.1.1.1'), 'inbound');
    expect(checked.get(one.key)).toMatchObject({ live: false, schedule: 'fast' });
    checked.passed(one.key, moved(one, '50.1.1.1'));
    expect(checked.get(one.key)).toMatchObject({ live: true, schedule: 'slow' });
    checked.passed(one.key, moved(one, '51.1.1.1'));
    expect(checked.get(one.key)).toMatchObject({ live: false, schedule: 'fast' });
  });
});

test('D4-06 closest has live nodes alone, if there are any', () => {
  const some = table();
  const nodes = Array.from({ length: 60 }, () => node());
  for (const one of nodes) some.add(one, 'relayed');
  const { hash: target } = node();
  const byDistance = [...some.entries()]
    .map(({ node }) => node)
    .sort((a, b) => compareDistance(target, a.hash, b.hash));
  expect(some.closest(target, { verified: true })).toEqual(byDistance.slice(0, 16));
  const last = byDistance.slice(-3);
  for (const one of last) some.passed(one.key, one);
  expect(some.closest(target, { verified: true })).toEqual(last);
  expect(some.closest(target, { verified: false })).toEqual(byDistance.slice(0, 16));
});
