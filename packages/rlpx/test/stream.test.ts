import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { duplexPair } from 'node:stream';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { nobleCrypto } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { accept, initiate, type Message, type RlpxEvent, type RlpxStream } from '../src/index.ts';
import { connected, failure, idA, idB, keyA, keyB, Probe, rechunking } from './transports.ts';

const empty = new Uint8Array();

function payload(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8));
}

async function readAll(stream: RlpxStream): Promise<Message[]> {
  const messages: Message[] = [];
  for (let next = await stream.read(); next; next = await stream.read()) messages.push(next);
  return messages;
}

describe('messages', () => {
  test('RX-14 pass in both directions over an in-memory duplex, between authenticated ids', async () => {
    const { a, b, clock } = await connected();
    expect([a.localId, a.remoteId, a.inbound]).toEqual([idA, idB, false]);
    expect([b.localId, b.remoteId, b.inbound]).toEqual([idB, idA, true]);
    const wireSize = await a.write(3, payload(100));
    expect(wireSize).toBe(32 + 112 + 16);
    expect(await b.read()).toEqual({ code: 3, payload: payload(100), wireSize });
    await b.write(0x1234, empty);
    expect(await a.read()).toMatchObject({ code: 0x1234, payload: empty });
    await Promise.all([a.close(), b.close()]);
    expect(clock.pending).toBe(0);
  });

  test('RX-07 survive any chunking of a whole connection, compressed or not', async () => {
    const message = fc.record({ code: fc.nat({ max: 200 }), length: fc.nat({ max: 3000 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 15 }),
        fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 10 }),
        fc.boolean(),
        async (messages, lengths, compressed) => {
          const { a, b } = await connected({}, {}, rechunking(lengths));
          if (compressed) for (const side of [a, b]) side.enableCompression();
          for (const { code, length } of messages) void a.write(code, payload(length));
          void a.close();
          const received = await readAll(b);
          expect(received.map(({ code, payload: { length } }) => ({ code, length }))).toEqual(messages);
          for (const { payload: bytes } of received) expect(bytes).toEqual(payload(bytes.length));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('RX-09 are compressed from the next one on, even when it is in the same chunk', async () => {
    const { a, b } = await connected();
    void a.write(0, payload(60));
    a.enableCompression();
    const compressible = new Uint8Array(10_000).fill(9);
    void a.write(1, compressible);
    void a.write(2, empty);
    expect((await b.read())?.payload).toEqual(payload(60));
    b.enableCompression();
    const second = await b.read();
    expect(second?.payload).toEqual(compressible);
    expect(second?.wireSize).toBeLessThan(1000);
    expect(await b.read()).toMatchObject({ code: 2, payload: empty });
  });

  test('RX-08 RX-09 above the limit are refused on both sides', async () => {
    const { a, b } = await connected({}, { maxMessageSize: 1000 });
    expect(await failure(b.write(1, payload(1001)))).toBe('message-too-large');
    expect(await failure(b.write(1, payload(1000)))).toBe('no failure');
    expect((await a.read())?.payload).toEqual(payload(1000));
    for (const side of [a, b]) side.enableCompression();
    void a.write(1, payload(1000));
    expect((await b.read())?.payload).toEqual(payload(1000));
    void a.write(2, new Uint8Array(1001));
    expect(await failure(b.read())).toBe('snappy');
    await b.closed;
  });

  test('RX-08 a frame holds at most 16 MiB − 1, code included', async () => {
    const { a } = await connected();
    expect(await failure(a.write(1, new Uint8Array(2 ** 24)))).toBe('message-too-large');
    expect(await failure(a.write(1, new Uint8Array(2 ** 24 - 1)))).toBe('message-too-large');
    expect(await failure(a.write(2 ** 32, empty))).toBe('invalid-option');
    expect(await failure(a.write(-1, empty))).toBe('invalid-option');
    a.destroy();
  });

  test('RX-09 a Disconnect that is not compressed although it should be is returned unchanged', async () => {
    const { a, b } = await connected();
    b.enableCompression();
    void a.write(1, Uint8Array.of(0xc1, 0x04));
    expect(await b.read()).toMatchObject({ code: 1, payload: Uint8Array.of(0xc1, 0x04) });
    void a.write(2, Uint8Array.of(0xc1, 0x04));
    expect(await failure(b.read())).toBe('snappy');
  });
});

describe('writing', () => {
  test('RX-10 all messages of one turn are sent with one write to the transport', async () => {
    const transports = Probe.pair();
    const { a, b } = await connected({}, {}, transports);
    transports[0].writes.length = 0;
    const sizes: Promise<number>[] = [];
    for (let i = 0; i < 50; i++) sizes.push(a.write(i, payload(100)));
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
    for (let i = 0; i < 50; i++) expect((await b.read())?.code).toBe(i);
    expect(transports[0].writes).toEqual([total]);
  });

  test('RX-10 the ack is sent with the first messages of the stream, or alone', async () => {
    for (const greeting of [undefined, payload(200)]) {
      const transports = Probe.pair();
      const options = { crypto, clock: createVirtualClock() };
      const dialed = initiate(transports[0], idB, { privateKey: keyA, ...options });
      const b = await accept(transports[1], { privateKey: keyB, ...options });
      const size = greeting === undefined ? 0 : await b.write(0, greeting);
      const a = await dialed;
      if (greeting !== undefined) expect((await a.read())?.payload).toEqual(greeting);
      expect(transports[1].writes).toEqual([expect.any(Number)]);
      expect(transports[1].writes[0]).toBeGreaterThan(size + 300);
    }
  });

  test('RX-10 header and body of a large message are sent together', async () => {
    const transports = Probe.pair();
    const { a, b } = await connected({}, {}, transports);
    transports[0].writes.length = 0;
    const size = await a.write(1, payload(60_000));
    await b.read();
    expect(transports[0].writes).toEqual([size]);
  });

  test('RX-10 waits above the soft limit and refuses above the hard one, without loss', async () => {
    const transports = Probe.pair();
    const limits = { highWaterMark: 100_000, maxBuffered: 300_000 };
    const { a, b, clock } = await connected(limits, { readAhead: 2 ** 24 }, transports);
    transports[0].stall();
    const settled: number[] = [];
    for (let i = 0; i < 5; i++) void a.write(i, payload(50_000)).then(() => settled.push(i));
    await clock.advance(0);
    expect(settled).toEqual([0]);
    expect(a.congested).toBe(true);
    expect(await failure(a.write(5, payload(50_000)))).toBe('overflow');
    const held = transports[0].writes.slice(-1)[0] as number;
    expect(held).toBeLessThanOrEqual(64 * 1024);
    for (let turn = 0; turn < 10; turn++) {
      transports[0].proceed();
      await clock.advance(0);
    }
    expect(settled).toEqual([0, 1, 2, 3, 4]);
    expect(a.congested).toBe(false);
    for (let i = 0; i < 5; i++) {
      const { payload: received = empty } = (await b.read()) ?? {};
      expect(Buffer.compare(received, payload(50_000))).toBe(0);
    }
  });

  test('RX-10 reading continues while writing is blocked', async () => {
    const transports = Probe.pair();
    const { a, b } = await connected({ highWaterMark: 1000 }, {}, transports);
    transports[0].stall();
    const stuck = a.write(1, payload(50_000));
    await b.write(7, payload(10));
    expect((await a.read())?.code).toBe(7);
    a.destroy();
    expect(await failure(stuck)).toBe('closed');
  });

  test('RX-13 an abort ends the wait for room, not the message', async () => {
    const transports = Probe.pair();
    const { a, b, clock } = await connected({ highWaterMark: 1000 }, {}, transports);
    transports[0].stall();
    const controller = new AbortController();
    const writing = a.write(1, payload(5000), { signal: controller.signal });
    await clock.advance(0);
    controller.abort('enough');
    await expect(writing).rejects.toBe('enough');
    expect((await b.read())?.payload).toEqual(payload(5000));
    const refused = a.write(2, empty, { signal: controller.signal });
    await expect(refused).rejects.toBe('enough');
  });

  test('RX-10 two sides that write a lot before they read both finish', async () => {
    const { a, b } = await connected();
    const large = payload(4_000_000);
    const flood = async (stream: RlpxStream): Promise<void> => {
      for (let i = 0; i < 3; i++) await stream.write(i, large);
    };
    const drain = async (stream: RlpxStream): Promise<void> => {
      for (let i = 0; i < 3; i++) expect((await stream.read())?.payload.length).toBe(large.length);
    };
    await Promise.all([flood(a), flood(b), drain(a), drain(b)]);
  });
});

describe('reading', () => {
  test('RX-10 pauses the transport without reads and resumes it with them', async () => {
    const { a, b, transportA, clock } = await connected({}, { readAhead: 50_000 });
    const sizes = Array.from({ length: 100 }, (_, i) => a.write(i, payload(10_000)));
    await clock.advance(0);
    // Unread bytes are held by the transports first, and then by the writer.
    expect(transportA.writableLength).toBeGreaterThan(0);
    for (let i = 0; i < 100; i++) expect((await b.read())?.code).toBe(i);
    await Promise.all(sizes);
  });

  test('RX-13 an abort ends the wait and loses no message', async () => {
    const { a, b } = await connected();
    const controller = new AbortController();
    const reading = b.read({ signal: controller.signal });
    controller.abort('enough');
    await expect(reading).rejects.toBe('enough');
    await expect(b.read({ signal: controller.signal })).rejects.toBe('enough');
    void a.write(4, empty);
    expect(await b.read()).toMatchObject({ code: 4 });
  });

  test('a second read while one is pending is refused', async () => {
    const { a, b } = await connected();
    const first = b.read();
    expect(await failure(b.read())).toBe('busy');
    void a.write(4, empty);
    expect(await first).toMatchObject({ code: 4 });
  });

  test('a clean end follows all messages, and closes this side as well', async () => {
    const { a, b, clock } = await connected();
    for (let i = 0; i < 20; i++) void a.write(i, payload(10_000));
    const closing = a.close();
    await b.closed;
    await closing;
    expect(await readAll(b)).toHaveLength(20);
    expect(await b.read()).toBeUndefined();
    expect(await failure(b.write(1, empty))).toBe('closed');
    expect(clock.pending).toBe(0);
  });

  test('PE-14 an end in the middle of a frame, a reset and another fault have different codes', async () => {
    const cut = await connected();
    void cut.a.write(1, empty);
    await cut.clock.advance(0);
    cut.transportA.end(new Uint8Array(5));
    expect(await cut.b.read()).toMatchObject({ code: 1 });
    expect(await failure(cut.b.read())).toBe('truncated');

    const reset = await connected();
    void reset.a.write(1, empty);
    await reset.clock.advance(0);
    reset.transportB.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    await reset.b.closed;
    expect(await reset.b.read()).toMatchObject({ code: 1 });
    expect(await failure(reset.b.read())).toBe('connection-reset');

    const broken = await connected();
    broken.transportB.destroy(Object.assign(new Error('no'), { code: 'EIO' }));
    expect(await failure(broken.b.read())).toBe('transport');

    const gone = await connected();
    gone.transportB.destroy();
    expect(await failure(gone.b.read())).toBe('connection-reset');
  });

  test('RX-06 a bad MAC ends the connection, after the earlier messages', async () => {
    const { a, b, transportA } = await connected();
    void a.write(1, empty);
    await new Promise(process.nextTick);
    transportA.write(new Uint8Array(32));
    await b.closed;
    expect(await b.read()).toMatchObject({ code: 1 });
    expect(await failure(b.read())).toBe('mac-mismatch');
    expect(await failure(b.write(1, empty))).toBe('mac-mismatch');
  });
});

describe('timeouts', () => {
  test('RX-12 no frame for 30 s ends the connection', async () => {
    const { a, b, clock, transportB } = await connected({ readTimeout: 1e6 });
    await clock.advance(20_000);
    void a.write(1, empty);
    await clock.advance(29_999);
    expect(transportB.destroyed).toBe(false);
    expect(await b.read()).toMatchObject({ code: 1 });
    const reading = failure(b.read());
    await clock.advance(1);
    expect(await reading).toBe('read-timeout');
    await b.closed;
    a.destroy();
    expect(clock.pending).toBe(0);
  });

  test('RX-12 time in which this side does not read does not count against the remote', async () => {
    const { a, b, clock } = await connected({ readTimeout: 1e6 }, { readAhead: 1000 });
    void a.write(1, payload(2000));
    void a.write(2, payload(2000));
    await clock.advance(100_000);
    expect(await b.read()).toMatchObject({ code: 1 });
    expect(await b.read()).toMatchObject({ code: 2 });
    await clock.advance(29_999);
    const reading = failure(b.read());
    await clock.advance(1);
    expect(await reading).toBe('read-timeout');
  });

  test('RX-12 a write without progress for 20 s ends the connection, a slow one does not', async () => {
    const transports = Probe.pair();
    const { a, clock } = await connected({ readTimeout: 1e6 }, { readTimeout: 1e6 }, transports);
    await clock.advance(60_000);
    transports[0].stall();
    void a.write(1, payload(300_000));
    for (let i = 0; i < 4; i++) {
      await clock.advance(19_999);
      transports[0].proceed();
    }
    await clock.advance(19_999);
    expect(transports[0].destroyed).toBe(false);
    const writing = failure(a.write(2, payload(2_000_000)));
    await clock.advance(1);
    expect(await writing).toBe('write-timeout');
    expect(transports[0].destroyed).toBe(true);
  });

  test('RX-12 messages start no timers', async () => {
    const { a, b, clock } = await connected();
    const set = vi.spyOn(clock, 'setTimeout');
    for (let i = 0; i < 500; i++) {
      await a.write(1, payload(100));
      await b.read();
    }
    expect(set.mock.calls.length).toBeLessThanOrEqual(1);
    // One for each direction of each stream.
    expect(clock.pending).toBeLessThanOrEqual(4);
  });
});

describe('closing', () => {
  test('RX-13 sends the accepted messages, and is idempotent', async () => {
    const { a, b, clock } = await connected();
    for (let i = 0; i < 100; i++) void a.write(i, payload(5000));
    expect(a.close()).toBe(a.close());
    expect(await failure(a.write(1, empty))).toBe('closed');
    expect(await failure(a.read())).toBe('closed');
    expect(await readAll(b)).toHaveLength(100);
    await Promise.all([a.close(), a.closed, b.closed, b.close()]);
    expect(clock.pending).toBe(0);
  });

  test('RX-13 waits at most 2 s for a remote that does not read', async () => {
    const transports = Probe.pair();
    const { a, clock } = await connected({}, {}, transports);
    transports[0].stall();
    void a.write(1, payload(200_000));
    let closed = false;
    const closing = a.close().then(() => {
      closed = true;
    });
    await clock.advance(1_999);
    expect([closed, transports[0].destroyed]).toEqual([false, false]);
    await clock.advance(1);
    await closing;
    expect(transports[0].destroyed).toBe(true);
  });

  test('RX-13 a Disconnect is read although its sender has unread data and closes at once', async () => {
    const { a, b } = await connected({ readAhead: 1000 });
    for (let i = 0; i < 50; i++) void b.write(2, payload(5000));
    void a.write(1, Uint8Array.of(0xc1, 0x08));
    void a.close();
    expect(await b.read()).toMatchObject({ code: 1 });
    expect(await b.read()).toBeUndefined();
  });

  test('destroy rejects pending calls with its error', async () => {
    const { a } = await connected();
    const reading = a.read();
    const error = new Error('because');
    a.destroy(error);
    a.destroy();
    await expect(reading).rejects.toBe(error);
    await expect(a.write(1, empty)).rejects.toBe(error);
    await a.close();
  });

  test('RX-13 works with `await using`', async () => {
    const { a } = await connected();
    await a[Symbol.asyncDispose]();
    expect(await failure(a.write(1, empty))).toBe('closed');
  });

  test('RX-06 every keccak state is closed exactly once, for every end of the connection', async () => {
    const ends: ((a: RlpxStream, b: RlpxStream) => void)[] = [
      (a, b) => void Promise.all([a.close(), b.close()]),
      (a) => void a.close(),
      (a, b) => {
        a.destroy();
        b.destroy();
        void a.close();
      },
    ];
    for (const end of ends) {
      const closes: (() => void)[] = [];
      const crypto = {
        ...nobleCrypto,
        createKeccak256() {
          const sponge = nobleCrypto.createKeccak256();
          closes.push(vi.spyOn(sponge, 'close'));
          return sponge;
        },
      };
      const { a, b } = await connected({ crypto }, { crypto });
      void a.write(1, payload(10));
      end(a, b);
      await Promise.all([a.closed, b.closed]);
      expect(closes).toHaveLength(4);
      for (const close of closes) expect(close).toHaveBeenCalledOnce();
    }
  });
});

describe('the handshake over a transport', () => {
  test('RX-05 times out after 5 s on the injected clock and destroys the transport', async () => {
    const clock = createVirtualClock();
    const [ours, theirs] = duplexPair();
    const answering = failure(accept(ours, { privateKey: keyB, clock }));
    theirs.write(Uint8Array.of(1, 0xb4, 4));
    await clock.advance(4_999);
    expect(ours.destroyed).toBe(false);
    await clock.advance(1);
    expect(await answering).toBe('handshake-timeout');
    expect([ours.destroyed, clock.pending]).toEqual([true, 0]);

    const [dialing] = duplexPair();
    const calling = failure(initiate(dialing, idB, { privateKey: keyA, clock, handshakeTimeout: 9 }));
    await clock.advance(9);
    expect([await calling, dialing.destroyed]).toEqual(['handshake-timeout', true]);
  });

  test('RX-13 ends when the signal aborts, before or during it', async () => {
    const [ours] = duplexPair();
    const controller = new AbortController();
    const { signal } = controller;
    const calling = initiate(ours, idB, { privateKey: keyA, signal });
    controller.abort('enough');
    await expect(calling).rejects.toBe('enough');
    expect(ours.destroyed).toBe(true);
    const [next] = duplexPair();
    await expect(accept(next, { privateKey: keyA, signal })).rejects.toBe('enough');
    expect(next.destroyed).toBe(true);
  });

  test('PE-14 ends when the remote ends, resets or has already closed', async () => {
    const privateKey = keyA;
    const [ours, theirs] = duplexPair();
    theirs.end();
    expect(await failure(accept(ours, { privateKey }))).toBe('truncated');
    expect(await failure(accept(ours, { privateKey }))).toBe('truncated');
    const [other] = duplexPair();
    const accepting = failure(accept(other, { privateKey }));
    other.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    expect(await accepting).toBe('connection-reset');
    const [dialed, hangsUp] = duplexPair();
    const dialing = initiate(dialed, idB, { privateKey }).catch((reason: unknown) => reason);
    hangsUp.end();
    expect(await dialing).toMatchObject({
      code: 'truncated',
      message: expect.stringMatching(/^the remote ended the handshake: most often its node id/),
    });
  });

  test('invalid settings are refused before any effect', async () => {
    const [ours] = duplexPair();
    expect(await failure(accept(ours, { privateKey: keyA, readTimeout: 0 }))).toBe('invalid-option');
    const wrong = (options: object) => accept(ours, { privateKey: keyA, ...options } as never);
    for (const [options, message] of [
      [{ readTimout: 5 }, /^accept has no option "readTimout" \(did you mean "readTimeout"\?\), known options: priv/],
      [{ privateKey: '01'.repeat(32) }, /^privateKey is a string of 64 characters, expected a Uint8Array of 32 b/],
      [{ privateKey: undefined }, /^privateKey is undefined, expected a Uint8Array of 32 bytes$/],
      [{ maxBuffered: '1' }, /^maxBuffered is "1", expected a positive number$/],
      [{ clock: {} }, /^clock is an object, expected an object with the methods monotonic, /],
    ] as const) {
      await expect(wrong(options)).rejects.toMatchObject({
        name: 'RlpxError',
        code: 'invalid-option',
        message: expect.stringMatching(message),
      });
    }
    await expect(initiate(ours, undefined as never, { privateKey: keyA })).rejects.toMatchObject({
      code: 'invalid-option',
      message: 'remoteId is undefined, expected a Uint8Array of 64 bytes',
    });
  });

  test('events are published on the channel devp2p:rlpx', async () => {
    const events: RlpxEvent[] = [];
    const listener = (event: unknown): void => void events.push(event as RlpxEvent);
    subscribe('devp2p:rlpx', listener);
    try {
      const { a, b } = await connected();
      a.destroy();
      b.destroy(new Error('because'));
      await Promise.all([a.closed, b.closed]);
      const [ours, theirs] = duplexPair();
      theirs.write(new Uint8Array(2));
      await failure(accept(ours, { privateKey: keyA }));
    } finally {
      unsubscribe('devp2p:rlpx', listener);
    }
    const seen = events.map((event) =>
      'error' in event && event.error ? [event.type, (event.error as Error).message] : event.type,
    );
    expect(events.slice(2).map(({ localId }) => localId)).toEqual([idA, idB, idA]);
    expect(seen).toEqual([
      'handshake',
      'handshake',
      'closed',
      ['closed', 'because'],
      ['handshake-failed', 'RLPx handshake failed: packet size is out of range'],
    ]);
  });
});
