import { createVirtualClock } from '@devp2p/clock/virtual';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Channel, type Message, openPeer, PeerError, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { hello, peerWithRaw, rawPair, rlp, watch } from './raw.ts';

const ping = '2:c0';
const pong = '3:c0';

/** A protocol without a handler: the test reads its messages. */
function stuck(name = 'test'): { protocol: ReturnType<typeof protocol>; channel: Channel } {
  const hand = {} as ReturnType<typeof stuck>;
  hand.protocol = protocol({
    name,
    version: 1,
    length: 4,
    run: async (channel, { signal }) => {
      hand.channel = channel;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  return hand;
}

async function take(channel: Channel, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of channel) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

/** Sends every message back. */
const echo = protocol({
  name: 'test',
  version: 1,
  length: 4,
  run: async (channel) => {
    for await (const { code, payload } of channel) await channel.send(code, payload);
  },
});

test('PE-07 reading stops at 5 MB of unread messages and resumes below', async () => {
  const hand = stuck();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: [hand.protocol],
    pipe: { hardLimit: 20_000_000 },
  });
  const received = () => peer.stats.received.messages - 1;
  const payload = new Uint8Array(100_000 - 128);
  for (let count = 0; count < 100; count++) void raw.send(16 + (count % 4), payload);
  await clock.advance(0);
  expect(received()).toBe(50);
  for (let count = 1; count <= 50; count++) {
    const [message] = await take(hand.channel, 1);
    expect(message?.code).toBe((count - 1) % 4);
    await clock.advance(0);
    // One more for each read message, and never more than the limit at once.
    expect(received()).toBe(50 + count);
  }
});

test('PE-07 the limit applies to the unread messages of all protocols together', async () => {
  const [a, b] = [stuck('a'), stuck('b')];
  const { peer, raw, clock } = await peerWithRaw({ protocols: [a.protocol, b.protocol], receiveLimit: 10_000 }, [
    ['a', 1],
    ['b', 1],
  ]);
  const payload = new Uint8Array(1000 - 128);
  for (let count = 0; count < 20; count++) void raw.send(count % 2 === 0 ? 16 : 20, payload);
  await clock.advance(0);
  expect(peer.stats.received.messages).toBe(1 + 10);
  await take(b.channel, 3);
  await clock.advance(0);
  expect(peer.stats.received.messages).toBe(1 + 13);
});

test('PE-06, PE-07 a protocol may have a smaller budget', async () => {
  const [a, b] = [stuck('a'), stuck('b')];
  const { peer, raw, clock } = await peerWithRaw(
    { protocols: [{ ...a.protocol, receiveBudget: 3000 }, b.protocol], receiveLimit: 10_000 },
    [
      ['a', 1],
      ['b', 1],
    ],
  );
  const received = () => peer.stats.received.messages - 1;
  const payload = new Uint8Array(1000 - 128);
  for (let count = 0; count < 5; count++) void raw.send(20, payload);
  for (let count = 0; count < 5; count++) void raw.send(16, payload);
  await clock.advance(0);
  expect(received()).toBe(8);
  await take(b.channel, 5);
  await clock.advance(0);
  expect(received()).toBe(8);
  await take(a.channel, 1);
  await clock.advance(0);
  expect(received()).toBe(9);
  const half = protocol({
    name: 'c',
    version: 1,
    length: 1,
    receiveBudget: 1,
    run: async () => {},
  });
  expect(half.receiveBudget).toBe(1);
});

test.each([0, -1, Number.NaN])(
  'PE-07 a budget of %d bytes is refused, since no message could be read',
  async (bytes) => {
    for (const options of [
      { protocols: [{ ...echo, receiveBudget: bytes }] },
      { protocols: [echo], receiveLimit: bytes },
    ]) {
      const { stream, raw, clock } = rawPair();
      const outcome = watch(openPeer(stream, { clock, ...options }));
      raw.stream.destroy();
      await clock.advance(2000);
      expect(outcome.error).toMatchObject({ code: 'invalid-option' });
    }
  },
);

test('PE-07 a blocked handler does not delay other peers by a turn', async () => {
  const hand = stuck();
  const slow = await peerWithRaw({ protocols: [hand.protocol] });
  const other = await peerWithRaw({ protocols: [echo] });
  /** Turns of the event loop until the echo arrives. */
  const latency = async (): Promise<number> => {
    other.raw.got.length = 0;
    void other.raw.send(16, Uint8Array.of(7));
    for (let turns = 0; ; turns++) {
      if (other.raw.seen[0] === '16:07') return turns;
      await new Promise(setImmediate);
    }
  };
  const idle = await latency();
  const payload = new Uint8Array(100_000);
  for (let round = 0; round < 20; round++) {
    // A megabyte more each round; the rest waits in the queue of the sender.
    for (let count = 0; count < 10; count++) slow.raw.send(16, payload).catch(() => {});
    expect(await latency()).toBe(idle);
  }
  expect(slow.peer.stats.received.bytes).toBeLessThan(5_200_000);
});

test('PE-07 while reading has stopped, Pings are sent, and other messages wait in order', async () => {
  const hand = stuck();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: [hand.protocol],
    receiveLimit: 1000,
  });
  const closed = watch(peer.closed);
  void raw.send(16, new Uint8Array(900));
  void raw.send(2, rlp([]));
  void raw.send(1, rlp([0x08]));
  await clock.advance(30_000);
  expect(raw.seen).toEqual([ping, ping]);
  expect(closed).toEqual({});
  expect(peer.signal.aborted).toBe(false);
  await take(hand.channel, 1);
  await clock.advance(0);
  expect(raw.seen).toEqual([ping, ping, pong]);
  expect(await peer.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
});

