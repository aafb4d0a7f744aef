import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { toHex } from '@devp2p/bytes';
import { systemClock } from '@devp2p/clock';
import type { BanEntry } from '@devp2p/connmgr';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import type { Enode } from '@devp2p/enr';
import { eth } from '@devp2p/eth';
import { memoryChain } from '@devp2p/eth/memory';
import { parseIpRange } from '@devp2p/ip';
import { openPeer, type Peer } from '@devp2p/peer';
import { randomBytes } from '@devp2p/random';
import { connect } from '@devp2p/rlpx/tcp';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import type { AddressBook } from '../../src/network/address-book.ts';
import { type Network, type NetworkOptions, openConnections } from '../../src/network/network.ts';
import { createPeerSet, type PeerSet } from '../../src/network/peers.ts';

const chain = memoryChain({ networkId: 1n, genesisHash: new Uint8Array(32).fill(7) });
const host = '127.0.0.1';

interface Identity {
  readonly privateKey: Uint8Array;
  readonly id: Uint8Array;
}

function identity(privateKey: Uint8Array = generatePrivateKey()): Identity {
  return { privateKey, id: fastCrypto.secp256k1.publicKey(privateKey) };
}

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

/** An address book that offers `nodes`, and records calls. */
function testBook(nodes: Enode[] = []) {
  const calls: string[] = [];
  const waiting: ((node: Enode | undefined) => void)[] = [];
  const record = (method: string) => (node: Enode | Uint8Array) =>
    void calls.push(`${method} ${toHex('id' in node ? node.id : node).slice(0, 8)}`);
  const book: AddressBook = {
    add: () => {},
    follow: async () => {},
    next: (signal) => {
      const node = nodes.shift();
      if (node !== undefined) return Promise.resolve(node);
      return new Promise((resolve) => {
        waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(undefined));
      });
    },
    nextTest: () => undefined,
    dialing: record('dialing'),
    reached: record('reached'),
    failed: record('failed'),
    unfit: record('unfit'),
    left: record('left'),
    stats: {} as AddressBook['stats'],
    close: async () => {},
  };
  return { book, calls };
}

interface TestNetwork extends Network {
  readonly peers: PeerSet;
  readonly node: Enode;
  readonly bans: BanEntry[];
}

async function start(
  options: Partial<NetworkOptions> & { bans?: BanEntry[] } = {},
  us: Identity = identity(),
): Promise<TestNetwork> {
  const peers = createPeerSet();
  const bans = options.bans ?? [];
  const network = await openConnections({
    ...us,
    host,
    port: 0,
    clientId: 'ours/1.0',
    protocols: [eth({ chain })],
    forks: chain.forks,
    peers,
    addresses: testBook().book,
    database: {
      anchors: { take: () => [], save: () => {} },
      bans: { load: async () => bans, save: async () => {} },
    },
    dialFound: true,
    staticNodes: [],
    trustedNodes: [],
    maxPeers: 50,
    dialRatio: 3,
    maxPendingPeers: 50,
    netRestrict: undefined,
    onPeer: () => {},
    crypto: fastCrypto,
    clock: systemClock,
    random: randomBytes,
    logs: silentLogs,
    ...options,
  });
  opened.push(network);
  network.start();
  return { ...network, peers, bans, node: { id: us.id, host, tcp: network.port, udp: 0 } };
}

/** Connects to a network as a peer. */
async function join({ node }: TestNetwork, who: Identity = identity()): Promise<Peer> {
  const stream = await connect(node, { privateKey: who.privateKey, crypto: fastCrypto });
  const peer = await openPeer(stream, { clientId: 'theirs/1.0', protocols: [eth({ chain })] });
  opened.push({ close: () => peer.disconnect('requested') });
  await peer.eth.status;
  return peer;
}

const refusal = (reason: string) => ({ code: 'disconnected', reason });

