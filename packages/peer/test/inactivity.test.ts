import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { toHex } from '@devp2p/bytes';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { type Channel, openPeer, type PeerDiagnostics, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { hello, peerWithRaw, type Raw, rawPair, rlp, sink, watch } from './raw.ts';

const second = 1000;
const minute = 60 * second;
const readTimeout = `1:${toHex(rlp([0x0b]))}`;

/** Behavior of a remote, called once at the start and once a second. */
interface Remote {
  readonly title: string;
  /** Does not read our Hello. */
  readonly deaf?: boolean;
  readonly turn: (raw: Raw, now: number) => void;
  readonly code: string;
  readonly reason: string;
  /** Time from Hello to the end. */
  readonly after: number;
}

function answersPings(raw: Raw): void {
  for (const { code } of raw.got) if (code === 2) void raw.send(3, rlp([]));
  raw.got.length = 0;
}

const remotes: readonly Remote[] = [
  {
    title: 'says nothing after Hello',
    turn: () => {},
    code: 'start-timeout',
    reason: 'read-timeout',
    after: minute,
  },
  {
    title: 'reads nothing from Hello on',
    deaf: true,
    turn: (raw) => void raw.send(16, rlp([])),
    code: 'start-timeout',
    reason: 'read-timeout',
    after: minute,
  },
  {
    title: 'falls silent after 30 s',
    turn: (raw, now) => {
      if (now <= 30 * second) void raw.send(3, rlp([]));
    },
    code: 'receive-timeout',
    reason: 'read-timeout',
    after: 30 * second + 20 * minute,
  },
  {
    title: 'stops reading after 31 s',
    turn: (raw, now) => {
      if (now === 31 * second) raw.pause();
      void raw.send(3, rlp([]));
    },
    code: 'send-timeout',
    reason: 'tcp-error',
    // The Ping at 30 s is the last one with room. The next one, at 45 s, is still read; then one waits.
    after: 45 * second + 20 * minute,
  },
  {
    title: 'answers no Ping, though it says much',
    turn: (raw) => void raw.send(16, rlp([])),
    code: 'ping-timeout',
    reason: 'read-timeout',
    after: 15 * second + 20 * minute,
  },
];

test.each(remotes)(
  'PE-12 a remote that $title is disconnected with its own code: $code',
  async ({ deaf = false, turn, code, reason, after }) => {
    const { stream, raw, clock } = rawPair({ highWaterMark: 1 });
    if (deaf) stream.write = () => new Promise(() => {});
    void raw.send(0, hello());
    const peer = await openPeer(stream, { protocols: [sink], clock });
    const start = clock.monotonic();
    const isOver = () => peer.signal.aborted;
    while (clock.monotonic() < start + after - second) {
      turn(raw, clock.monotonic() - start);
      await clock.advance(second);
    }
    await clock.advance(second - 1);
    expect(isOver()).toBe(false);
    await clock.advance(1);
    expect(isOver()).toBe(true);
    expect(clock.pending).toBe(1); // that of the Disconnect
    await clock.advance(2 * second);
    expect(await peer.closed).toMatchObject({
      reason,
      direction: 'local',
      error: { code, reason },
    });
    expect(clock.pending).toBe(0);
    if (raw.end !== undefined && reason === 'read-timeout' && !deaf) {
      expect(raw.seen.at(-1)).toBe(readTimeout);
    }
  },
);

test('PE-12 a remote that does not finish the handshake is disconnected with its own code', async () => {
  const failures: unknown[] = [];
  const listener = (message: unknown): void => {
    const event = message as PeerDiagnostics;
    if (event.type === 'failed') failures.push(event.error);
  };
  subscribe('devp2p:peer', listener);
  try {
    const { stream, raw, clock } = rawPair();
    const opening = watch(openPeer(stream, { protocols: [sink], clock }));
    await clock.advance(4999);
    expect(opening).toEqual({});
    await clock.advance(1);
    expect(raw.seen.at(-1)).toBe(readTimeout);
    raw.stream.destroy();
    await clock.advance(0);
    expect(opening.error).toMatchObject({ code: 'handshake-timeout', reason: 'read-timeout' });
    expect(failures).toEqual([opening.error]);
    expect(clock.pending).toBe(0);
  } finally {
    unsubscribe('devp2p:peer', listener);
  }
});

test('PE-12, PE-05 two peers that only answer Pings stay connected for a day, with one timer each', async () => {
  const clock = createVirtualClock();
  const streams = streamPair();
  const options = { protocols: [sink], clock };
  const peers = await Promise.all(streams.map((stream) => openPeer(stream, options)));
  for (let hour = 0; hour < 24; hour++) {
    await clock.advance(60 * minute);
    clock.jump(hour % 2 === 0 ? 60 * minute : -60 * minute);
    expect(clock.pending).toBe(2);
  }
  expect(peers.some(({ signal }) => signal.aborted)).toBe(false);
  for (const { stats } of peers) {
    const [base] = stats.protocols;
    // Each sends one Ping in 15 s at most, and only without a recent Ping of the other.
    expect(base?.codes.find(({ code }) => code === 2)?.sent.messages).toBeLessThanOrEqual(24 * 240);
  }
});

test('PE-12, PE-05 one Pong in 20 minutes is enough', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  for (let round = 0; round < 20; round++) {
    void raw.send(3, rlp([]));
    await clock.advance(19 * minute);
  }
  expect(peer.signal.aborted).toBe(false);
  expect(clock.pending).toBe(1);
});

