import { toHex } from '@devp2p/bytes';
import { type Address, createUdpEndpoint } from '@devp2p/discover';
import { formatEnr } from '@devp2p/enr';
import { parseIp } from '@devp2p/ip';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscv4, type Discv4, type Discv4Options } from '../src/index.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

/** Starts a boot node and nodes that know it alone, and lets time pass. */
async function networkOf(
  count: number,
  { ms = 60_000, ...options }: Partial<Discv4Options> & { ms?: number } = {},
): Promise<Discv4[]> {
  const boot = await world.node(options);
  const nodes = [boot];
  for (let i = 1; i < count; i++) {
    nodes.push(await world.node({ bootnodes: [enodeOf(boot)], ...options }));
    await world.clock.advance(20);
  }
  await world.clock.advance(ms);
  return nodes;
}

/** Returns the ids of the nodes that are closest to a target. */
function nearest(nodes: readonly Discv4[], target: Uint8Array, count = 16): string[] {
  const { keccak256 } = world.crypto;
  const hash = keccak256(target);
  const distance = ({ id }: Discv4): string => toHex(keccak256(id).map((byte, i) => byte ^ (hash[i] ?? 0)));
  return nodes
    .map((node) => ({ key: toHex(node.id), distance: distance(node) }))
    .sort((a, b) => (a.distance < b.distance ? -1 : 1))
    .slice(0, count)
    .map(({ key }) => key);
}

/** Waits for an operation while time passes. */
async function during<T>(work: Promise<T>, step = 100): Promise<T> {
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  finished.catch(() => undefined);
  while (!done) await world.clock.advance(step);
  return finished;
}

const share = (got: readonly string[], wanted: readonly string[]): number =>
  wanted.filter((key) => got.includes(key)).length / wanted.length;

describe('D4-13 lookups', () => {
  test('report the nodes in each response', async () => {
    const reported = new Map<string, string[]>();
    const nodes = await networkOf(12);
    const key = ({ id }: { id: Uint8Array }): string => toHex(id);
    const node = await world.node({
      bootnodes: [enodeOf(nodes[0] as Discv4)],
      onNeighbors: (neighbors, from) => reported.set(key(from), neighbors.map(key)),
    });
    await world.clock.advance(10_000);
    await during(node.lookup(world.random(64)), 500);
    const known = nodes.map(key);
    expect(reported.size).toBeGreaterThan(1);
    for (const [from, neighbors] of reported) {
      expect(known).toContain(from);
      expect([...known, key(node)]).toEqual(expect.arrayContaining(neighbors));
    }
  });

  test('find the 16 closest nodes', async () => {
    const nodes = await networkOf(60, { refreshLookups: 1, ms: 30_000 });
    let total = 0;
    for (const from of nodes.slice(0, 10)) {
      const target = world.random(64);
      const found = await during(from.lookup(target), 500);
      const others = nodes.filter((node) => node !== from);
      expect(found).toHaveLength(16);
      total += share(
        found.map(({ key }) => key),
        nearest(others, target),
      );
    }
    expect(total / 10).toBeGreaterThan(0.97);
  });

  test('send three requests at a time', async () => {
    const node = await world.node(quiet);
    const silent = Array.from({ length: 12 }, () => world.peer());
    await world.settle();
    for (const peer of silent) await peer.bond(node, () => world.settle());
    const lookup = node.lookupRandom();
    const requested = (): number => silent.flatMap((peer) => peer.got('findNode')).length;
    await world.clock.advance(490);
    expect(requested()).toBe(3);
    await world.clock.advance(100);
    expect(requested()).toBe(6);
    expect(await during(lookup)).toHaveLength(12);
    expect(requested()).toBe(12);
  });

  test('tolerate lost packets', async () => {
    world = new World({ loss: 0.1 });
    const nodes = await networkOf(30, { ms: 60_000 });
    const [from] = nodes as [Discv4];
    const target = world.random(64);
    const found = await during(from.lookup(target));
    expect(
      share(
        found.map(({ key }) => key),
        nearest(nodes.slice(1), target, 8),
      ),
    ).toBeGreaterThan(0.8);
  });

  test('five failures in a row remove a node, but only from a bucket of at least four', async () => {
    const node = await world.node(quiet);
    const peers = Array.from({ length: 12 }, () => world.peer());
    await world.settle();
    for (const peer of peers) await peer.bond(node, () => world.settle());
    const attempts = new Map<string, number>();
    world.network.onSend = ({ from, to }) => {
      if (from.host === node.localAddress.host) attempts.set(to.host, (attempts.get(to.host) ?? 0) + 1);
    };
    const before = node.nodes();
    expect(before).toHaveLength(12);
    for (let i = 0; i < 8; i++) await during(node.lookupRandom());
    const left = node.nodes();
    const buckets = new Map<number, number>();
    const self = world.crypto.keccak256(node.id);
    for (const { hash } of left) {
      const first = hash.findIndex((byte, i) => byte !== self[i]);
      const bit = 8 * first + Math.clz32((hash[first] ?? 0) ^ (self[first] ?? 0)) - 24;
      buckets.set(bit, (buckets.get(bit) ?? 0) + 1);
    }
    expect(left.length).toBeLessThan(12);
    expect(Math.max(...buckets.values())).toBe(3);
    for (const { host } of before) {
      // Nodes in a bucket of four or more are removed after the fifth failure.
      if (left.some((node) => node.host === host)) expect(attempts.get(host)).toBeGreaterThan(5);
      else expect(attempts.get(host)).toBe(5);
    }
  });
});