test('PE-08 over the soft limit sending waits and the channel is congested', async () => {
  const hand = stuck();
  const { raw, clock } = await peerWithRaw({
    protocols: [hand.protocol],
    pipe: { highWaterMark: 5000 },
  });
  raw.pause();
  const { channel } = hand;
  await channel.send(0, new Uint8Array(1)); // read before the remote stops reading
  await channel.send(0, new Uint8Array(4999));
  expect(channel.congested).toBe(false);
  const waiting = watch(channel.send(1, new Uint8Array(1)));
  expect(channel.congested).toBe(true);
  await clock.advance(1000);
  expect(waiting).toEqual({});
  raw.resume();
  await clock.advance(0);
  expect('value' in waiting).toBe(true);
  expect(channel.congested).toBe(false);
});

test('PE-08 a message above the hard limit is refused with an error, on any stream', async () => {
  const hand = stuck();
  const { stream, peer, clock } = await peerWithRaw({ protocols: [hand.protocol] });
  const cause = Object.assign(new Error('33 of 32 bytes'), { code: 'overflow' });
  stream.write = () => Promise.reject(cause);
  const sent = hand.channel.send(0, new Uint8Array(33));
  await expect(sent).rejects.toBeInstanceOf(PeerError);
  await expect(sent).rejects.toMatchObject({ code: 'overflow', cause });
  await clock.advance(0);
  expect(peer.signal.aborted).toBe(false);
});

test('PE-08, PE-10 the queue stays within its limit without loss, for any sends and reads', async () => {
  const soft = 2000;
  const hard = 10_000;
  // Three times more is sent than is read.
  const step = fc.oneof(
    { arbitrary: fc.nat({ max: 3000 }), weight: 3 },
    { arbitrary: fc.constant('read' as const), weight: 1 },
  );
  const steps = fc.array(step, { minLength: 30, maxLength: 100 });
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const hand = stuck();
      const clock = createVirtualClock();
      const [stream, other] = streamPair({ highWaterMark: soft, hardLimit: hard });
      void other.write(0, hello({ id: stream.remoteId }));
      await openPeer(stream, { protocols: [hand.protocol], clock });
      await other.read();
      const queue: number[] = [];
      const queued = () => queue.reduce((sum, size) => sum + size, 0);
      for (const step of list) {
        if (step === 'read') {
          const size = queue.shift();
          if (size !== undefined) expect((await other.read())?.payload.length).toBe(size);
          continue;
        }
        const before = queued();
        const outcome = watch(hand.channel.send(0, new Uint8Array(step)));
        await new Promise(setImmediate);
        if (before + step > hard) {
          expect(outcome.error).toMatchObject({ code: 'overflow' });
          refusals++;
        } else {
          queue.push(step);
          expect('value' in outcome).toBe(queued() < soft);
        }
        expect(hand.channel.congested).toBe(queued() >= soft);
        expect(queued()).toBeLessThanOrEqual(hard);
      }
      stream.destroy();
    }),
    { numRuns: 50 },
  );
  expect(refusals).toBeGreaterThan(0);
});

