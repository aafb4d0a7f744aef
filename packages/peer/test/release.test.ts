import { getEventListeners, setMaxListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { openPeer, type Peer, PeerError, protocol } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { Queue } from '../src/session/queue.ts';
import { sink } from './raw.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Ends of a connection; `a` dialed. */
const endings: readonly ((a: Peer, b: Peer, streams: ReturnType<typeof streamPair>) => void)[] = [
  (a) => void a.disconnect('requested'),
  (_, b) => void b.disconnect('too-many-peers'),
  (a, b) => {
    void a.disconnect('requested');
    void b.disconnect('quitting');
  },
  (_a, _b, [stream]) => stream.destroy(),
  (_a, _b, [, stream]) => stream.destroy(new Error('reset')),
  (_a, _b, [stream]) => void stream.write(99, new Uint8Array(1)),
  (_a, _b, [stream]) => void stream.write(0, new Uint8Array(1)),
  (_a, _b, [stream]) => void stream.write(1, new Uint8Array(1)),
];

test('PE-16 a queue releases shifted items', async () => {
  const queue = new Queue<object>();
  const taken: WeakRef<object>[] = [];
  for (let count = 0; count < 3000; count++) queue.push({ count });
  for (let count = 0; count < 2500; count++) taken.push(new WeakRef(queue.shift() as object));
  await settle();
  collectGarbage();
  expect(taken.filter((item) => item.deref() !== undefined)).toHaveLength(0);
  expect(queue.length).toBe(500);
});

test('PE-16 10,000 connections leave no timer, no listener and no buffer', async () => {
  const clock = createVirtualClock();
  const { signal } = new AbortController(); // one signal for all, as in a program
  setMaxListeners(0, signal);
  const peers: Peer[] = []; // still referenced by the caller
  const buffers: WeakRef<object>[] = []; // sent payloads and event queues
  let released = 0;

  // Reads one message, then waits for the end: later messages stay in the queue.
  const lazy = protocol({
    name: 'test',
    version: 1,
    length: 4,
    run: async (channel, peer) => {
      await channel[Symbol.asyncIterator]().next();
      await new Promise<void>((resolve) => {
        if (peer.signal.aborted) resolve();
        peer.signal.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  });

  const connect = async (index: number): Promise<void> => {
    const streams = streamPair();
    const options = { clock, signal, protocols: [lazy] } as const;
    const [a, b] = await Promise.all([openPeer(streams[0], options), openPeer(streams[1], options)]);
    for (const peer of [a, b]) {
      peers.push(peer);
      void peer.closed.then(() => released++);
      buffers.push(new WeakRef(peer.events({ messages: true }))); // never read
      for (let count = 0; count < 3; count++) {
        const payload = new Uint8Array(100);
        buffers.push(new WeakRef(payload));
        void peer.test.send(0, payload);
      }
    }
    await settle();
    endings[index % endings.length]?.(a, b, streams);
    await Promise.all([a.closed, b.closed]);
  };

  const refuse = async (index: number): Promise<void> => {
    const [stream, other] = streamPair();
    if (index % 3 === 0) other.destroy();
    else if (index % 3 === 1) void other.write(2, new Uint8Array(1));
    else void other.write(1, Uint8Array.of(0xc1, 4));
    const opening = openPeer(stream, { clock, signal, protocols: [sink] });
    if (index % 3 === 1) other.destroy();
    await expect(opening).rejects.toBeInstanceOf(PeerError);
  };

  for (let batch = 0; batch < 100; batch++) {
    const numbers = Array.from({ length: 40 }, (_, index) => batch * 40 + index);
    await Promise.all([
      ...numbers.map(connect), // two peers each
      ...numbers.slice(0, 20).map(refuse),
    ]);
    expect(clock.pending).toBe(0);
  }
  expect(peers.length + 2000).toBe(10_000);
  expect(released).toBe(8000);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(peers.every((peer) => peer.stats.received.messages >= 1)).toBe(true);

  await settle();
  collectGarbage();
  expect(buffers.filter((buffer) => buffer.deref() !== undefined)).toHaveLength(0);

  const gone = peers.map((peer) => new WeakRef(peer));
  peers.length = 0;
  await settle();
  collectGarbage();
  expect(gone.filter((peer) => peer.deref() !== undefined)).toHaveLength(0);
});