test('D4-13 a lookup without nodes returns an empty array', async () => {
  const node = await world.node();
  expect(await during(node.lookupRandom())).toEqual([]);
});

test('D4-21 an IPv4 socket sends no request to IPv6 nodes, a dual-stack one does', async () => {
  for (const [host, hosts] of [
    ['20.200.1.1', ['60.1.1.1']],
    ['::', ['2600:1::1', '60.1.1.1']],
  ] as const) {
    const node = await world.node({ ...quiet, host });
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    const lookup = node.lookupRandom();
    await world.settle();
    const neighbors = ['60.1.1.1', '2600:1::1'].map((one) => [
      ...[parseIp(one) ?? '', 30303, 30303],
      world.crypto.secp256k1.publicKey(world.random(32)),
    ]);
    peer.neighbors(node.localAddress, neighbors);
    const found = (await during(lookup)).map((one) => one.host);
    expect(found.filter((one) => one !== peer.address.host).sort()).toEqual(hosts);
  }
});

describe('D4-14 refresh', () => {
  test('starts with the boot nodes and repeats after 15 to 30 minutes', async () => {
    const boot = await world.node(quiet);
    const node = await world.node({ pingInterval: 1e12, bootnodes: [enodeOf(boot)] });
    const targets: { at: number; target: string }[] = [];
    world.network.onSend = ({ from, bytes }) => {
      if (from.host !== node.localAddress.host || bytes[97] !== 3) return;
      const target = toHex(bytes.subarray(bytes.length - 69, bytes.length - 5));
      targets.push({ at: world.clock.monotonic(), target });
    };
    await world.clock.advance(60_000);
    // A lookup of the local node and three of random targets.
    expect(new Set(targets.map(({ target }) => target)).size).toBe(4);
    expect(targets[0]?.target).toBe(toHex(node.id));
    // Each refresh starts with a lookup of the local node.
    const times: number[] = [];
    for (let i = 0; i < 300; i++) {
      targets.length = 0;
      await world.clock.advance(60_000);
      if (targets.some(({ target }) => target === toHex(node.id))) times.push(i);
    }
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(times.length).toBeGreaterThan(9);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(14);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(31);
    expect(new Set(gaps).size).toBeGreaterThan(3);
  });

  test('an empty table is refreshed soon, such as when the boot node starts later', async () => {
    const host = world.nextHost();
    const privateKey = world.random(32);
    const id = world.crypto.secp256k1.publicKey(privateKey);
    const node = await world.node({ bootnodes: [{ id, host, tcp: 30303, udp: 30303 }] });
    await world.clock.advance(120_000);
    await world.node({ host, privateKey });
    await world.clock.advance(180_000);
    expect(node.nodes().map(({ host }) => host)).toEqual([host]);
  });
});