const large = new Uint8Array(4_000_000);

test('PE-09, HX-14 two peers that send ten times 4 MB to each other at once both finish', async () => {
  const clock = createVirtualClock();
  const flood = protocol({
    name: 'flood',
    version: 1,
    length: 1,
    run: async (channel) => {
      const sending = (async () => {
        for (let count = 0; count < 10; count++) await channel.send(0, large);
      })();
      expect(await take(channel, 10)).toHaveLength(10);
      await sending;
    },
  });
  const [a, b] = streamPair();
  const options = { clock, protocols: [flood] };
  const peers = await Promise.all([openPeer(a, options), openPeer(b, options)]);
  for (const peer of peers) expect(await peer.closed).toMatchObject({ error: undefined });
  for (const { stats } of peers) expect(stats.received.bytes).toBeGreaterThanOrEqual(40_000_000);
});

test('PE-09, HX-14 two peers that send 8 MB before they read a message both finish', async () => {
  const clock = createVirtualClock();
  const rude = protocol({
    name: 'rude',
    version: 1,
    length: 1,
    run: async (channel) => {
      await channel.send(0, large);
      await channel.send(0, large);
      expect(await take(channel, 2)).toHaveLength(2);
    },
  });
  const [a, b] = streamPair();
  const options = { clock, protocols: [rude] };
  const peers = await Promise.all([openPeer(a, options), openPeer(b, options)]);
  for (const peer of peers) expect(await peer.closed).toMatchObject({ error: undefined });
});

test('HX-13 a peer that never reads gossip costs one queue, and no message of other peers', async () => {
  const clock = createVirtualClock();
  const channels = new Set<Channel>();
  const gossip = protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: async (channel) => {
      channels.add(channel);
      for await (const _ of channel);
      channels.delete(channel);
    },
  });
  const remotes = [
    await peerWithRaw({ protocols: [gossip], clock }),
    await peerWithRaw({ protocols: [gossip], clock }),
    await peerWithRaw({ protocols: [gossip], clock }),
  ];
  const [mute, ...others] = remotes as [(typeof remotes)[0], ...typeof remotes];
  const ended = watch(mute.peer.closed);
  mute.raw.pause();
  for (const { raw } of others) raw.got.length = 0;

  const news = new Uint8Array(10_000);
  let skipped = 0;
  let rounds = 0;
  for (; ended.value === undefined && rounds < 2000; rounds++) {
    for (const channel of channels) {
      if (channel.congested) skipped++;
      else void channel.send(1, news);
    }
    // All peers are active; the silent one only does not read.
    for (const { raw } of remotes) raw.send(3, rlp([])).catch(() => {});
    await clock.advance(1000);
  }
  expect(ended.value).toMatchObject({ reason: 'tcp-error', error: { code: 'send-timeout' } });
  // Two messages that were read or exceeded the limit, and 1 MiB of queue; then no progress for 20 minutes.
  expect(mute.peer.stats.sent.bytes).toBeLessThan(1_048_576 + 2 * news.length + 500);
  expect(rounds).toBeGreaterThan(1200);
  expect(skipped).toBeGreaterThan(1000);
  for (const { peer, raw } of others) {
    expect(peer.signal.aborted).toBe(false);
    expect(raw.got.filter(({ code }) => code === 17)).toHaveLength(rounds);
  }
});
