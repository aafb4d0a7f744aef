import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockError, sleep } from '../src/index.ts';
import { createVirtualClock } from '../src/virtual.ts';

describe('createVirtualClock', () => {
  test('does not move until it is advanced', async () => {
    const clock = createVirtualClock({ now: 5000 });
    expect([clock.now(), clock.monotonic()]).toEqual([5000, 0]);
    await clock.advance(0);
    await clock.advance(1500.5);
    expect([clock.now(), clock.monotonic()]).toEqual([6500, 1500.5]);
  });

  test('fires timers in order of time, then of creation, each at its time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ms: fc.integer({ min: -2, max: 20 }), cancel: fc.boolean() })),
        fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 8 }),
        async (timers, steps) => {
          const clock = createVirtualClock();
          const fired: string[] = [];
          const handles = timers.map(({ ms }, id) =>
            clock.setTimeout(() => fired.push(`${id}@${clock.monotonic()}`), ms),
          );
          for (const [id, { cancel }] of timers.entries()) if (cancel) handles[id]?.cancel();
          let end = 0;
          for (const ms of steps) {
            await clock.advance(ms);
            end += ms;
          }
          const expected = timers
            .map(({ ms, cancel }, id) => ({ id, at: Math.max(0, ms), cancel }))
            .filter(({ cancel }) => !cancel)
            .sort((a, b) => a.at - b.at || a.id - b.id);
          expect(fired).toEqual(expected.filter(({ at }) => at <= end).map(({ id, at }) => `${id}@${at}`));
          expect(clock.pending).toBe(expected.filter(({ at }) => at > end).length);
          for (const handle of handles) handle.cancel();
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('timers set by callbacks fire if they are due', async () => {
    const clock = createVirtualClock();
    const seen: number[] = [];
    const tick = (): void => {
      seen.push(clock.monotonic());
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    await clock.advance(35);
    expect(seen).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(1);
  });

  test('a timer that another one cancels at the same time does not fire', async () => {
    const clock = createVirtualClock();
    clock.setTimeout(() => second.cancel(), 5);
    const second = clock.setTimeout(() => expect.unreachable(), 5);
    await clock.advance(5);
    expect(clock.pending).toBe(0);
  });

  test('a promise chain finishes before time advances', async () => {
    const clock = createVirtualClock();
    const times: number[] = [];
    const work = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        for (let hop = 0; hop < 200; hop++) await undefined;
        await sleep(clock, 1);
        times.push(clock.monotonic());
      }
    };
    clock.setTimeout(() => void work(), 10);
    clock.setTimeout(() => times.push(-clock.monotonic()), 12);
    await clock.advance(100);
    expect(times).toEqual([11, -12, 12, 13]);
  });

  test('work that uses immediates and ticks finishes before time advances', async () => {
    const clock = createVirtualClock();
    let hops = 0;
    const hop = (): void => {
      hops++;
      if (hops < 500) setImmediate(() => process.nextTick(() => queueMicrotask(hop)));
    };
    clock.setTimeout(hop, 1);
    clock.setTimeout(() => expect(hops).toBe(500), 1);
    await clock.advance(1);
    expect(hops).toBe(500);
  });

  test('an in-memory stream finishes before time advances', async () => {
    const clock = createVirtualClock();
    let received = 0;
    const [source, middle, sink] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const piped = pipeline(source, middle, sink);
    sink.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
    });
    clock.setTimeout(() => {
      for (let i = 0; i < 50; i++) source.write(new Uint8Array(10_000));
      source.end();
    }, 5);
    await clock.advance(5);
    expect(received).toBe(500_000);
    await piped;
  });

  test('calls of advance run one after another', async () => {
    const clock = createVirtualClock();
    const log: string[] = [];
    clock.setTimeout(() => log.push(`a@${clock.monotonic()}`), 10);
    clock.setTimeout(() => log.push(`b@${clock.monotonic()}`), 20);
    await Promise.all([
      clock.advance(10).then(() => log.push('first')),
      clock.advance(10).then(() => log.push('second')),
    ]);
    expect(log).toEqual(['a@10', 'first', 'b@20', 'second']);
    expect(clock.monotonic()).toBe(20);
  });

  test('an advance within a callback runs after the current one', async () => {
    const clock = createVirtualClock();
    let inner: Promise<void> | undefined;
    clock.setTimeout(() => {
      inner = clock.advance(5);
    }, 1);
    await clock.advance(10);
    await inner;
    expect(clock.monotonic()).toBe(15);
  });

  test('an error of a callback rejects advance, and the clock can continue', async () => {
    const clock = createVirtualClock();
    const fired: number[] = [];
    clock.setTimeout(() => {
      throw new Error('boom');
    }, 10);
    clock.setTimeout(() => fired.push(clock.monotonic()), 15);
    await expect(clock.advance(100)).rejects.toThrow('boom');
    expect(clock.monotonic()).toBe(10);
    await clock.advance(5);
    expect(fired).toEqual([15]);
  });

  test('HX-26 a jump moves only the wall clock', async () => {
    const clock = createVirtualClock();
    const start = clock.now();
    let fired = 0;
    clock.setTimeout(() => {
      fired = clock.monotonic();
    }, 1000);
    for (const ms of [3_600_000, -7_200_000]) {
      clock.jump(ms);
      await clock.advance(0);
      expect(fired).toBe(0);
    }
    expect(clock.now()).toBe(start - 3_600_000);
    expect(clock.monotonic()).toBe(0);
    await clock.advance(1000);
    expect(fired).toBe(1000);
    expect(clock.now()).toBe(start - 3_600_000 + 1000);
  });

  test('days pass at once, and Infinity is never due', async () => {
    const clock = createVirtualClock();
    let days = 0;
    const daily = (): void => {
      days++;
      clock.setTimeout(daily, 86_400_000);
    };
    clock.setTimeout(daily, 86_400_000);
    clock.setTimeout(() => expect.unreachable(), Number.POSITIVE_INFINITY);
    await clock.advance(365 * 86_400_000);
    expect(days).toBe(365);
    expect(clock.pending).toBe(2);
  });

  test('an endless loop of timers without delay is an error', async () => {
    const clock = createVirtualClock();
    let turns = 0;
    const turn = (): void => {
      turns++;
      clock.setTimeout(turn, 0);
    };
    turn();
    await expect(clock.advance(1)).rejects.toThrow(/keep setting timers/);
    expect(turns).toBeGreaterThan(1000);
  });

  test('refuses invalid durations', async () => {
    const clock = createVirtualClock();
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(clock.advance(ms)).rejects.toThrow(ClockError);
    }
    expect(() => clock.setTimeout(() => undefined, Number.NaN)).toThrow(ClockError);
    expect(clock.pending).toBe(0);
  });
});
