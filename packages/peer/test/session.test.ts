import { toHex } from '@devp2p/bytes';
import { expect, test } from 'vitest';
import {
  type Channel,
  type DisconnectReason,
  type Message,
  openPeer,
  type Peer,
  PeerError,
  type PeerHandle,
  protocol,
} from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { hello, peerWithRaw, Raw, rawPair, rlp, sink, watch } from './raw.ts';

/** A protocol named `test` whose channel and peer are accessible to the test. */
function held(): {
  channel: Channel;
  peer: PeerHandle;
  end(error?: unknown): void;
  protocols: [ReturnType<typeof protocol>];
} {
  const hand = {} as ReturnType<typeof held>;
  hand.protocols = [
    protocol({
      name: 'test',
      version: 1,
      length: 4,
      run: (channel, peer) =>
        new Promise((resolve, reject) => {
          hand.channel = channel;
          hand.peer = peer;
          hand.end = (error) => (error === undefined ? resolve() : reject(error));
        }),
    }),
  ];
  return hand;
}

function messages(channel: Channel): AsyncIterator<Message> {
  return channel[Symbol.asyncIterator]();
}

function disconnect(reason: number): string {
  return `1:${toHex(rlp([reason]))}`;
}

test('PE-06 codes are counted from 0 in both directions, for each of several protocols', async () => {
  const got: string[] = [];
  const speaks = (name: string, length: number) =>
    protocol({
      name,
      version: 1,
      length,
      run: async (channel) => {
        for await (const { code, payload } of channel) {
          got.push(`${name} ${code} ${toHex(payload)}`);
          await channel.send(code, payload);
        }
      },
    });
  const { raw, clock } = await peerWithRaw({ protocols: [speaks('b', 3), speaks('a', 2), speaks('absent', 9)] }, [
    ['a', 1],
    ['b', 1],
  ]);
  for (let code = 16; code < 21; code++) void raw.send(code, Uint8Array.of(code));
  await clock.advance(0);
  expect(got.sort()).toEqual(['a 0 10', 'a 1 11', 'b 0 12', 'b 1 13', 'b 2 14']);
  expect(raw.seen.sort()).toEqual(['16:10', '17:11', '18:12', '19:13', '20:14']);
});

test('PE-06 a protocol that returns ends the peer with requested', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  hand.end();
  await clock.advance(0);
  expect(raw.seen).toEqual([disconnect(0x00)]);
  raw.stream.destroy();
  expect(await peer.closed).toEqual({ reason: 'requested', direction: 'local', error: undefined });
});

test.each<[string, unknown, number, DisconnectReason, string]>([
  ['any error', new Error('boom'), 0x10, 'subprotocol-error', 'protocol'],
  ['no error at all', 'boom', 0x10, 'subprotocol-error', 'protocol'],
  ['an error with a reason', Object.assign(new Error(), { reason: 'useless-peer' }), 0x03, 'useless-peer', 'protocol'],
  [
    'an error with a reason of another kind',
    Object.assign(new Error(), { reason: 'toString' }),
    0x10,
    'subprotocol-error',
    'protocol',
  ],
  [
    'a PeerError',
    new PeerError('breach', 'bad', { reason: 'breach-of-protocol' }),
    0x02,
    'breach-of-protocol',
    'breach',
  ],
])(
  'PE-06 a protocol that throws %s ends the peer with the matching reason',
  async (_, thrown, number, reason, code) => {
    const hand = held();
    const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
    hand.end(thrown);
    await clock.advance(0);
    expect(raw.seen).toEqual([disconnect(number)]);
    raw.stream.destroy();
    const { error, ...end } = await peer.closed;
    expect(end).toEqual({ reason, direction: 'local' });
    expect(error).toMatchObject({ code, reason });
    expect(code === 'protocol' ? error?.cause : error).toBe(thrown);
  },
);

