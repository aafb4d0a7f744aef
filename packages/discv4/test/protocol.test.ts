import { fromHex, toHex } from '@devp2p/bytes';
import type { Input } from 'rlp';
import { afterEach, describe, expect, test } from 'vitest';
import type { Discv4 } from '../src/index.ts';
import type { RawPeer } from './raw.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

const target = new Uint8Array(64).fill(9);

async function nodeAndPeer(): Promise<[Discv4, RawPeer]> {
  const node = await world.node(quiet);
  const peer = world.peer();
  await world.settle();
  return [node, peer];
}

test('D4-02 an expired packet gets no response', async () => {
  const [node, peer] = await nodeAndPeer();
  await peer.bond(node, () => world.settle());
  const past: Input[] = [0, 1, peer.expiration(-1), 2n ** 63n, 2n ** 64n - 1n];
  for (const expiration of past) {
    peer.ping(node.localAddress, expiration);
    peer.findNode(node.localAddress, target, expiration);
    peer.enrRequest(node.localAddress, expiration);
  }
  await world.settle();
  expect(peer.received).toEqual([]);
  expect(node.stats.expired).toBe(3 * past.length);
  peer.findNode(node.localAddress, target, 2n ** 63n - 1n);
  await world.settle();
  expect(peer.got('neighbors')).toHaveLength(1);
});

test('D4-02 sent packets expire after 20 s', async () => {
  const [node, peer] = await nodeAndPeer();
  peer.ping(node.localAddress);
  await world.settle();
  for (const { packet } of peer.received) {
    expect(packet).toMatchObject({ expiration: Math.floor(world.clock.now() / 1000) + 20 });
  }
  expect(peer.received).toHaveLength(2);
});

test('D4-03 the response to a Ping is a Pong with its hash and source, and a Ping', async () => {
  const [node, peer] = await nodeAndPeer();
  const hash = peer.send(node.localAddress, 1, [
    4,
    [fromHex('c0000200'), 1, 5555],
    [fromHex('c0000200'), 2, 0],
    peer.expiration(),
  ]);
  await world.settle();
  expect(peer.received.map(({ packet }) => packet.type)).toEqual(['pong', 'ping']);
  const [pong] = peer.got('pong');
  const ip = Uint8Array.from(peer.address.host.split('.').map(Number));
  expect(pong?.packet).toMatchObject({
    pingHash: hash,
    to: { ip, udp: peer.address.port, tcp: 5555 },
    enrSeq: node.localEnr.seq,
  });
  expect(peer.got('ping')[0]?.packet).toMatchObject({ version: 4n, from: { tcp: 30303 } });
});

test('D4-03 a node with an endpoint proof gets no further Ping', async () => {
  const [node, peer] = await nodeAndPeer();
  await peer.bond(node, () => world.settle());
  peer.ping(node.localAddress);
  await world.clock.advance(50);
  expect(peer.received.map(({ packet }) => packet.type)).toEqual(['pong']);
});

