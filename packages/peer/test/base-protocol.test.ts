import { toHex } from '@devp2p/bytes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hello, peerWithRaw, rlp, watch } from './raw.ts';

const ping = '2:c0';
const pong = '3:c0';

test('PE-05 a Ping is sent after 15 s, and again after 15 s of silence', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  await clock.advance(14_999);
  expect(raw.seen).toEqual([]);
  await clock.advance(1);
  expect(raw.seen).toEqual([ping]);
  await clock.advance(40);
  await raw.send(3, rlp([]));
  await clock.advance(14_960);
  expect(raw.seen).toEqual([ping, ping]);
  expect(peer.stats.minPing).toBe(40);
  await clock.advance(7);
  await raw.send(3, rlp([]));
  await clock.advance(0);
  expect(peer.stats.minPing).toBe(7);
  await raw.send(3, rlp([])); // without a Ping
  await clock.advance(0);
  expect(peer.stats.minPing).toBe(7);
});

test('PE-13 a Pong is measured from the oldest unanswered Ping', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  await clock.advance(30_000);
  expect(raw.seen).toEqual([ping, ping]);
  await clock.advance(100);
  await raw.send(3, rlp([]));
  await clock.advance(0);
  expect(peer.stats.minPing).toBe(15_100);
});

test('PE-05 only the first Ping is sent while both directions are busy', async () => {
  const { raw, clock } = await peerWithRaw();
  for (let second = 0; second < 100; second++) {
    await raw.send(2, rlp([])); // our Pong is the traffic of the other direction
    await clock.advance(1000);
    if (second === 15) await raw.send(3, rlp([]));
  }
  expect(raw.seen.filter((seen) => seen === ping)).toHaveLength(1);
  expect(raw.seen.filter((seen) => seen === pong)).toHaveLength(100);
});

test('PE-05 an unanswered Ping is repeated, also on a busy connection', async () => {
  const { raw, clock } = await peerWithRaw();
  for (let second = 0; second < 100; second++) {
    await raw.send(2, rlp([]));
    await clock.advance(1000);
  }
  expect(raw.seen.filter((seen) => seen === ping)).toHaveLength(6);
});

test('PE-05 one silent direction is enough for a Ping', async () => {
  const { raw, clock } = await peerWithRaw();
  for (let second = 0; second < 60; second++) {
    await raw.send(16, rlp([])); // this side only receives
    await clock.advance(1000);
  }
  expect(raw.seen).toEqual([ping, ping, ping, ping]);
});

test('PE-05 every Ping gets a Pong at once, for any payload', async () => {
  const { raw, clock } = await peerWithRaw();
  for (const payload of [rlp([]), rlp('ping'), new Uint8Array(), rlp([1, 2])]) {
    void raw.send(2, payload);
  }
  await clock.advance(0);
  expect(raw.seen).toEqual([pong, pong, pong, pong]);
});

test('PE-05, HX-12 unknown base codes are ignored', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const pending = clock.pending;
  for (let code = 4; code < 16; code++) void raw.send(code, rlp([code]));
  await clock.advance(0);
  expect(raw.seen).toEqual([]);
  expect(clock.pending).toBe(pending);
  void raw.send(2, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toEqual([pong]);
  expect(peer.stats.received.messages).toBe(1 + 12 + 1);
});

test.each([20, 21, 255, 65_536, 2 ** 32 - 1])('PE-05, HX-12 code %i outside every range is a breach', async (code) => {
  const { peer, raw, clock } = await peerWithRaw(); // test/1 has 16 to 19
  void raw.send(19, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toEqual([]);
  void raw.send(code, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toEqual([`1:${toHex(rlp([2]))}`]);
  raw.stream.destroy();
  expect(await peer.closed).toMatchObject({
    reason: 'breach-of-protocol',
    direction: 'local',
    error: { code: 'breach' },
  });
  expect(peer.stats.stray).toEqual({ messages: 1, bytes: 1 });
});

test('PE-01, HX-12 a second Hello is a breach and sets no timer', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const pending = clock.pending;
  for (let times = 0; times < 100; times++) void raw.send(0, hello());
  await clock.advance(0);
  expect(raw.seen).toEqual([`1:${toHex(rlp([2]))}`]);
  // The timer of the keep-alive is replaced by the one of the Disconnect.
  expect(clock.pending).toBe(pending);
  await clock.advance(2000);
  expect(raw.end).toBe('clean');
  expect(await peer.closed).toMatchObject({ reason: 'breach-of-protocol', direction: 'local' });
  expect(clock.pending).toBe(0);
});

test('PE-05, PE-08 a remote that sends Pings and reads no Pongs costs a bounded queue', async () => {
  const { raw, peer, clock } = await peerWithRaw({ pipe: { highWaterMark: 1000 } });
  raw.pause();
  for (let times = 0; times < 5000; times++) void raw.send(2, new Uint8Array());
  await clock.advance(0);
  expect(peer.stats.received.messages).toBe(5001);
  raw.resume();
  await clock.advance(0);
  // The one that was read at once, and those that fit: a Pong has one byte.
  expect(raw.seen).toEqual(Array(1001).fill(pong));
  await raw.send(2, rlp([]));
  await clock.advance(0);
  expect(raw.seen).toHaveLength(1002);
});

test('PE-05 a peer with a full send queue sends no Ping', async () => {
  const { raw, clock } = await peerWithRaw({ pipe: { highWaterMark: 1 } });
  raw.pause();
  for (let times = 0; times < 3; times++) void raw.send(2, rlp([]));
  await clock.advance(50_000);
  expect(raw.seen).toEqual([pong]);
  raw.resume();
  await clock.advance(10_000);
  expect(raw.seen).toEqual([pong, pong, ping]);
});

test('PE-05 two peers stay connected for an hour with one timer each', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const closed = watch(peer.closed);
  for (let round = 0; round < 240; round++) {
    await clock.advance(15_000);
    void raw.send(3, rlp([]));
    expect(clock.pending).toBe(1);
  }
  expect(closed).toEqual({});
  expect(raw.seen.filter((seen) => seen === ping).length).toBeGreaterThan(200);
});

test('HX-12 for any message of a remote, the peer continues with one timer or ends with none', async () => {
  const message = fc.tuple(
    fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 25 }), fc.nat({ max: 2 ** 32 - 1 })),
    fc.uint8Array({ maxLength: 40 }),
  );
  let ended = 0;
  let alive = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
      const { peer, raw, clock } = await peerWithRaw();
      const closed = watch(peer.closed);
      for (const [code, payload] of messages) raw.send(code, payload).catch(() => {});
      await clock.advance(2000);
      const mayLive = messages.every(([code]) => code >= 2 && code < 20);
      expect('value' in closed).toBe(!mayLive);
      expect(clock.pending).toBe(mayLive ? 1 : 0);
      if (mayLive) alive++;
      else ended++;
      raw.stream.destroy();
      await peer.closed;
    }),
    { numRuns: 300 },
  );
  expect(Math.min(ended, alive)).toBeGreaterThan(0);
});
