import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createMemoryStore, type DiscoverEvent, type NodeStore } from '@devp2p/discover';
import { type Enode, formatEnr } from '@devp2p/enr';
import type { Input } from 'rlp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Discv4, Discv4Event } from '../src/index.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
const events: (Discv4Event | DiscoverEvent)[] = [];
const channels = ['devp2p:discover', 'devp2p:discv4'];
const onEvent = (event: unknown): void => {
  events.push(event as Discv4Event | DiscoverEvent);
};
beforeEach(() => {
  events.length = 0;
  for (const channel of channels) subscribe(channel, onEvent);
});
afterEach(async () => {
  for (const channel of channels) unsubscribe(channel, onEvent);
  await world.close();
  world = new World();
});

async function keys(store: NodeStore): Promise<string[]> {
  const all: string[] = [];
  for await (const [key] of store.entries('node/')) all.push(key);
  return all;
}

const target = new Uint8Array(64);
const hour = 3_600_000;

describe('D4-16 a restart restores', () => {
  test('nodes as seeds, and endpoint proofs', async () => {
    const store = createMemoryStore();
    const identity = { host: world.nextHost(), privateKey: world.random(32), store };
    const first = await world.node({ ...quiet, ...identity });
    const others = await Promise.all([1, 2, 3].map(() => world.node({ bootnodes: [enodeOf(first)] })));
    const peer = world.peer();
    await world.clock.advance(10_000);
    await peer.bond(first, () => world.settle());
    // As after a kill: the first node is not closed.
    const second = await world.node({ ...quiet, ...identity });
    peer.findNode(second.localAddress, target);
    await world.settle();
    expect(peer.got('neighbors')).toHaveLength(1);
    expect(
      second
        .nodes()
        .map(({ host }) => host)
        .sort(),
    ).toEqual([...others.map((node) => node.localAddress.host), peer.address.host].sort());
    await first.close();
  });

  test('D4-11 a known node at the endpoint that it proved, not at one that another node reports', async () => {
    const store = createMemoryStore();
    const identity = { host: world.nextHost(), privateKey: world.random(32), store };
    const liar = world.peer();
    const first = await world.node({ ...quiet, ...identity });
    const honest = world.peer();
    await honest.bond(first, () => world.settle());
    const { id } = honest;
    await first.close();

    const second = await world.node({
      ...quiet,
      ...identity,
      seedCount: 0,
      bootnodes: [enodeOf(liar)],
    });
    const to = second.localAddress;
    liar.ping(to);
    let lies = 0;
    for (let t = 0; t < 100; t++) {
      await world.clock.advance(50);
      for (const { packet, hash } of liar.received.splice(0)) {
        if (packet.type === 'ping') liar.pong(to, hash);
        if (packet.type !== 'findNode') continue;
        liar.neighbors(to, [[...(liar.endpoint({ ...honest.address, port: 4444 }) as Input[]), id]]);
        lies++;
      }
    }
    expect(lies).toBeGreaterThan(1);
    await second.close();

    const third = await world.node({ ...quiet, ...identity });
    await world.settle();
    const known = third.nodes().find(({ key }) => key === honest.key);
    expect(known?.udp).toBe(honest.address.port);
  });

  test('nodes that have answered alone', async () => {
    const store = createMemoryStore();
    const node = await world.node({ ...quiet, store });
    const peer = world.peer();
    await world.settle();
    peer.ping(node.localAddress);
    await world.clock.advance(1_000);
    expect(await keys(store)).toEqual([]);
    await peer.bond(node, () => world.settle());
    expect(await keys(store)).toHaveLength(1);
  });

  test.each([
    ['a minute less than 5 days before', -60_000, 1],
    ['a minute more', 60_000, 0],
  ])('nodes that last answered %s', async (_, more, seeds) => {
    const options = {
      ...quiet,
      store: createMemoryStore(),
      host: world.nextHost(),
      privateKey: world.random(32),
    };
    const node = await world.node(options);
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    await node.close();
    world.clock.jump(5 * 24 * hour + more);
    const later = await world.node(options);
    await world.clock.advance(10);
    expect(later.nodes()).toHaveLength(seeds);
    // The proof has expired.
    peer.received.length = 0;
    peer.findNode(later.localAddress, target);
    await world.settle();
    expect(peer.got('neighbors')).toEqual([]);
  });

  test('entries up to 24 h after the last Pong', async () => {
    const store = createMemoryStore();
    const node = await world.node({ pingInterval: 1e12, store });
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    await world.clock.advance(23 * hour);
    expect(await keys(store)).toHaveLength(1);
    await world.clock.advance(2 * hour);
    expect(await keys(store)).toEqual([]);
  });

  test('records, without a request', async () => {
    const store = createMemoryStore();
    const options = { host: world.nextHost(), privateKey: world.random(32), store };
    const node = await world.node(options);
    const other = await world.node({ bootnodes: [enodeOf(node)] });
    await world.clock.advance(30_000);
    expect(node.nodes()[0]?.enr?.seq).toBe(other.localEnr.seq);
    await node.close();
    await other.close();
    const again = await world.node(options);
    await world.clock.advance(10);
    expect(again.nodes()[0]?.enr?.seq).toBe(other.localEnr.seq);
  });

  test('up to 30 random seeds', async () => {
    const store = createMemoryStore();
    const options = {
      ...quiet,
      host: world.nextHost(),
      privateKey: world.random(32),
      store,
      maxPacketsPerSecond: 1e6,
    };
    const node = await world.node(options);
    await world.settle();
    const peers = Array.from({ length: 200 }, () => world.peer());
    for (const peer of peers) await peer.bond(node, () => world.clock.advance(50));
    expect(await keys(store)).toHaveLength(200);
    const seedsOf = async (): Promise<string[]> => {
      const later = await world.node({ ...options, host: world.nextHost() });
      await world.clock.advance(0);
      const hosts = later.nodes().map(({ host }) => host);
      await later.close();
      return hosts;
    };
    const [a, b] = [await seedsOf(), await seedsOf()];
    expect(a.length).toBeGreaterThan(20);
    expect(a.length).toBeLessThanOrEqual(30);
    expect(a.filter((host) => b.includes(host)).length).toBeLessThan(20);
  });

  test('all entries except damaged ones, which are reported and deleted', async () => {
    const store = createMemoryStore();
    const options = { ...quiet, host: world.nextHost(), privateKey: world.random(32), store };
    const node = await world.node(options);
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    await node.close();
    await store.put('node/zz/1.2.3.4', Uint8Array.of(1, 2, 3));
    await store.put(`node/${peer.key}/nowhere`, new Uint8Array());
    const again = await world.node(options);
    await world.settle();
    expect(again.nodes()).toHaveLength(1);
    expect(await keys(store)).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'store-failed')).toHaveLength(2);
  });

  test('and continues in memory if the store fails, which is reported', async () => {
    const store = createMemoryStore();
    const node = await world.node({ ...quiet, store });
    store.put = () => Promise.reject(new Error('disk full'));
    store.entries = () => {
      throw new Error('locked');
    };
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    peer.findNode(node.localAddress, target);
    await world.clock.advance(60_000);
    expect(peer.got('neighbors')).toHaveLength(1);
    const failures = events.flatMap((event) => (event.type === 'store-failed' ? [String(event.error)] : []));
    expect(new Set(failures)).toEqual(new Set(['Error: disk full', 'Error: locked']));
    const before = node.localEnr;
    await expect(node.updateLocalEnr({ tcp: 1 })).rejects.toThrow('disk full');
    expect(node.localEnr).toBe(before);
  });

  test('nodes up to the limit in memory', async () => {
    const store = createMemoryStore();
    const node = await world.node({ ...quiet, store, maxProofs: 20, maxPacketsPerSecond: 1e6 });
    await world.settle();
    for (let i = 0; i < 100; i++) {
      await world.peer({ host: `66.6.${i % 4}.6`, port: 2000 + i }).bond(node, () => world.settle());
    }
    const { length } = await keys(store);
    expect(length).toBeGreaterThan(10);
    expect(length).toBeLessThanOrEqual(20);
  });

  test('FindNode failures', async () => {
    const options = {
      ...quiet,
      refreshLookups: 0,
      store: createMemoryStore(),
      host: world.nextHost(),
      privateKey: world.random(32),
    };
    const peers = Array.from({ length: 10 }, () => world.peer());
    const first = await world.node(options);
    await world.settle();
    for (const peer of peers) await peer.bond(first, () => world.settle());
    await first.close();
    // One lookup, and one failure, per start.
    for (const left of [10, 10, 10, 10, 'fewer']) {
      const node = await world.node(options);
      await world.clock.advance(4_500);
      if (left === 'fewer') expect(node.nodes().length).toBeLessThan(10);
      else expect(node.nodes()).toHaveLength(10);
      await node.close();
    }
  });
});