describe('D4-04 FindNode and ENRRequest are answered only after an endpoint proof', () => {
  const ask = (node: Discv4, peer: RawPeer): void => {
    peer.received.length = 0;
    peer.findNode(node.localAddress, target);
    peer.enrRequest(node.localAddress);
  };

  test('which is valid for 24 hours', async () => {
    const [node, peer] = await nodeAndPeer();
    ask(node, peer);
    await world.settle();
    expect(peer.received).toEqual([]);
    await peer.bond(node, () => world.settle());
    ask(node, peer);
    await world.settle();
    expect(peer.received.map(({ packet }) => packet.type)).toEqual(['neighbors', 'enrResponse']);
    await world.clock.advance(24 * 3_600_000);
    ask(node, peer);
    await world.settle();
    expect(peer.got('neighbors')).toEqual([]);
    expect(peer.got('enrResponse')).toEqual([]);
  });

  test('which a Pong with another hash does not give', async () => {
    const [node, peer] = await nodeAndPeer();
    peer.ping(node.localAddress);
    await world.settle();
    peer.pong(node.localAddress, new Uint8Array(32));
    await world.settle();
    ask(node, peer);
    await world.settle();
    expect(peer.received).toEqual([]);
    expect(node.nodes()).toEqual([]);
  });

  test('nor a late Pong', async () => {
    const [node, peer] = await nodeAndPeer();
    peer.ping(node.localAddress);
    await world.settle();
    const [ping] = peer.got('ping');
    await world.clock.advance(500);
    peer.pong(node.localAddress, ping?.hash ?? target);
    await world.settle();
    ask(node, peer);
    await world.settle();
    expect(peer.received).toEqual([]);
  });

  test('nor a Pong from another source or signer', async () => {
    const [node, peer] = await nodeAndPeer();
    const privateKey = world.random(32);
    const victim = world.peer({ privateKey });
    const attacker = world.peer({ privateKey });
    victim.ping(node.localAddress);
    await world.settle();
    const [ping] = victim.got('ping');
    attacker.pong(node.localAddress, ping?.hash ?? target);
    const stranger = world.peer({ host: victim.address.host });
    stranger.pong(node.localAddress, ping?.hash ?? target);
    await world.settle();
    for (const one of [peer, attacker, stranger]) {
      ask(node, one);
      await world.settle();
      expect(one.received).toEqual([]);
    }
    expect(node.stats.unsolicited).toBe(2);
  });
});

test('D4-05 a second IP of an id with a proof gets Pong and Ping, but no other response', async () => {
  const node = await world.node(quiet);
  const privateKey = world.random(32);
  const peer = world.peer({ privateKey });
  const second = world.peer({ privateKey });
  await world.settle();
  await peer.bond(node, () => world.settle());
  second.findNode(node.localAddress, target);
  second.enrRequest(node.localAddress);
  await world.settle();
  expect(second.received).toEqual([]);
  second.ping(node.localAddress);
  await world.settle();
  second.findNode(node.localAddress, target);
  await world.settle();
  expect(second.received.map(({ packet }) => packet.type)).toEqual(['pong', 'ping']);
  peer.findNode(node.localAddress, target);
  await world.settle();
  expect(peer.got('neighbors')).toHaveLength(1);
});

test('D4-06 the 16 closest nodes are sent in packets of at most 12 nodes and 1280 bytes', async () => {
  const node = await world.node(quiet);
  await world.settle();
  const peers = Array.from({ length: 40 }, () => world.peer());
  for (const peer of peers) await peer.bond(node, async () => world.clock.advance(50));
  const [peer] = peers;
  if (!peer) throw new Error('no peer');
  peer.received.length = 0;
  peer.findNode(node.localAddress, target);
  await world.settle();
  const answers = peer.got('neighbors');
  expect(answers.map(({ packet }) => packet.nodes.length)).toEqual([12, 4]);
  for (const { bytes } of answers) expect(bytes.length).toBeLessThanOrEqual(1280);
  const { keccak256 } = world.crypto;
  const hash = keccak256(target);
  const distance = (id: Uint8Array): string => toHex(keccak256(id).map((byte, i) => byte ^ (hash[i] ?? 0)));
  const expected = node
    .nodes()
    .map(({ id }) => distance(id))
    .sort();
  const got = answers.flatMap(({ packet }) => packet.nodes.map(({ id }) => distance(id)));
  expect(expected.length).toBeGreaterThan(16);
  expect(got).toEqual(expected.slice(0, 16));
});