describe('D4-15 the API', () => {
  test('randomNodes continues until its signal aborts', async () => {
    const nodes = await networkOf(30);
    const node = nodes.at(-1) as Discv4;
    const stop = new AbortController();
    const seen = new Set<string>();
    let count = 0;
    const iterating = (async () => {
      for await (const { key } of node.randomNodes({ signal: stop.signal })) {
        seen.add(key);
        count++;
      }
      return 'ended';
    })();
    await world.clock.advance(120_000);
    expect(seen.size).toBe(29);
    expect(count).toBeGreaterThan(60);
    stop.abort();
    expect(await during(iterating)).toBe('ended');
  });

  test('randomNodes ends, and all other calls reject, when discovery is closed', async () => {
    const [boot, node] = (await networkOf(2)) as [Discv4, Discv4];
    const silent = world.peer();
    const iterating = (async () => {
      for await (const _ of node.randomNodes());
      return 'ended';
    })();
    const codes = [
      node.ping(enodeOf(silent)),
      node.findNode(enodeOf(silent), world.random(64)),
      node.requestEnr(enodeOf(silent)),
      node.lookupRandom(),
      node.resolve(enodeOf(silent)),
    ].map((work) => work.catch(({ code }) => code));
    await world.clock.advance(10);
    await Promise.all([node.close(), node.close()]);
    expect(await Promise.all(codes)).toEqual(Array(5).fill('closed'));
    expect(await iterating).toBe('ended');
    await expect(node.ping(enodeOf(boot))).rejects.toMatchObject({ code: 'closed' });
    await boot.close();
    await world.clock.advance(1_000);
    expect(world.clock.pending).toBe(0);
  });

  test('an abort ends a lookup', async () => {
    const [node] = (await networkOf(20)) as [Discv4];
    const stop = new AbortController();
    const lookup = node.lookupRandom({ signal: stop.signal }).catch((reason: unknown) => reason);
    await world.clock.advance(30);
    stop.abort('enough');
    await world.clock.advance(0);
    expect(await lookup).toBe('enough');
    await expect(node.lookupRandom({ signal: stop.signal })).rejects.toBe('enough');
  });

  test('resolve finds the record and the current endpoint of a node', async () => {
    const nodes = await networkOf(20);
    const [a, b] = nodes.slice(-2) as [Discv4, Discv4];
    await b.updateLocalEnr({ eth: { hash: Uint8Array.of(1, 2, 3, 4), next: 5n } });
    const direct = await during(a.resolve(enodeOf(b)));
    expect(direct.enr?.eth).toEqual({ hash: Uint8Array.of(1, 2, 3, 4), next: 5n });
    const elsewhere = { ...enodeOf(b), host: '99.9.9.9' };
    const found = await during(a.resolve(elsewhere));
    expect(found).toMatchObject({ host: b.localAddress.host, udp: 30303 });
    expect(found.enr?.seq).toBe(b.localEnr.seq);
    const unknown = { ...enodeOf(b), id: world.crypto.secp256k1.publicKey(world.random(32)) };
    expect(await during(a.resolve({ ...unknown, host: '99.9.9.9' }))).toMatchObject({
      host: '99.9.9.9',
    });
  });

  test('invalid nodes and targets are refused at once', async () => {
    const node = await world.node();
    const unknown = { id: node.id, host: 'example.org', udp: 1 };
    await expect(node.ping(unknown)).rejects.toMatchObject({ code: 'no-endpoint' });
    await expect(node.ping({ ...unknown, host: '1.1.1.1', udp: 0 })).rejects.toMatchObject({
      code: 'no-endpoint',
    });
    for (const tcp of [-1, 65_536, 0.5, Number.NaN]) {
      const contact = { ...unknown, host: '1.1.1.1', tcp };
      await expect(node.ping(contact)).rejects.toMatchObject({ code: 'no-endpoint' });
    }
    await expect(node.lookup(new Uint8Array(32))).rejects.toMatchObject({
      code: 'invalid-option',
      message: 'target is a Uint8Array of 32 bytes, expected a Uint8Array of 64 bytes',
    });
    const socket = world.network.bind(world.nextHost());
    const options = { privateKey: world.random(32), crypto: world.crypto };
    await expect(createDiscv4(socket, { ...options, requestTimeout: 0 })).rejects.toThrow('requestTimeout');
    await expect(createDiscv4(socket, { ...options, bootnodes: ['enode://x'] })).rejects.toThrow('enode');
    await expect(createDiscv4(socket, { ...options, externalIp: '::1' })).rejects.toThrow('IPv4');
  });
});