describe('ND-01 inbound connections', () => {
  test('ND-01 ET-15 beyond maxPeers only trusted nodes are accepted, as soon as they are trusted', async () => {
    const [friend, stranger] = [identity(), identity()];
    const network = await start({ maxPeers: 2, dialRatio: 2, trustedNodes: [] });
    await join(network);
    await expect(join(network, stranger)).rejects.toMatchObject(refusal('too-many-peers'));
    await expect(join(network, friend)).rejects.toMatchObject(refusal('too-many-peers'));
    network.trust(friend.id);
    const peer = await join(network, friend);
    expect(peer.closed).toBeInstanceOf(Promise);
    await network.peers.arrival(friend.id);
    expect(network.peers.list()).toHaveLength(2);
    network.distrust(friend.id);
    expect(await peer.closed).toMatchObject({ reason: 'too-many-peers', direction: 'remote' });
  });

  test('ND-01 ET-15 neither a connected node nor the node itself is accepted', async () => {
    const us = identity();
    const network = await start({}, us);
    const friend = identity();
    await join(network, friend);
    await network.peers.arrival(friend.id);
    await expect(join(network, friend)).rejects.toMatchObject(refusal('already-connected'));
    const stream = await connect(network.node, { privateKey: us.privateKey, crypto: fastCrypto });
    expect(await stream.read()).toMatchObject({ code: 1, payload: Uint8Array.of(0xc1, 10) });
    await stream.close();
  });

  test('ND-01 a node in a banned range, or outside netRestrict, receives no byte', async () => {
    const ban: BanEntry = {
      kind: 'ban',
      range: parseIpRange('127.0.0.0/8'),
      until: Date.now() + 60_000,
      reason: 'a test',
    };
    for (const options of [{ bans: [ban] }, { netRestrict: [parseIpRange('192.0.2.0/24')] }]) {
      await expect(join(await start(options))).rejects.toMatchObject({ name: 'RlpxError' });
    }
  });

  test('ND-01 an invalid ban is named', async () => {
    const bad = { kind: 'ban', range: parseIpRange('192.0.2.0/24'), until: Number.NaN, reason: '' };
    await expect(start({ bans: [bad as BanEntry] })).rejects.toMatchObject({
      code: 'bans-unusable',
      message: expect.stringContaining('entry 1'),
    });
  });
});