describe('D4-07 responses are matched to requests', () => {
  const neighbor = (i: number): Input => [
    Uint8Array.of(60, i, 1, 1),
    30303,
    30303,
    world.crypto.secp256k1.publicKey(new Uint8Array(32).fill(i + 1)),
  ];
  const neighbors = (count: number, start = 0): Input[] => Array.from({ length: count }, (_, i) => neighbor(start + i));

  /** A peer with a mutual endpoint proof. */
  async function acquainted(): Promise<[Discv4, RawPeer]> {
    const [node, peer] = await nodeAndPeer();
    await peer.bond(node, () => world.settle());
    return [node, peer];
  }

  test('several Neighbors packets, until there are 16 nodes', async () => {
    const [node, peer] = await acquainted();
    const found = node.findNode(enodeOf(peer), target);
    await world.settle();
    peer.neighbors(node.localAddress, neighbors(12));
    await world.settle();
    peer.neighbors(node.localAddress, neighbors(12, 12));
    await world.settle();
    expect(await found).toHaveLength(16);
  });

  test('the part received before the timeout is the result', async () => {
    const [node, peer] = await acquainted();
    let found: unknown;
    node.findNode(enodeOf(peer), target).then((nodes) => {
      found = nodes;
    });
    await world.settle();
    peer.neighbors(node.localAddress, neighbors(5));
    await world.clock.advance(399);
    expect(found).toBeUndefined();
    await world.clock.advance(1);
    expect(found).toHaveLength(5);
  });

  test('no response within 500 ms is a timeout', async () => {
    const [node, peer] = await acquainted();
    const asked = node.findNode(enodeOf(peer), target).catch(({ code }) => code);
    await world.clock.advance(500);
    expect(await asked).toBe('timeout');
    const pinged = node.ping(enodeOf(peer)).catch(({ code }) => code);
    await world.clock.advance(500);
    expect(await pinged).toBe('timeout');
  });

  test('a node that does not respond gets a Ping before the next request, because it may have lost the proof', async () => {
    const [node, peer] = await acquainted();
    const asked = (): Promise<string> => node.findNode(enodeOf(peer), target).then(String, ({ code }) => code);
    const first = asked();
    await world.clock.advance(500);
    expect([await first, peer.got('ping').length, peer.got('findNode').length]).toEqual(['timeout', 0, 1]);
    const second = asked();
    await world.settle();
    const [ping] = peer.got('ping');
    peer.pong(node.localAddress, ping?.hash ?? target);
    await world.settle();
    expect(peer.got('findNode')).toHaveLength(1);
    peer.ping(node.localAddress);
    await world.settle();
    expect(peer.got('findNode')).toHaveLength(2);
    await world.clock.advance(500);
    await second;
  });

  test('by hash, if the response has one', async () => {
    const [node, peer] = await acquainted();
    const pinged = node.ping(enodeOf(peer)).catch(({ code }) => code);
    const asked = node.requestEnr(enodeOf(peer)).catch(({ code }) => code);
    await world.settle();
    const other = world.peer();
    const record = [new Uint8Array(64), 1];
    for (const from of [peer, other]) {
      from.pong(node.localAddress, new Uint8Array(32));
      from.send(node.localAddress, 6, [new Uint8Array(32), record]);
      const [ping] = peer.got('ping');
      if (from === other) from.pong(node.localAddress, ping?.hash ?? target);
    }
    await world.clock.advance(400);
    expect(await pinged).toBe('timeout');
    expect(await asked).toBe('timeout');
  });

  test('FindNode requests to one node are sequential', async () => {
    const [node, peer] = await acquainted();
    const first = node.findNode(enodeOf(peer), target);
    const second = node.findNode(enodeOf(peer), new Uint8Array(64));
    await world.settle();
    expect(peer.got('findNode')).toHaveLength(1);
    peer.neighbors(node.localAddress, [...neighbors(8), ...neighbors(4, 20)]);
    peer.neighbors(node.localAddress, neighbors(4, 40));
    await world.settle();
    expect(peer.got('findNode').map(({ packet }) => packet.target[0])).toEqual([9, 0]);
    peer.neighbors(node.localAddress, neighbors(1, 60));
    await world.clock.advance(500);
    expect([(await first).length, (await second).length]).toEqual([16, 1]);
  });

  test('a record of another node is refused', async () => {
    const [node, peer] = await acquainted();
    const other = await world.node(quiet);
    const asked = node.requestEnr(enodeOf(peer)).catch(({ code }) => code);
    await world.settle();
    const [request] = peer.got('enrRequest');
    const { signature, seq } = other.localEnr;
    const pairs = [...other.localEnr.pairs].flatMap(([key, value]) => [key, value.subarray(1)]);
    peer.send(node.localAddress, 6, [request?.hash ?? target, [signature, seq, ...pairs]]);
    await world.settle();
    expect(await asked).toBe('invalid-record');
  });
});