test('PE-12, PE-07 time in which this side does not read does not count against the remote', async () => {
  let channel: Channel | undefined;
  const stuck = protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: async (own, { signal }) => {
      channel = own;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  const { peer, raw, clock } = await peerWithRaw({ protocols: [stuck], receiveLimit: 1000 });
  void raw.send(16, new Uint8Array(900));
  for (let passed = 0; passed < 60 * minute; passed += second) {
    await clock.advance(second);
    answersPings(raw);
  }
  expect(peer.signal.aborted).toBe(false);
  expect(peer.stats.received.messages).toBe(2);
  const sent = peer.stats.sent.messages;
  expect(sent).toBeGreaterThan(200); // the remote has received Pings all the time

  await channel?.[Symbol.asyncIterator]().next();
  await clock.advance(0);
  expect(peer.stats.received.messages).toBeGreaterThan(200);
  // Silence counts from here on.
  await clock.advance(20 * minute - 1);
  expect(peer.signal.aborted).toBe(false);
  await clock.advance(1);
  await clock.advance(2 * second);
  expect(await peer.closed).toMatchObject({ error: { code: 'receive-timeout' } });
});

test('PE-12 a remote that is silent when reading resumes has the whole time', async () => {
  let channel: Channel | undefined;
  const stuck = protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: async (own, { signal }) => {
      channel = own;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  });
  const { peer, raw, clock } = await peerWithRaw({ protocols: [stuck], receiveLimit: 1000 });
  void raw.send(16, new Uint8Array(900));
  await clock.advance(30 * minute);
  await channel?.[Symbol.asyncIterator]().next();
  await clock.advance(20 * minute - 1);
  expect(peer.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(peer.signal.aborted).toBe(true);
});

test.each([
  { pingInterval: minute },
  { pingInterval: 20 * minute, startTimeout: 60 * minute },
  { pingInterval: 0 },
  { pingInterval: Number.NaN },
  { pingInterval: Number.POSITIVE_INFINITY, startTimeout: Number.POSITIVE_INFINITY },
  { startTimeout: second },
])('PE-12, PE-05 times that contradict each other are refused: %j', async (options) => {
  const { stream, raw, clock } = rawPair();
  const opening = watch(openPeer(stream, { protocols: [sink], clock, ...options }));
  raw.stream.destroy();
  await clock.advance(2 * second);
  expect(opening.error).toMatchObject({ code: 'invalid-option' });
});