test('PE-06 a run that throws before its first await ends the peer', async () => {
  const { stream, raw, clock } = rawPair();
  void raw.send(0, hello());
  const peer = await openPeer(stream, {
    clock,
    protocols: [
      protocol({
        name: 'test',
        version: 1,
        length: 1,
        run: () => {
          throw new Error('at once');
        },
      }),
    ],
  });
  await clock.advance(0);
  expect(raw.seen[1]).toBe(disconnect(0x10));
  await clock.advance(2000);
  expect(await peer.closed).toMatchObject({ reason: 'subprotocol-error' });
});

test('PE-06 only the first end has an effect', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  void peer.disconnect('too-many-peers');
  void peer.disconnect('quitting');
  hand.end(new Error('late'));
  await clock.advance(2000);
  expect(raw.seen).toEqual([disconnect(0x04)]);
  expect(await peer.closed).toMatchObject({ reason: 'too-many-peers', error: undefined });
});

test('PE-06 unread messages of a protocol stop its stream at the budget of the protocol', async () => {
  const hand = held();
  const { raw, clock } = await peerWithRaw({
    protocols: [{ ...hand.protocols[0], receiveBudget: 100_000 }],
    pipe: { highWaterMark: 1, hardLimit: 10_000_000 },
  });
  let accepted = 0;
  for (let count = 0; count < 100; count++) {
    void raw.send(16, new Uint8Array(10_000)).then(() => accepted++);
  }
  await clock.advance(0);
  // Nine of them with their overhead are below 100,000 bytes, ten are not.
  expect(accepted).toBeLessThanOrEqual(11);
  const channel = messages(hand.channel);
  await channel.next();
  await clock.advance(0);
  expect(accepted).toBeLessThanOrEqual(12);
  for (let count = 0; count < 99; count++) {
    expect((await channel.next()).value?.payload.length).toBe(10_000);
  }
  expect(accepted).toBe(100);
});

test('PE-06 the number of empty unread messages is bounded', async () => {
  const hand = held();
  const { raw, clock, peer } = await peerWithRaw({ protocols: hand.protocols });
  for (let count = 0; count < 100_000; count++) void raw.send(16, new Uint8Array());
  await clock.advance(0);
  expect(peer.stats.received.messages).toBeLessThan(5_000_000 / 128 + 3);
});

test('PE-06 a new loop continues where the last one stopped', async () => {
  const hand = held();
  const { raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  for (const code of [16, 17, 18]) void raw.send(code, rlp([]));
  await clock.advance(0);
  const codes: number[] = [];
  for await (const { code } of hand.channel) {
    codes.push(code);
    break;
  }
  for await (const { code } of hand.channel) {
    codes.push(code);
    if (code === 2) break;
  }
  expect(codes).toEqual([0, 1, 2]);
});

test('PE-06 a message that cannot be sent is refused, without an unhandled rejection', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: hand.protocols,
    pipe: { hardLimit: 1000 },
  });
  void hand.channel.send(0, new Uint8Array(1001));
  await expect(hand.channel.send(0, new Uint8Array(1001))).rejects.toMatchObject({
    code: 'overflow',
  });
  for (const code of [-1, 4, 0.5, Number.NaN]) {
    void hand.channel.send(code, rlp([]));
    await expect(hand.channel.send(code, rlp([]))).rejects.toMatchObject({
      code: 'invalid-option',
    });
  }
  expect(hand.channel.congested).toBe(false);
  raw.stream.destroy();
  hand.end();
  await peer.closed;
  void hand.channel.send(0, rlp([]));
  await expect(hand.channel.send(0, rlp([]))).rejects.toMatchObject({ code: 'closed' });
  await clock.advance(0);
});

test('PE-10 messages arrive whole and in order through any back-pressure', async () => {
  const { clock } = rawPair();
  const pair = streamPair({ highWaterMark: 5000 });
  const hand = held();
  const opening = openPeer(pair[0], { protocols: hand.protocols, clock });
  const slow = held();
  await Promise.all([opening, openPeer(pair[1], { protocols: slow.protocols, clock, receiveLimit: 3000 })]);
  const sizes = Array.from({ length: 300 }, (_, index) => (index * 7919) % 2000);
  const sent = sizes.map((size, index) => hand.channel.send(index % 4, new Uint8Array(size).fill(index)));
  const reader = messages(slow.channel);
  for (const [index, size] of sizes.entries()) {
    const { code, payload } = (await reader.next()).value as Message;
    expect(code).toBe(index % 4);
    expect(payload.length).toBe(size);
    expect(payload.every((byte) => byte === index % 256)).toBe(true);
    if (index % 50 === 0) await clock.advance(0);
  }
  await Promise.all(sent);
});