describe('D4-20 limits', () => {
  test('packets above the limit of their address are dropped and counted', async () => {
    const node = await world.node({ ...quiet, maxPacketsPerSecond: 10 });
    const peer = world.peer();
    const bystander = world.peer();
    for (let i = 0; i < 100; i++) peer.ping(node.localAddress);
    bystander.ping(node.localAddress);
    await world.settle();
    expect(peer.got('pong')).toHaveLength(20);
    expect(bystander.got('pong')).toHaveLength(1);
    expect(node.stats.limited).toBe(80);
    await world.clock.advance(1_000);
    for (let i = 0; i < 100; i++) peer.ping(node.localAddress);
    await world.settle();
    expect(peer.got('pong').length).toBe(20 + 11);
  });

  test('IPv6 addresses of one /64 share a limit', async () => {
    const node = await world.node({ ...quiet, host: '2600:1::1', maxPacketsPerSecond: 10 });
    const peers = Array.from({ length: 60 }, (_, i) => world.peer({ host: `2600:2::${i + 1}` }));
    for (const peer of peers) peer.ping(node.localAddress);
    await world.settle();
    expect(peers.filter((peer) => peer.got('pong').length > 0)).toHaveLength(20);
  });

  test('a sender without a proof gets a Pong for each Ping, and one Ping at a time', async () => {
    const [node, peer] = await nodeAndPeer();
    for (let i = 0; i < 10; i++) peer.ping(node.localAddress, peer.expiration(20 + i));
    // Other ids at the same address share the limit.
    for (let i = 0; i < 10; i++) {
      const socket = { ...world.network.bind(peer.address.host), onMessage: () => undefined };
      world.network.send({
        bytes: pingOf(world.random(32), node, peer),
        from: socket.localAddress,
        to: node.localAddress,
      });
    }
    const received: string[] = [];
    world.network.onSend = ({ to, bytes }) => {
      if (to.host === peer.address.host) received.push(bytes[97] === 1 ? 'ping' : 'other');
    };
    await world.settle();
    expect(received.filter((type) => type === 'ping')).toHaveLength(1);
    expect(received).toHaveLength(21);
  });

  test('the number of pending requests is limited', async () => {
    const node = await world.node({ ...quiet, maxPending: 10 });
    const silent = Array.from({ length: 20 }, () => world.peer());
    for (const peer of silent) peer.ping(node.localAddress);
    await world.settle();
    // Other nodes can use half of it, so that own requests continue.
    expect(silent.filter((peer) => peer.got('ping').length > 0)).toHaveLength(6);
    const answers = silent.map((peer) => node.ping(enodeOf(peer)).catch(({ code }) => code));
    await world.clock.advance(500);
    const codes = await Promise.all(answers);
    expect(codes.filter((code) => code === 'busy')).toHaveLength(16);
    expect(codes.filter((code) => code === 'timeout')).toHaveLength(4);
    const [peer] = silent;
    const again = peer && node.ping(enodeOf(peer)).catch(({ code }) => code);
    await world.clock.advance(500);
    expect(await again).toBe('timeout');
  });
});

