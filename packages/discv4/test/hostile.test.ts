import { fromHex, toHex } from '@devp2p/bytes';
import { networkGroup, parseIp } from '@devp2p/ip';
import type { Input } from 'rlp';
import { afterEach, describe, expect, test } from 'vitest';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

const target = new Uint8Array(64).fill(9);
const idOf = (i: number): Uint8Array =>
  world.crypto.secp256k1.publicKey(Uint8Array.from({ length: 32 }, (_, j) => (j < 4 ? i >> (8 * j) : 1)));

describe('HX-05 amplification', () => {
  test('FindNode without endpoint proof, or from a spoofed source, gets no response', async () => {
    const node = await world.node(quiet);
    const privateKey = world.random(32);
    const peer = world.peer({ privateKey });
    const victim = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    const bytes = { in: 0, out: 0 };
    world.network.onSend = ({ to, from, bytes: { length } }) => {
      if (to.host === node.localAddress.host) bytes.in += length;
      if (from.host === node.localAddress.host) bytes.out += length;
    };
    // The id has a proof; the address is that of the victim.
    const spoofed = world.peer({ privateKey, host: victim.address.host, port: 30304 });
    for (let i = 0; i < 50; i++) {
      spoofed.findNode(node.localAddress, target);
      spoofed.enrRequest(node.localAddress);
      victim.findNode(node.localAddress, target);
    }
    await world.clock.advance(50);
    expect(victim.received).toEqual([]);
    expect(spoofed.received).toEqual([]);
    expect(bytes.in).toBeGreaterThan(20_000);
    expect(bytes.out).toBeLessThanOrEqual(bytes.in / 10);
  });

  test('a Pong without a Ping is no proof', async () => {
    const node = await world.node(quiet);
    const spoofed = world.peer();
    await world.settle();
    spoofed.ping(node.localAddress);
    for (let i = 0; i < 20; i++) spoofed.pong(node.localAddress, world.random(32));
    spoofed.findNode(node.localAddress, target);
    await world.settle();
    expect(spoofed.got('neighbors')).toEqual([]);
  });
});

test('HX-06 expired packets, and expirations of 2⁶³ and above, get no response', async () => {
  const node = await world.node(quiet);
  const peer = world.peer();
  await world.settle();
  await peer.bond(node, () => world.settle());
  const expirations: Input[] = [1, peer.expiration(-2), 2n ** 63n, 2n ** 64n - 1_700_000_000n];
  for (const expiration of expirations) {
    peer.ping(node.localAddress, expiration);
    peer.findNode(node.localAddress, target, expiration);
  }
  await world.clock.advance(50);
  expect(peer.received).toEqual([]);
});

test('HX-07 unsolicited responses are not stored', async () => {
  const node = await world.node(quiet);
  const peer = world.peer();
  await world.settle();
  await peer.bond(node, () => world.settle());
  const before = node.nodes().map(({ enode }) => enode);
  const neighbors: Input[] = Array.from({ length: 12 }, (_, i) => [Uint8Array.of(60, i, 1, 1), 30303, 30303, idOf(i)]);
  peer.neighbors(node.localAddress, neighbors);
  peer.pong(node.localAddress, world.random(32));
  const { signature, seq, pairs } = node.localEnr;
  const record = [signature, seq, ...[...pairs].flat()];
  peer.send(node.localAddress, 6, [world.random(32), record]);
  // A Ping is pending, but no FindNode.
  node.ping(enodeOf(peer)).catch(() => undefined);
  peer.neighbors(node.localAddress, neighbors);
  await world.settle();
  expect(node.nodes().map(({ enode }) => enode)).toEqual(before);
  expect(node.stats.unsolicited).toBe(4);
  peer.received.length = 0;
  peer.findNode(node.localAddress, idOf(3));
  await world.settle();
  const told = peer.got('neighbors').flatMap(({ packet }) => packet.nodes.map(({ id }) => toHex(id)));
  expect(told).not.toContain(toHex(idOf(3)));
});