describe('ND-01 outbound connections', () => {
  test('ND-01 nodes of the address book are dialed, and it is notified of the results', async () => {
    const them = await start();
    const gone = await start();
    await gone.close();
    const { book, calls } = testBook([gone.node, them.node]);
    const us = await start({ addresses: book });
    await us.peers.arrival(them.node.id);
    const name = ({ node }: TestNetwork): string => toHex(node.id).slice(0, 8);
    expect(calls).toEqual(
      expect.arrayContaining([
        `dialing ${name(gone)}`,
        `failed ${name(gone)}`,
        `dialing ${name(them)}`,
        `reached ${name(them)}`,
      ]),
    );
    expect(calls).not.toContain(`failed ${name(them)}`);
    expect(us.snapshot()).toMatchObject({ outbound: 1 });
  });

  test('ND-01 the address of a full node is not marked as failed', async () => {
    const full = await start({ maxPeers: 0 });
    const { book, calls } = testBook([full.node]);
    const us = await start({ addresses: book });
    while (Object.keys(us.snapshot().counters.failures).length === 0) await setImmediate();
    expect(calls).toEqual([`dialing ${toHex(full.node.id).slice(0, 8)}`]);
  });

  test('ND-01 static nodes are dialed beyond the limit, and redialed after each end', async () => {
    const them = await start();
    const us = await start({ maxPeers: 0, staticNodes: [them.node] });
    await us.staticsTried;
    for (let round = 0; round < 2; round++) {
      await us.peers.arrival(them.node.id);
      const [peer] = us.peers.list();
      expect(peer).toMatchObject({ inbound: false, isStatic: true });
      await them.peers.arrival(us.node.id);
      await them.peers.list()[0]?.disconnect('requested');
      await peer?.closed;
    }
    us.removeStatic(them.node.id);
  });

  test('ND-11 a node that is added twice is kept once, and removed permanently', async () => {
    const gone = await start();
    await gone.close();
    const other = { ...gone.node, udp: gone.node.tcp };
    const us = await start({ staticNodes: [gone.node, other] });
    await us.staticsTried;
    us.addStatic(other);
    expect(us.snapshot().requests.filter(({ permanent }) => permanent)).toHaveLength(1);
    us.removeStatic(gone.node.id);
    expect(us.snapshot().requests.filter(({ permanent }) => permanent)).toEqual([]);
  });

  test('CM-18 a static node that is added again is dialed at its last address', async () => {
    const [gone, them] = [await start(), await start()];
    await gone.close();
    const stale = { ...them.node, tcp: gone.node.tcp };
    const us = await start({ staticNodes: [stale] });
    await us.staticsTried;
    us.addStatic(them.node);
    await us.peers.arrival(them.node.id);
    expect(us.peers.list()).toMatchObject([{ isStatic: true }]);
    expect(us.snapshot().requests.filter(({ permanent }) => permanent)).toHaveLength(1);
    us.removeStatic(them.node.id);
    const listed = await start({ staticNodes: [stale, them.node] });
    await listed.peers.arrival(them.node.id);
  });

  test('CM-18 an unreachable static node is dialed at the address that discovery finds', async () => {
    const [gone, them] = [await start(), await start()];
    await gone.close();
    const us = await start({
      staticNodes: [{ ...them.node, tcp: gone.node.tcp }],
      locate: async ({ id }) => (toHex(id) === toHex(them.node.id) ? them.node : undefined),
    });
    await us.peers.arrival(them.node.id);
    expect(us.peers.list()).toMatchObject([{ isStatic: true }]);
  });

  test('CM-04 a static node of another chain is dialed again after a minute at the earliest', async () => {
    const chain = memoryChain({ networkId: 2n, genesisHash: new Uint8Array(32).fill(7) });
    const them = await start({ protocols: [eth({ chain })] });
    const { book, calls } = testBook([them.node]);
    const us = await start({ staticNodes: [them.node], addresses: book, dialFound: false });
    await us.staticsTried;
    const [request] = us.snapshot().requests;
    expect(request).toMatchObject({ state: 'failing', retries: 1 });
    expect(request?.retryIn).toBeGreaterThan(50_000);
    expect(calls).toContain(`unfit ${toHex(them.node.id).slice(0, 8)}`);
    expect(us.incompatible.recent()).toEqual({ count: 1, most: 'network' });
    while (them.incompatible.recent().count === 0) await setImmediate();
    expect(them.incompatible.recent()).toEqual({ count: 1, most: 'network' });
  });

  test('ND-01 an unreachable static node counts as tried', async () => {
    const gone = await start();
    await gone.close();
    const us = await start({ staticNodes: [gone.node] });
    await us.staticsTried;
    expect(us.peers.list()).toEqual([]);
  });
});

const ordered = [1, 2]
  .map((byte) => identity(new Uint8Array(32).fill(byte)))
  .sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1));

test.each([
  ['lower', 'accepts it', 0],
  ['higher', 'refuses it', 1],
])('ND-01 of two connections that cross, the node with the %s id %s', async (_id, expected, index) => {
  const [us, them] = index === 0 ? ordered : ordered.toReversed();
  if (us === undefined || them === undefined) throw new Error('two identities');
  // Accepts connections and sends no data, so that our dial stays pending.
  const silent = createServer().listen(0, host);
  await once(silent, 'listening');
  const { port: tcp } = silent.address() as AddressInfo;
  const arrived = once(silent, 'connection');
  const { book } = testBook([{ id: them.id, host, tcp, udp: 0 }]);
  const network = await start({ addresses: book }, us);
  const [socket] = await arrived;
  if (expected === 'accepts it') await join(network, them);
  else await expect(join(network, them)).rejects.toMatchObject(refusal('already-connected'));
  socket.destroy();
  silent.close();
});