function pingOf(privateKey: Uint8Array, node: Discv4, peer: RawPeer): Uint8Array {
  let sent = new Uint8Array();
  const socket = {
    localAddress: peer.address,
    onMessage: () => undefined,
    close: async () => undefined,
    send: (bytes: Uint8Array) => {
      sent = bytes.slice();
    },
  };
  const { crypto, clock } = world;
  new (peer.constructor as typeof RawPeer)({ socket, privateKey, crypto, clock }).ping(node.localAddress);
  return sent;
}

test.each(['enough', 'timeout'])('D4-15 an abort ends a request at once, with its reason %j', async (why) => {
  const [node, peer] = await nodeAndPeer();
  const stop = new AbortController();
  const { signal } = stop;
  const requests = [
    node.ping(enodeOf(peer), { signal }),
    node.findNode(enodeOf(peer), target, { signal }),
    node.requestEnr(enodeOf(peer), { signal }),
    node.resolve(enodeOf(peer), { signal }),
  ].map((request) => request.catch((reason: unknown) => reason));
  await world.clock.advance(10);
  stop.abort(why);
  await world.clock.advance(0);
  expect(await Promise.all(requests)).toEqual([why, why, why, why]);
});

test('D4-15 an abort ends a queued FindNode, and does not change the order of the others', async () => {
  const [node, peer] = await nodeAndPeer();
  const stop = new AbortController();
  const ask = (signal?: AbortSignal) =>
    node.findNode(enodeOf(peer), target, { signal }).catch((reason: unknown) => reason);
  const first = ask();
  const second = ask(stop.signal);
  const third = ask();
  await world.clock.advance(10);
  stop.abort('enough');
  await world.clock.advance(0);
  expect(await second).toBe('enough');
  await world.settle();
  expect(peer.got('ping')).toHaveLength(1);
  await world.clock.advance(3_000);
  expect(peer.got('ping')).toHaveLength(2);
  for (const one of [first, third]) expect(await one).toMatchObject({ code: 'timeout' });
});

describe('with a long request timeout', () => {
  test('D4-03 a node that sends no Ping gets the request half a second after its Pong, and one Ping', async () => {
    const node = await world.node({ ...quiet, requestTimeout: 3_000 });
    const peer = world.peer();
    node.ping(enodeOf(peer));
    await world.settle();
    peer.pong(node.localAddress, peer.got('ping')[0]?.hash ?? target);
    await world.settle();
    const asked = node.findNode(enodeOf(peer), target).catch(({ code }) => code);
    await world.clock.advance(450);
    expect(peer.got('findNode')).toHaveLength(0);
    await world.clock.advance(100);
    expect(peer.got('findNode')).toHaveLength(1);
    expect(peer.got('ping')).toHaveLength(1);
    await world.clock.advance(3_000);
    expect(await asked).toBe('timeout');
  });

  test('D4-07 the timeout of the rest of a response is half a second, within that of the request', async () => {
    const node = await world.node({ ...quiet, requestTimeout: 3_000 });
    const peer = world.peer();
    await peer.bond(node, () => world.settle());
    const found: number[] = [];
    const ask = () => node.findNode(enodeOf(peer), target).then((nodes) => found.push(nodes.length));
    ask();
    await world.settle();
    peer.neighbors(node.localAddress, []);
    await world.clock.advance(600);
    expect(found).toEqual([0]);
    ask();
    for (let i = 0; i < 30; i++) {
      peer.neighbors(node.localAddress, []);
      await world.clock.advance(100);
    }
    expect(found).toEqual([0, 0]);
  });
});

test('without maintainTable no request is sent by itself', async () => {
  const other = await world.node(quiet);
  const node = await world.node({ maintainTable: false, bootnodes: [enodeOf(other)] });
  const peer = world.peer();
  await peer.bond(node, () => world.settle());
  await world.clock.advance(3_600_000);
  expect(peer.received).toEqual([]);
  expect(other.stats.received).toBe(0);
});