describe('HX-08 D4-08 relayed nodes that are not credible', () => {
  const rows: readonly [string, host: string, udp: number, accepted: boolean, offCurve?: boolean][] = [
    ['a valid one', '60.1.1.1', 30303, true],
    ['the lowest allowed port', '60.1.1.1', 1025, true],
    ['port 1024', '60.1.1.1', 1024, false],
    ['port 53', '60.1.1.1', 53, false],
    ['port 0', '60.1.1.1', 0, false],
    ['loopback', '127.0.0.1', 30303, false],
    ['RFC 1918', '10.1.1.1', 30303, false],
    ['RFC 1918', '192.168.1.1', 30303, false],
    ['link-local', '169.254.1.1', 30303, false],
    ['unspecified', '0.0.0.0', 30303, false],
    ['multicast', '224.0.0.1', 30303, false],
    ['broadcast', '255.255.255.255', 30303, false],
    ['documentation', '203.0.113.7', 30303, false],
    ['IPv6', '2600:1::1', 30303, true],
    ['IPv6 loopback', '::1', 30303, false],
    ['IPv6 unspecified', '::', 30303, false],
    ['IPv6 unique local', 'fd00::1', 30303, false],
    ['IPv6 multicast', 'ff02::1', 30303, false],
    ['mapped loopback', '::ffff:127.0.0.1', 30303, false],
    ['off the curve', '60.1.1.1', 30303, false, true],
  ];

  test.each(rows)('%s: %s:%d', async (_, host, udp, accepted, offCurve) => {
    const node = await world.node(quiet);
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    const found = node.findNode(enodeOf(peer), target);
    await world.settle();
    const id = offCurve ? new Uint8Array(64).fill(1) : idOf(1);
    const ip = host.includes('ffff') ? fromHex('00000000000000000000ffff7f000001') : parseIp(host);
    peer.neighbors(node.localAddress, [[ip ?? '', udp, 30303, id]]);
    await world.clock.advance(500);
    expect((await found).length).toBe(accepted ? 1 : 0);
  });

  test('addresses of 0 bytes, or another invalid length', async () => {
    const node = await world.node(quiet);
    const peer = world.peer();
    await world.settle();
    await peer.bond(node, () => world.settle());
    const found = node.findNode(enodeOf(peer), target);
    await world.settle();
    const neighbors = [0, 1, 3, 5, 15, 17, 64].map((length) => [new Uint8Array(length), 30303, 0, idOf(1)]);
    peer.neighbors(node.localAddress, neighbors);
    await world.clock.advance(500);
    expect(await found).toEqual([]);
  });

  test('LAN and loopback addresses are accepted from senders in the same network', async () => {
    const node = await world.node({ ...quiet, host: '192.168.0.1' });
    const lan = world.peer({ host: '192.168.0.2' });
    const loopback = world.peer({ host: '127.0.0.1' });
    await world.settle();
    const hosts = async (peer: typeof lan): Promise<string[]> => {
      await peer.bond(node, () => world.settle());
      const found = node.findNode(enodeOf(peer), target);
      await world.settle();
      const neighbors = ['10.1.1.1', '127.0.0.1', '60.1.1.1'].map((host, i) => [
        parseIp(host) ?? '',
        30303,
        30303,
        idOf(i),
      ]);
      peer.neighbors(node.localAddress, neighbors);
      await world.clock.advance(500);
      return (await found).map(({ host }) => host);
    };
    expect(await hosts(lan)).toEqual(['10.1.1.1', '60.1.1.1']);
    expect(await hosts(loopback)).toEqual(['10.1.1.1', '127.0.0.1', '60.1.1.1']);
  });

  test('netRestrict leaves out other networks, regardless of the sender', async () => {
    const netRestrict = [{ network: Uint8Array.of(60, 1, 0, 0), prefix: 16 }];
    const node = await world.node({ ...quiet, netRestrict });
    const outside = world.peer();
    await world.settle();
    await outside.bond(node, () => world.settle());
    expect(node.nodes()).toEqual([]);
    const found = node.findNode(enodeOf(outside), target);
    await world.settle();
    const neighbors = ['60.1.1.1', '60.2.1.1'].map((host, i) => [parseIp(host) ?? '', 30303, 0, idOf(i)]);
    outside.neighbors(node.localAddress, neighbors);
    await world.clock.advance(500);
    expect((await found).map(({ host }) => host)).toEqual(['60.1.1.1']);
  });

  test('and are not sent to nodes that cannot reach them', async () => {
    const node = await world.node({ ...quiet, host: '192.168.0.1' });
    await world.settle();
    const lan = [1, 2, 3].map((i) => world.peer({ host: `192.168.0.${i + 1}` }));
    const stranger = world.peer();
    for (const peer of [...lan, stranger]) await peer.bond(node, () => world.settle());
    stranger.findNode(node.localAddress, target);
    lan[0]?.findNode(node.localAddress, target);
    await world.settle();
    const told = (peer: typeof stranger | undefined) => peer?.got('neighbors')[0]?.packet.nodes.length;
    expect([told(stranger), told(lan[0])]).toEqual([1, 4]);
  });
});