test.each([
  ['a record', ({ localEnr }: Discv4): string => formatEnr(localEnr)],
  ['an enode', (node: Discv4): Enode => enodeOf(node)],
])('D4-11 a boot node has the endpoint of %s, not that in the store', async (_, named) => {
  const store = createMemoryStore();
  const options = { ...quiet, store, host: world.nextHost(), privateKey: world.random(32) };
  const privateKey = world.random(32);
  const before = await world.node({ ...quiet, privateKey });
  const first = await world.node({ ...options, bootnodes: [enodeOf(before)] });
  await world.settle();
  await Promise.all([first.ping(enodeOf(before)), world.settle()]);
  await Promise.all([first.close(), before.close(), world.settle()]);
  const after = await world.node({ ...quiet, privateKey });
  const second = await world.node({ ...options, bootnodes: [named(after)] });
  await world.settle();
  expect(second.nodes().map(({ host }) => host)).toEqual([after.localAddress.host]);
});

describe('D4-18 the sequence number of the local record does not decrease', () => {
  test('over restarts, with the clock set back', async () => {
    const store = createMemoryStore();
    const options = { ...quiet, host: world.nextHost(), privateKey: world.random(32), store };
    const first = await world.node(options);
    const seqs = [first.localEnr.seq];
    expect(seqs[0]).toBe(BigInt(world.clock.now()));
    seqs.push((await first.updateLocalEnr({ eth: { hash: new Uint8Array(4), next: 1n } })).seq);
    await first.close();
    world.clock.jump(-1000 * hour);
    // The same content has the same record.
    const entries = { eth: { hash: new Uint8Array(4), next: 1n } };
    const second = await world.node({ ...options, entries });
    expect(second.localEnr.seq).toBe(seqs[1]);
    await second.close();
    const third = await world.node(options);
    seqs.push(third.localEnr.seq);
    await third.close();
    const fourth = await world.node({ ...options, port: 4000 });
    seqs.push(fourth.localEnr.seq);
    const start = seqs[0] ?? 0n;
    expect(seqs).toEqual([start, start + 1n, start + 2n, start + 3n]);
  });

  test('a record is stored before it is visible', async () => {
    const store = createMemoryStore();
    const node = await world.node({ ...quiet, store });
    const seen: bigint[] = [];
    const put = store.put;
    store.put = async (key, value) => {
      seen.push(node.localEnr.seq);
      await put(key, value);
    };
    const before = node.localEnr.seq;
    const changes = [1, 2, 3].map((tcp) => node.updateLocalEnr({ tcp }));
    const records = await Promise.all(changes);
    expect(records.map(({ seq }) => seq - before)).toEqual([1n, 2n, 3n]);
    expect(seen.map((seq) => seq - before)).toEqual([0n, 1n, 2n]);
    expect(node.localEnr.tcp).toBe(3);
  });

  test('a damaged record is reported, and the next number is the time', async () => {
    const store = createMemoryStore();
    const options = { ...quiet, host: world.nextHost(), privateKey: world.random(32), store };
    const node = await world.node(options);
    const { seq } = node.localEnr;
    await node.close();
    for await (const [key] of store.entries('local/')) await store.put(key, Uint8Array.of(0xc0));
    await world.clock.advance(1_000);
    const again = await world.node(options);
    expect(again.localEnr.seq).toBe(seq + 1_000n);
    expect(events.some(({ type }) => type === 'store-failed')).toBe(true);
  });
});