test('PE-10 a message that was not sent completely before the end rejects', async () => {
  const { clock } = rawPair();
  const pair = streamPair({ highWaterMark: 1000 });
  const hand = held();
  const raw = new Raw(pair[1]);
  void raw.send(0, rlp([5, 'raw', [['test', 1]], 0, pair[1].localId]));
  const peer = await openPeer(pair[0], { protocols: hand.protocols, clock });
  await clock.advance(0);
  raw.got.length = 0;
  const outcomes = Array.from({ length: 20 }, (_, index) =>
    watch(hand.channel.send(0, new Uint8Array(600).fill(index))),
  );
  raw.stream.destroy(new Error('cable'));
  hand.end();
  await clock.advance(2000);
  await peer.closed;
  expect(raw.got.every(({ payload }, index) => payload.length === 600 && payload[599] === index)).toBe(true);
  expect(outcomes.some(({ error }) => error !== undefined)).toBe(true);
  expect(outcomes.every((outcome) => 'value' in outcome || 'error' in outcome)).toBe(true);
});

test('PE-11 a message that a protocol cannot parse ends the connection and is counted', async () => {
  const strict = protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: async (channel) => {
      for await (const { payload } of channel) {
        if (payload[0] !== 0xc0) throw new PeerError('breach', 'no list', { reason: 'breach-of-protocol' });
      }
    },
  });
  const { peer, raw, clock } = await peerWithRaw({ protocols: [strict] });
  void raw.send(16, rlp([]));
  void raw.send(17, new Uint8Array(1234));
  void raw.send(18, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toEqual([disconnect(0x02)]);
  await clock.advance(2000);
  expect(await peer.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'local' });
  expect(peer.stats.protocols[1]?.codes).toMatchObject([
    { code: 0, received: { messages: 1, bytes: 1 } },
    { code: 1, received: { messages: 1, bytes: 1234 } },
    { code: 2, received: { messages: 1, bytes: 1 } },
  ]);
});

test('PE-13 statistics count by protocol, code and direction, with times that clock jumps do not change', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: hand.protocols,
    flags: { trusted: true },
  });
  const start = clock.now();
  expect(peer.flags).toEqual({ trusted: true, static: false });
  expect(hand.peer.flags).toBe(peer.flags);
  await clock.advance(1000);
  clock.jump(3_600_000);
  void raw.send(16, new Uint8Array(10));
  void raw.send(18, new Uint8Array(20));
  void raw.send(16, new Uint8Array(30));
  await clock.advance(1000);
  void hand.channel.send(3, new Uint8Array(40));
  void raw.send(2, rlp([]));
  await clock.advance(500);
  const helloSize = hello().length;
  const stats = peer.stats;
  expect(stats).toMatchObject({
    connectedAt: start,
    lastReceive: start + 2000,
    lastSend: start + 2000,
    minPing: undefined,
    received: { messages: 5, bytes: helloSize + 61 },
    sent: { messages: 3, bytes: expect.any(Number) },
    stray: { messages: 0, bytes: 0 },
  });
  const none = { messages: 0, bytes: 0 };
  expect(stats.protocols[0]).toMatchObject({
    name: 'p2p',
    version: 5,
    codes: [
      { code: 0, received: { messages: 1, bytes: helloSize }, sent: { messages: 1 } },
      { code: 2, received: { messages: 1, bytes: 1 }, sent: none },
      { code: 3, received: none, sent: { messages: 1, bytes: 1 } },
    ],
  });
  expect(stats.protocols[1]).toEqual({
    name: 'test',
    version: 1,
    codes: [
      { code: 0, received: { messages: 2, bytes: 40 }, sent: none },
      { code: 2, received: { messages: 1, bytes: 20 }, sent: none },
      { code: 3, received: none, sent: { messages: 1, bytes: 40 } },
    ],
  });
  void peer.disconnect('quitting');
  await clock.advance(0);
  expect(peer.stats.protocols[0]?.codes[1]).toMatchObject({
    code: 1,
    sent: { messages: 1, bytes: 2 },
  });
  expect(stats.sent.messages).toBe(3);
});

