import { setImmediate } from 'node:timers/promises';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import {
  type Channel,
  createNetworkSwitch,
  type MessageStream,
  type OpenPeerOptions,
  openPeer,
  type Peer,
  type Protocol,
  protocol,
} from '@devp2p/peer';
import { randomBytes } from '@devp2p/random';
import { RlpxError } from '@devp2p/rlpx';
import { connect, type ListenOptions, listen } from '@devp2p/rlpx/tcp';
import { afterEach, expect, test } from 'vitest';

type Test = Protocol<'test', Channel>;
type TestPeer = Peer & { readonly test: Channel };

/** Closed after each test. */
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function speaking(run: (channel: Channel, signal: AbortSignal) => Promise<void>): Test {
  return protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: (channel, { signal }) => run(channel, signal),
  });
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Reads no message. */
const idle = speaking((_, signal) => ended(signal));
/** Sends back each message. */
const echo = speaking(async (channel) => {
  for await (const { code, payload } of channel) await channel.send(code, payload);
});

/** A node on loopback. Each dial returns a pair of peers with the given protocols. */
async function host(
  clock: VirtualClock,
  transport: Partial<ListenOptions> = {},
): Promise<{
  dial(ours: Test, theirs: Test, options?: Partial<OpenPeerOptions>): Promise<[TestPeer, TestPeer]>;
}> {
  const privateKey = generatePrivateKey();
  let onStream = (_: MessageStream): void => {};
  const listener = await listen({
    privateKey,
    crypto,
    clock,
    host: '127.0.0.1',
    port: 0,
    onStream: (stream) => onStream(stream),
    ...transport,
  });
  open.push(listener);
  const id = crypto.secp256k1.publicKey(privateKey);
  const node = { id, host: listener.address.host, tcp: listener.address.port };
  return {
    async dial(ours, theirs, options) {
      const arrival = new Promise<MessageStream>((resolve) => {
        onStream = resolve;
      });
      // The remote's clock stands still: it neither pings nor times out.
      const still = createVirtualClock();
      const key = generatePrivateKey();
      const outbound = await connect(node, { privateKey: key, crypto, clock: still });
      const inbound = await arrival;
      for (const stream of [outbound, inbound]) open.push({ close: () => stream.destroy() });
      return Promise.all([
        openPeer(inbound, { protocols: [ours], clock }),
        openPeer(outbound, { protocols: [theirs], clock: still, ...options }) as Promise<TestPeer>,
      ]);
    },
  };
}

/** Sends a byte to a peer that echoes, and waits for it. */
async function roundTrip({ test }: TestPeer): Promise<void> {
  await test.send(0, Uint8Array.of(1));
  await test[Symbol.asyncIterator]().next();
}

test('PE-07 a stuck handler stops the socket of its peer, other peers are served, and no message is lost', async () => {
  const messages = 40;
  const node = await host(createVirtualClock());
  const [slow, flooder] = await node.dial(idle, idle);
  const [, other] = await node.dial(echo, idle);

  const payload = randomBytes(1_000_000);
  let sent = 0;
  const flooding = (async () => {
    for (; sent < messages; sent++) await flooder.test.send(2, payload);
  })();
  const received = () => slow.stats.received.bytes;
  while (received() < 5_000_000) await roundTrip(other);
  const stoppedAt = received();
  for (let round = 0; round < 200; round++) await roundTrip(other);
  expect(received()).toBe(stoppedAt);
  expect(stoppedAt).toBeLessThan(5_000_000 + 1_200_000);

  let taken = 0;
  for await (const message of slow.test) {
    if (Buffer.compare(message.payload, payload) !== 0) break;
    if (++taken === messages) break;
  }
  expect(taken).toBe(messages);
  await flooding;
});

test('PE-09, HX-14 two nodes that flood each other with messages of 4 MB both finish', async () => {
  const messages = 5;
  const payload = randomBytes(4_000_000);
  let intact = 0;
  const flood = speaking(async (channel, signal) => {
    const sending = (async () => {
      for (let count = 0; count < messages; count++) await channel.send(3, payload);
    })();
    let count = 0;
    for await (const message of channel) {
      if (Buffer.compare(message.payload, payload) === 0) intact++;
      if (++count === messages) break;
    }
    await sending;
    await ended(signal);
  });
  const node = await host(createVirtualClock());
  const [ours, theirs] = await node.dial(flood, flood);
  while (intact < 2 * messages) await setImmediate();
  for (const { signal } of [ours, theirs]) expect(signal.aborted).toBe(false);
});