test('HX-09 D4-10 10,000 ids from one /24 get 10 places, and 2 in a bucket', async () => {
  const node = await world.node({ ...quiet, maxPacketsPerSecond: 1e6 });
  await world.settle();
  const { crypto, clock, network } = world;
  // Each proves its endpoint: the attacker owns all 254 addresses.
  for (let batch = 0; batch < 10; batch++) {
    const peers = Array.from({ length: 1000 }, (_, i) =>
      world.peer({ host: `66.6.6.${1 + (i % 254)}`, port: 2000 + batch * 1000 + i }),
    );
    for (const peer of peers) peer.ping(node.localAddress);
    await clock.advance(50);
    for (const peer of peers) for (const { hash } of peer.got('ping')) peer.pong(node.localAddress, hash);
    await clock.advance(50);
    await clock.advance(500);
  }
  const nodes = node.nodes();
  expect(nodes.length).toBeGreaterThan(4);
  expect(nodes.length).toBeLessThanOrEqual(10);
  const buckets = new Map<number, number>();
  for (const { id } of nodes) {
    const a = crypto.keccak256(id);
    const b = crypto.keccak256(node.id);
    const bit = a.findIndex((byte, i) => byte !== b[i]);
    const distance = 256 - 8 * bit - Math.clz32((a[bit] ?? 0) ^ (b[bit] ?? 0)) + 24;
    buckets.set(distance, (buckets.get(distance) ?? 0) + 1);
  }
  expect(Math.max(...buckets.values())).toBeLessThanOrEqual(2);
  expect(new Set(nodes.map(({ host }) => networkGroup(parseIp(host) ?? target))).size).toBe(1);
  // An honest node is still added.
  const honest = world.peer();
  await honest.bond(node, () => world.settle());
  expect(node.nodes().map(({ host }) => host)).toContain(honest.address.host);
  expect(network.sent).toBeGreaterThan(20_000);
});

test('discovery continues after any packet', async () => {
  const node = await world.node({ ...quiet, maxPacketsPerSecond: 1e6 });
  const peer = world.peer();
  await world.settle();
  for (let i = 0; i < 2_000; i++) {
    const type = i % 8;
    peer.send(node.localAddress, type, [world.random(i % 70), [world.random(4), i, ''], i]);
    world.network.send({
      bytes: world.random(i % 1500),
      from: peer.address,
      to: node.localAddress,
    });
  }
  world.network.send({
    bytes: target,
    from: { host: 'fe80::1%eth0', port: 1 },
    to: node.localAddress,
  });
  world.network.send({ bytes: target, from: { host: '9.9.9.9', port: 0 }, to: node.localAddress });
  await world.settle();
  peer.received.length = 0;
  peer.ping(node.localAddress);
  await world.settle();
  expect(peer.got('pong')).toHaveLength(1);
});