test('PE-04 disconnect sends the reason, waits for the remote, and destroys after 2 s', async () => {
  const hand = held();
  const { peer, raw, stream, clock } = await peerWithRaw({ protocols: hand.protocols });
  const done = watch(peer.disconnect('too-many-peers'));
  expect(hand.peer.signal.aborted).toBe(true);
  hand.end();
  await clock.advance(1999);
  expect(raw.seen).toEqual([disconnect(0x04)]);
  expect(raw.end).toBeUndefined();
  expect(done).toEqual({});
  await clock.advance(1);
  expect(raw.end).toBe('clean');
  expect('value' in done).toBe(true);
  await stream.closed;
  expect(await peer.closed).toEqual({
    reason: 'too-many-peers',
    direction: 'local',
    error: undefined,
  });
  expect(clock.pending).toBe(0);
});

test('PE-04 messages that arrive after our Disconnect are counted and dropped', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  const next = messages(hand.channel).next();
  const done = peer.disconnect('requested');
  expect(await next).toEqual({ done: true, value: undefined });
  void raw.send(16, rlp([]));
  void raw.send(2, rlp([]));
  void raw.send(99, rlp([]));
  await clock.advance(100);
  expect(peer.stats.received.messages).toBe(4);
  expect(await messages(hand.channel).next()).toEqual({ done: true, value: undefined });
  expect(raw.seen).toEqual([disconnect(0x00)]);
  void raw.send(1, rlp([0x08]));
  await done;
  hand.end();
  expect(await peer.closed).toMatchObject({ reason: 'requested', direction: 'local' });
});

test('PE-04 our Disconnect drops unread messages and resumes a stopped stream', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: hand.protocols,
    receiveLimit: 1000,
  });
  for (let count = 0; count < 10; count++) void raw.send(16, new Uint8Array(900));
  await clock.advance(0);
  expect(peer.stats.received.messages).toBe(1 + 1);
  void peer.disconnect('quitting');
  expect(await messages(hand.channel).next()).toEqual({ done: true, value: undefined });
  hand.end();
  void raw.send(1, rlp([0x00]));
  await clock.advance(0);
  expect(await peer.closed).toMatchObject({ reason: 'quitting', direction: 'local' });
  expect(peer.stats.received.messages).toBe(1 + 10 + 1);
  expect(clock.pending).toBe(0);
});

test.each<[number, DisconnectReason | undefined]>([
  [0x00, 'requested'],
  [0x03, 'useless-peer'],
  [0x08, 'quitting'],
  [0x10, 'subprotocol-error'],
  [0x7f, undefined],
])('PE-04 a Disconnect %i of the remote is reported as its own', async (number, reason) => {
  for (const payload of [rlp([number]), rlp(number)]) {
    const { peer, raw, clock } = await peerWithRaw();
    void raw.send(1, payload);
    await clock.advance(0);
    expect(raw.seen).toEqual([]);
    expect(raw.end).toBe('clean');
    const end = await peer.closed;
    expect(end).toMatchObject({ reason, direction: 'remote' });
    expect(end.error?.code).toBe(reason === undefined ? 'disconnected' : undefined);
    expect(clock.pending).toBe(0);
  }
});

test('PE-04 messages that arrived before the Disconnect of the remote can still be read', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  const codes: number[] = [];
  for (const code of [16, 17, 18]) void raw.send(code, rlp([]));
  void raw.send(1, rlp([0x08]));
  await clock.advance(0);
  for await (const { code } of hand.channel) codes.push(code);
  expect(codes).toEqual([0, 1, 2]);
  hand.end();
  expect(await peer.closed).toMatchObject({ reason: 'quitting', direction: 'remote' });
});