test('PE-09, HX-14 two nodes that send 8 MB before they take a message both finish', async () => {
  const payload = randomBytes(4_000_000);
  let finished = 0;
  const rude = speaking(async (channel, signal) => {
    await channel.send(0, payload);
    await channel.send(0, payload);
    const messages = channel[Symbol.asyncIterator]();
    await messages.next();
    await messages.next();
    finished++;
    await ended(signal);
  });
  const node = await host(createVirtualClock());
  await node.dial(rude, rude);
  while (finished < 2) await setImmediate();
});

test('PE-08, HX-13 a peer that never reads while we gossip is dropped at the write timeout', async () => {
  const clock = createVirtualClock();
  const news = randomBytes(400_000);
  let heard = 0;
  const gossiping = speaking(async (channel) => {
    for await (const _ of channel) heard++;
  });
  // Data that exceeds the soft limit by more than one message is refused, and counted below.
  const node = await host(clock, { maxBuffered: 1024 * 1024 + news.length + 100_000 });
  const acknowledging = speaking(async (channel) => {
    for await (const _ of channel) void channel.send(0, new Uint8Array());
  });
  const [toHonest] = await node.dial(gossiping, acknowledging);
  // Reads Hello and one message, and then only sends.
  const [toMute, mute] = await node.dial(gossiping, idle, { receiveLimit: 1 });

  let over = false;
  void toMute.closed.then(() => {
    over = true;
  });
  const failures: unknown[] = [];
  let skipped = 0;
  let rounds = 0;
  let quiet = 0;
  while (!over) {
    rounds++;
    const expected = heard + (toMute.signal.aborted ? 1 : 2);
    for (const { test, signal } of [toHonest, toMute]) {
      if (signal.aborted) continue;
      if (test.congested) skipped++;
      else void test.send(1, news).catch(({ code }) => failures.push(code));
    }
    quiet = toMute.test.congested ? quiet + 1 : 0;
    if (!toMute.signal.aborted) void mute.test.send(0, new Uint8Array());
    // Messages of all peers are received in every second.
    while (heard < expected) await setImmediate();
    await clock.advance(1000);
  }
  const { error } = await toMute.closed;
  expect(error).toMatchObject({ code: 'stream', cause: { code: 'write-timeout' } });
  // A sender that skips messages while congested never reaches the hard limit. Queued messages fail with their peer.
  expect(failures).not.toContain('overflow');
  expect(skipped).toBeGreaterThan(15);
  expect(quiet).toBeLessThan(30);
  expect(toHonest.signal.aborted).toBe(false);
  const sent = toHonest.stats.protocols[1]?.codes.find(({ code }) => code === 1)?.sent.messages;
  expect(sent).toBe(rounds);
});

test('PE-12 the shorter time limits of the transport apply first', async () => {
  const clock = createVirtualClock();
  const node = await host(clock);
  const [toMute, mute] = await node.dial(idle, idle, { receiveLimit: 1 });
  await toMute.test.send(0, new Uint8Array());
  while (mute.stats.received.messages < 2) await setImmediate();
  await clock.advance(29_000);
  expect(toMute.signal.aborted).toBe(false);
  await clock.advance(1000);
  expect(toMute.signal.aborted).toBe(true);
  const { reason, error } = await toMute.closed;
  expect(reason).toBe('read-timeout');
  expect(error).toMatchObject({ code: 'stream', cause: { code: 'read-timeout' } });
});

test('PE-15 with the network off no peer is accepted, and with it on again all are', async () => {
  const clock = createVirtualClock();
  const counts: number[] = [];
  const network = createNetworkSwitch({ onCount: (count) => counts.push(count) });
  const privateKey = generatePrivateKey();
  const id = crypto.secp256k1.publicKey(privateKey);
  const listener = await listen({
    privateKey,
    crypto,
    clock,
    host: '127.0.0.1',
    port: 0,
    accept: () => network.active,
    onStream: (stream) => void network.open(stream, { protocols: [idle], clock }).catch(() => {}),
  });
  open.push(listener);
  const dial = async (): Promise<Peer> => {
    const { host, port: tcp } = listener.address;
    const options = { privateKey: generatePrivateKey(), crypto, clock };
    const stream = await connect({ id, host, tcp }, options);
    return openPeer(stream, { protocols: [idle], clock });
  };
  const guests = await Promise.all([dial(), dial(), dial()]);
  while (network.peers.size < 3) await setImmediate();
  await network.turnOff();
  for (const { closed } of guests) {
    expect(await closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
  }
  await expect(dial()).rejects.toBeInstanceOf(RlpxError);
  network.turnOn();
  const guest = await dial();
  while (network.peers.size < 1) await setImmediate();
  expect(counts).toEqual([1, 2, 3, 2, 1, 0, 1]);
  await guest.disconnect('requested');
});
