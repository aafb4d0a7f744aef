import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, test } from 'vitest';
import { openPeer, type PeerDiagnostics, type PeerEvent } from '../src/index.ts';
import { localKey, peerWithRaw, rawPair, rlp, sink } from './raw.ts';

async function all(events: AsyncIterable<PeerEvent>): Promise<PeerEvent[]> {
  const list: PeerEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

test('PE-17 events start with added and end with dropped, with messages on request', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const few = all(peer.events());
  const many = all(peer.events({ messages: true }));
  void raw.send(17, new Uint8Array(5));
  void raw.send(2, rlp([]));
  await clock.advance(0);
  void raw.send(99, rlp([]));
  await clock.advance(2000);
  const end = await peer.closed;
  const dropped = { type: 'dropped', end };
  expect(end.reason).toBe('breach-of-protocol');
  expect(await few).toEqual([{ type: 'added' }, dropped]);
  expect(await many).toEqual([
    { type: 'added' },
    { type: 'message', direction: 'received', protocol: 'test', code: 1, bytes: 5 },
    { type: 'message', direction: 'received', protocol: 'p2p', code: 2, bytes: 1 },
    { type: 'message', direction: 'sent', protocol: 'p2p', code: 3, bytes: 1 },
    { type: 'message', direction: 'received', protocol: '', code: 99, bytes: 1 },
    dropped,
  ]);
  expect(await all(peer.events({ messages: true }))).toEqual([{ type: 'added' }, dropped]);
});

test('PE-17 a consumer that throws ends only its own events', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const failing = (async () => {
    for await (const event of peer.events({ messages: true })) {
      if (event.type === 'message') throw new Error('consumer');
    }
  })();
  const other = all(peer.events({ messages: true }));
  void raw.send(16, rlp([]));
  await expect(failing).rejects.toThrow('consumer');
  void raw.send(17, rlp([]));
  await clock.advance(0);
  expect(peer.signal.aborted).toBe(false);
  expect(peer.stats.received.messages).toBe(3);
  raw.stream.destroy();
  expect((await other).map(({ type }) => type)).toEqual(['added', 'message', 'message', 'dropped']);
});

test('PE-17 a slow consumer misses messages and gets their number and the end', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const events = peer.events({ messages: true, limit: 3 });
  for (let count = 0; count < 10; count++) void raw.send(16, rlp([]));
  await clock.advance(0);
  const types: unknown[] = [];
  for (let count = 0; count < 4; count++) types.push((await events.next()).value);
  const message = { type: 'message', direction: 'received', protocol: 'test', code: 0, bytes: 1 };
  expect(types).toEqual([{ type: 'added' }, message, message, { type: 'missed', count: 8 }]);
  for (let count = 0; count < 5; count++) void raw.send(17, rlp([]));
  raw.stream.destroy();
  const end = await peer.closed;
  const later = { ...message, code: 1 };
  expect(await all(events)).toEqual([later, later, later, { type: 'missed', count: 2 }, { type: 'dropped', end }]);
});

test('PE-17 several next calls resolve in order, and return settles the pending ones', async () => {
  const { peer, raw, clock } = await peerWithRaw();
  const events = peer.events();
  const first = events.next();
  const second = events.next();
  const third = events.next();
  await events.return?.();
  expect(await first).toEqual({ done: false, value: { type: 'added' } });
  expect(await second).toEqual({ done: true, value: undefined });
  expect(await third).toEqual({ done: true, value: undefined });
  raw.stream.destroy();
  await clock.advance(0);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test('PE-17 the diagnostics channel devp2p:peer reports every peer and every failed opening', async () => {
  const heard: PeerDiagnostics[] = [];
  const listener = (message: unknown): void => {
    heard.push(message as PeerDiagnostics);
  };
  subscribe('devp2p:peer', listener);
  try {
    const { peer, raw } = await peerWithRaw();
    raw.stream.destroy();
    const end = await peer.closed;
    const { stream, raw: other, clock } = rawPair();
    void other.send(1, rlp([4]));
    await expect(openPeer(stream, { protocols: [sink], clock })).rejects.toThrow();
    expect(heard).toEqual([
      { type: 'added', localId: localKey, peer },
      { type: 'dropped', localId: localKey, peer, end },
      {
        type: 'failed',
        localId: stream.localId,
        stream,
        error: expect.objectContaining({ reason: 'too-many-peers' }),
      },
    ]);
  } finally {
    unsubscribe('devp2p:peer', listener);
  }
  const { peer, raw } = await peerWithRaw();
  raw.stream.destroy();
  await peer.closed;
  expect(heard).toHaveLength(3);
});