test('PE-14 an orderly end of the stream, a failure and an end by the stream itself differ in code and reason', async () => {
  const orderly = await peerWithRaw();
  orderly.raw.stream.destroy();
  expect(await orderly.peer.closed).toEqual({
    reason: undefined,
    direction: 'remote',
    error: undefined,
  });

  const broken = await peerWithRaw();
  const reset = new Error('ECONNRESET');
  broken.raw.stream.destroy(reset);
  expect(await broken.peer.closed).toMatchObject({
    reason: 'tcp-error',
    direction: 'remote',
    error: { code: 'stream', cause: { cause: reset } },
  });

  const { stream, raw, clock } = rawPair();
  const silence = Object.assign(new Error('no frame in 30 s'), { reason: 'read-timeout' });
  let read = stream.read;
  void raw.send(0, hello());
  const peer = await openPeer(
    {
      ...stream,
      read: () => {
        const result = read();
        read = () => Promise.reject(silence);
        return result;
      },
    },
    { protocols: [sink], clock },
  );
  expect(await peer.closed).toMatchObject({
    reason: 'read-timeout',
    direction: 'local',
    error: { code: 'stream', cause: silence },
  });
  await clock.advance(0);
  expect(raw.seen[1]).toBe(disconnect(0x0b));
  expect(raw.end).toBe('clean');
});

test('PE-14 a wait for room or for a message is no error, for any duration', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: hand.protocols,
    receiveLimit: 1000,
    pipe: { highWaterMark: 1000 },
  });
  for (let count = 0; count < 10; count++) void raw.send(16, new Uint8Array(900));
  const closed = watch(peer.closed);
  await clock.advance(600_000);
  expect(closed).toEqual({});
  const reader = messages(hand.channel);
  for (let count = 0; count < 10; count++) expect((await reader.next()).done).toBe(false);
});

test('PE-14 a stream that fails while it is not read ends the peer', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({
    protocols: hand.protocols,
    receiveLimit: 1000,
  });
  for (let count = 0; count < 10; count++) void raw.send(16, new Uint8Array(900));
  await clock.advance(0);
  raw.stream.destroy(new Error('cable'));
  await clock.advance(0);
  expect(hand.peer.signal.aborted).toBe(true);
  hand.end();
  expect(await peer.closed).toMatchObject({ error: { code: 'stream' } });
});

test('PE-06 a protocol that awaits its own disconnect does not delay the end', async () => {
  const { peer, raw, clock } = await peerWithRaw({
    protocols: [
      protocol({
        name: 'test',
        version: 1,
        length: 1,
        run: async (channel, peer) => {
          for await (const _ of channel) await peer.disconnect('useless-peer');
        },
      }),
    ],
  });
  const closed = watch(peer.closed);
  void raw.send(16, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toEqual([disconnect(0x03)]);
  raw.stream.destroy();
  await clock.advance(0);
  expect(closed.value).toMatchObject({ reason: 'useless-peer' });
});

test('PE-16 a protocol that never ends delays closed by 2 s at most', async () => {
  const hand = held();
  const { peer, raw, clock } = await peerWithRaw({ protocols: hand.protocols });
  const closed = watch(peer.closed);
  void raw.send(16, rlp([]));
  void raw.send(1, rlp([0x08]));
  await clock.advance(1999);
  expect(closed).toEqual({});
  await clock.advance(1);
  expect(closed.value).toMatchObject({ reason: 'quitting' });
  expect(clock.pending).toBe(0);
  expect((await messages(hand.channel).next()).done).toBe(true);
});

test('a peer is disposable', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const disposed = (peer as Peer)[Symbol.asyncDispose]();
  await clock.advance(0);
  expect(raw.seen).toEqual([disconnect(0x00)]);
  raw.stream.destroy();
  await disposed;
});

test('PE-04 a Disconnect of the remote after ours is reported beside our reason', async () => {
  const { peer, raw } = await peerWithRaw();
  const leaving = peer.disconnect('useless-peer');
  raw.send(1, rlp([0x10]));
  await leaving;
  expect(await peer.closed).toEqual({
    reason: 'useless-peer',
    direction: 'local',
    answer: 'subprotocol-error',
  });
});
