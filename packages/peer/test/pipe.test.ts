import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PeerError } from '../src/index.ts';
import { streamPair } from '../src/pipe.ts';
import { watch } from './raw.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('PE-18 each end has the id and address of the other', () => {
  const ids = [new Uint8Array(64).fill(7), new Uint8Array(64).fill(8)] as const;
  const addresses = [
    { host: '10.0.0.1', port: 1 },
    { host: '10.0.0.2', port: 2 },
  ] as const;
  const [a, b] = streamPair({ ids, addresses });
  expect(a).toMatchObject({
    inbound: false,
    localId: ids[0],
    remoteId: ids[1],
    localAddress: addresses[0],
    remoteAddress: addresses[1],
  });
  expect(b).toMatchObject({
    inbound: true,
    localId: ids[1],
    remoteId: ids[0],
    localAddress: addresses[1],
    remoteAddress: addresses[0],
  });
  const [c, d] = streamPair();
  expect(c.localId).toEqual(d.remoteId);
  expect(c.localId).not.toEqual(c.remoteId);
  expect('remoteAddress' in c).toBe(false);
});

test('PE-18 messages arrive in order, for early and late reads', async () => {
  const [a, b] = streamPair();
  const early = b.read();
  const payload = Uint8Array.of(1, 2, 3);
  expect(await a.write(5, payload)).toBe(3);
  expect(await early).toEqual({ code: 5, payload, wireSize: 3 });
  void a.write(6, payload);
  void a.write(7, payload);
  void b.write(8, payload);
  expect((await b.read())?.code).toBe(6);
  expect((await b.read())?.code).toBe(7);
  expect((await a.read())?.code).toBe(8);
});

test('PE-18 write waits for room at the high-water mark and is refused at the hard limit', async () => {
  const [a, b] = streamPair({ highWaterMark: 10, hardLimit: 20 });
  await a.write(0, new Uint8Array(9));
  expect(a.congested).toBe(false);
  const waiting = watch(a.write(1, new Uint8Array(9)));
  await settle();
  expect(waiting).toEqual({});
  await expect(a.write(2, new Uint8Array(3))).rejects.toMatchObject({ code: 'overflow' });
  expect([a.congested, b.congested]).toEqual([true, false]);
  await b.read();
  await settle();
  expect(waiting).toEqual({ value: 9 });
  expect([a.congested, b.congested]).toEqual([false, false]);
  expect((await b.read())?.code).toBe(1);
  await a.write(3, new Uint8Array(3));
  expect((await b.read())?.code).toBe(3);
});

test.each(['close', 'destroy'] as const)('PE-18 %s ends cleanly after the written messages', async (how) => {
  const [a, b] = streamPair({ highWaterMark: 1 });
  const closed = { a: watch(a.closed), b: watch(b.closed) };
  const written = watch(a.write(1, new Uint8Array(5)));
  const lost = watch(b.write(2, new Uint8Array(5)));
  await a[how]();
  await a[how]();
  await settle();
  expect(written).toEqual({ value: 5 });
  expect(lost.error).toMatchObject({ code: 'closed' });
  expect(Object.keys(closed.a)).toEqual(['value']);
  expect(closed.b).toEqual({});
  expect((await b.read())?.code).toBe(1);
  expect(await b.read()).toBeUndefined();
  expect(await b.read()).toBeUndefined();
  await b.closed;
  for (const end of [a, b]) {
    await expect(end.write(3, new Uint8Array())).rejects.toMatchObject({ code: 'closed' });
  }
  await expect(a.read()).rejects.toMatchObject({ code: 'closed' });
});

test('PE-18 a pending read ends at once when the other end closes', async () => {
  const [a, b] = streamPair();
  const reading = b.read();
  a.destroy();
  expect(await reading).toBeUndefined();
  await b.closed;
});

test('PE-18 destroying with an error acts like a reset', async () => {
  const [a, b] = streamPair({ highWaterMark: 1 });
  const error = new Error('cable');
  const written = watch(a.write(1, new Uint8Array(5)));
  a.destroy(error);
  await Promise.all([a.closed, b.closed]);
  await expect(b.read()).rejects.toMatchObject({ code: 'stream', cause: error });
  await expect(b.write(1, new Uint8Array())).rejects.toBeInstanceOf(PeerError);
  expect(written.error).toMatchObject({ code: 'stream' });

  const [c, d] = streamPair();
  const reading = watch(d.read());
  c.destroy(error);
  await settle();
  expect(reading.error).toMatchObject({ code: 'stream', cause: error });
});

test('PE-18 an aborted read loses no message and leaves no listener', async () => {
  const [a, b] = streamPair();
  const controller = new AbortController();
  const { signal } = controller;
  const reading = watch(b.read({ signal }));
  await expect(b.read()).rejects.toThrow('another read is pending');
  controller.abort(new Error('enough'));
  await settle();
  expect(reading.error).toBe(signal.reason);
  void a.write(1, new Uint8Array());
  expect((await b.read())?.code).toBe(1);
  await expect(b.read({ signal })).rejects.toBe(signal.reason);

  const other = new AbortController();
  const waiting = b.read({ signal: other.signal });
  void a.write(2, new Uint8Array());
  expect((await waiting)?.code).toBe(2);
  const ending = b.read({ signal: other.signal });
  a.destroy(new Error());
  await expect(ending).rejects.toBeInstanceOf(PeerError);
  expect(getEventListeners(other.signal, 'abort')).toEqual([]);
});

test('PE-18, PE-10 messages are first in, first out and every write settles, for any mix of writes and reads', async () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 3000 }), fc.constant('read' as const)), {
    maxLength: 200,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const [a, b] = streamPair({ highWaterMark: 2000, hardLimit: 10_000 });
      const writes: Promise<unknown>[] = [];
      const reads: Promise<number | undefined>[] = [];
      let next = 0;
      let unread = 0;
      for (const step of list) {
        if (step === 'read') {
          if (unread === 0) continue;
          unread--;
          reads.push(b.read().then((message) => message?.code));
        } else {
          const code = next;
          const outcome = watch(a.write(code, new Uint8Array(step)));
          await settle();
          if (outcome.error !== undefined) continue;
          next++;
          unread++;
          writes.push(settle().then(() => outcome));
        }
      }
      a.destroy();
      while (unread-- > 0) reads.push(b.read().then((message) => message?.code));
      expect(await Promise.all(reads)).toEqual(reads.map((_, index) => index));
      expect(await b.read()).toBeUndefined();
      for (const outcome of await Promise.all(writes)) expect(outcome).toHaveProperty('value');
    }),
    { numRuns: 50 },
  );
});