describe('D4-12 revalidation', () => {
  test('new nodes are checked within 3 s, others within 9 s, one at a time', async () => {
    const node = await world.node({ refreshInterval: 1e12, seedCount: 0 });
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    const times: number[] = [];
    let answers = true;
    world.network.onSend = ({ from, bytes }) => {
      if (from.host !== node.localAddress.host || bytes[97] !== 1) return;
      times.push(world.clock.monotonic());
      if (answers) peer.pong(node.localAddress, bytes.slice(0, 32));
    };
    await world.clock.advance(300_000);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    // After the first check, the node is on the slow list.
    expect(times[0]).toBeLessThan(3_000 + 400);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(9_000);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    expect(mean).toBeGreaterThan(3_500);
    expect(mean).toBeLessThan(5_500);
    answers = false;
    times.length = 0;
    await world.clock.advance(60_000);
    // 60 checks passed: 60, 20, 6, 2, 0.
    expect(times.length).toBeGreaterThanOrEqual(4);
    expect(times.length).toBeLessThanOrEqual(6);
    expect(node.nodes()).toEqual([]);
  });

  test('a higher sequence number in a Pong causes a request of the record', async () => {
    const [boot, node] = (await networkOf(2, { refreshInterval: 1e12 })) as [Discv4, Discv4];
    const known = (): bigint | undefined => boot.nodes()[0]?.enr?.seq;
    expect(known()).toBe(node.localEnr.seq);
    const before = known() ?? 0n;
    await node.updateLocalEnr({ eth: { hash: new Uint8Array(4), next: 1n } });
    await world.clock.advance(20_000);
    expect(known()).toBe(before + 1n);
    expect(boot.nodes()[0]?.enr?.eth?.next).toBe(1n);
  });

  test('D4-11 a node that restarts at another address is found there', async () => {
    const [boot, node] = (await networkOf(2)) as [Discv4, Discv4];
    await node.close();
    const privateKey = world.random(32);
    const first = await world.node({ privateKey, bootnodes: [enodeOf(boot)] });
    await world.clock.advance(10_000);
    await first.close();
    const second = await world.node({ privateKey, bootnodes: [enodeOf(boot)] });
    await world.clock.advance(2_000);
    expect(boot.nodes().map(({ host }) => host)).toContain(second.localAddress.host);
  });
});

describe('HX-26 clock jumps', () => {
  test.each([3_600_000, -3_600_000])('of %d ms have no effect on pending operations', async (jump) => {
    const nodes = await networkOf(20, { ms: 30_000 });
    const sizes = nodes.map((node) => node.nodes().length);
    const [node, other] = nodes as [Discv4, Discv4];
    const silent = world.peer();
    const waiting = node.ping(enodeOf(silent)).catch(({ code }) => code);
    const started = world.clock.monotonic();
    world.clock.jump(jump);
    expect(await during(waiting, 10)).toBe('timeout');
    expect(world.clock.monotonic() - started).toBe(500);
    await expect(during(node.ping(enodeOf(other)))).resolves.toBeDefined();
    let pings = 0;
    world.network.onSend = ({ from, bytes }) => {
      if (from === node.localAddress && bytes[97] === 1) pings++;
    };
    // Endpoint proofs do not expire, so no Ping is sent.
    const found = during(node.findNode(enodeOf(other), world.random(64)), 10);
    expect((await found).length).toBeGreaterThan(0);
    expect(pings).toBeLessThan(3);
    await world.clock.advance(300_000);
    for (const [i, one] of nodes.entries()) {
      expect(one.nodes().length).toBeGreaterThanOrEqual((sizes[i] ?? 0) * 0.9);
    }
  });

  test.each([3_600_000, -3_600_000])('of one node by %d ms and back keep it in the network', async (jump) => {
    const nodes = await networkOf(20, { ms: 30_000 });
    let offset = 0;
    const clock = { ...clockOf(world), now: () => world.clock.now() + offset };
    const [boot] = nodes as [Discv4];
    const node = await world.node({ clock, bootnodes: [enodeOf(boot)] });
    await world.clock.advance(60_000);
    expect(node.nodes().length).toBeGreaterThan(10);
    offset = jump;
    await world.clock.advance(120_000);
    offset = 0;
    await world.clock.advance(120_000);
    const found = await during(node.lookup(boot.id));
    expect(found.length).toBeGreaterThan(10);
    expect((await during(boot.lookup(node.id))).map(({ key }) => key)).toContain(toHex(node.id));
  });
});

function clockOf({ clock }: World): Discv4Options['clock'] & object {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
  };
}

test('D4-22 a thousand nodes in one process find each other', async () => {
  const options = { refreshLookups: 0, pingInterval: 30_000 };
  const boots = await Promise.all([1, 2, 3, 4].map(() => world.node(options)));
  const nodes = [...boots];
  const bootnodes = boots.map(enodeOf);
  for (let i = 0; i < 996; i++) {
    nodes.push(await world.node({ ...options, bootnodes }));
    if (i % 50 === 0) await world.clock.advance(500);
  }
  await world.clock.advance(20_000);
  const limits = { table: 0, lonely: 0 };
  for (const node of nodes) {
    limits.table = Math.max(limits.table, node.nodes().length);
    if (node.nodes().length < 16) limits.lonely++;
  }
  expect(limits.table).toBeLessThanOrEqual(17 * 16);
  expect(limits.lonely).toBe(0);
  let total = 0;
  for (let i = 0; i < 10; i++) {
    const target = world.random(64);
    const from = nodes[100 * i + 50] as Discv4;
    const found = await during(from.lookup(target), 500);
    total += share(
      found.map(({ key }) => key),
      nearest(nodes, target, 8),
    );
  }
  expect(total / 10).toBeGreaterThan(0.9);
});

test('FK-25 a list of boot nodes may have records, enode URLs and enodes', async () => {
  const boots = [await world.node(), await world.node({ tcpPort: 0 }), await world.node()];
  const [first, second, third] = boots as [Discv4, Discv4, Discv4];
  const { id } = third;
  const { host, port } = third.localAddress;
  const node = await world.node({
    bootnodes: [
      formatEnr(first.localEnr),
      `enode://${toHex(second.id)}@${second.localAddress.host}:0?discport=${second.localAddress.port}`,
      { id, host, tcp: 0, udp: port },
    ],
  });
  await world.clock.advance(60_000);
  const found = node.nodes().map(({ id }) => toHex(id));
  expect(found.sort()).toEqual(boots.map((boot) => toHex(boot.id)).sort());
});

test('close does not wait for a resolver that does not respond', async () => {
  const url = `enode://${toHex(world.crypto.secp256k1.publicKey(world.random(32)))}@boot.example:1`;
  const node = await world.node({
    bootnodes: [url],
    resolveHost: () => new Promise<never>(() => undefined),
  });
  await world.clock.advance(10);
  await during(node.close());
});

test('D4-21 the next reader of the endpoint gets packets of other protocols with their source', async () => {
  const got: { bytes: Uint8Array; from: Address }[] = [];
  const endpoint = createUdpEndpoint(world.network.bind(world.nextHost()));
  const node = await world.node({ ...quiet, socket: endpoint });
  endpoint.addReader((bytes, { host, port }) => {
    got.push({ bytes, from: { host, port } });
    return bytes.length > 5;
  });
  const peer = world.peer();
  const foreign = world.random(200);
  world.network.send({ bytes: foreign, from: peer.address, to: node.localAddress });
  world.network.send({
    bytes: foreign.subarray(0, 5),
    from: { host: '::ffff:7.7.7.7', port: 5 },
    to: node.localAddress,
  });
  peer.send(node.localAddress, 66, []);
  peer.ping(node.localAddress, 1);
  await world.settle();
  expect(got).toEqual([
    { bytes: foreign, from: peer.address },
    { bytes: foreign.slice(0, 5), from: { host: '7.7.7.7', port: 5 } },
  ]);
  expect(node.stats).toMatchObject({ foreign: 2, malformed: 1, expired: 1 });
  expect(endpoint.stats).toMatchObject({ received: 4, unread: 1 });
});
