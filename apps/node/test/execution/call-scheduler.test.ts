import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { CallError } from '../../src/errors/call-error.ts';
import { type CallLane, createCallScheduler } from '../../src/execution/calls/call-scheduler.ts';
import type { CallTask } from '../../src/execution/calls/call-task.ts';
import { CallWatch } from '../../src/execution/calls/call-watch.ts';

/** A call of a function of one contract. */
function task(selector: number): CallTask {
  const block = { hash: new Uint8Array(32), header: new Uint8Array() };
  const message = { to: new Uint8Array(20), input: Uint8Array.of(0, 0, 0, selector) };
  return { type: 'call', block, message, maxGas: 50_000_000 };
}

/** A scheduler whose lanes record their calls. Functions from 100 on loop. */
function open() {
  const clock = createVirtualClock();
  const runs: string[] = [];
  /** Ends the calls in the long lane. */
  const ends: (() => void)[] = [];
  const openLane = (name: 'short' | 'long'): CallLane => ({
    async run(one, limit) {
      const selector = ('message' in one && one.message.input?.[3]) || 0;
      runs.push(`${name} ${selector}`);
      if (selector < 100) return Uint8Array.of(selector);
      if (name === 'short') throw new CallError('timeout', `${limit} ms`);
      await new Promise<void>((resolve) => ends.push(resolve));
      throw new CallError('timeout', `${limit} ms`);
    },
    reset: async () => {},
  });
  return { scheduler: createCallScheduler({ openLane, clock }), runs, ends, clock };
}

const settle = () => new Promise(setImmediate);

test('RP-33 a call that loops goes on in a lane of its own, and others are served meanwhile', async () => {
  const { scheduler, runs, ends } = open();
  const looping = expect(scheduler.run(task(100))).rejects.toMatchObject({ code: 'timeout', message: '5000 ms' });
  await settle();
  expect(await scheduler.run(task(1))).toEqual(Uint8Array.of(1));
  expect(runs).toEqual(['short 100', 'long 100', 'short 1']);
  ends[0]?.();
  await looping;
});

test('RP-33 a function that took long is not tried among the short calls for ten seconds', async () => {
  const { scheduler, runs, ends, clock } = open();
  const calls = [scheduler.run(task(100)).catch(() => {})];
  await settle();
  calls.push(scheduler.run(task(100)).catch(() => {}));
  await settle();
  ends[0]?.();
  await settle();
  ends[1]?.();
  await Promise.all(calls);
  expect(runs).toEqual(['short 100', 'long 100', 'long 100']);
  await clock.advance(10_001);
  const again = scheduler.run(task(100)).catch(() => {});
  await settle();
  expect(runs.at(-2)).toBe('short 100');
  ends[2]?.();
  await again;
});

test('RP-33 calls beyond the limit of a lane are refused, and those that wait for long are not executed', async () => {
  const { scheduler, runs, ends, clock } = open();
  const first = scheduler.run(task(100)).catch((error: CallError) => error.code);
  await settle();
  const waiting = Array.from({ length: 257 }, () => scheduler.run(task(100)).catch((error: CallError) => error.code));
  await settle();
  expect(await waiting.at(-1)).toBe('busy');
  await clock.advance(30_001);
  ends[0]?.();
  expect(await first).toBe('timeout');
  expect(new Set(await Promise.all(waiting.slice(0, -1)))).toEqual(new Set(['timeout']));
  expect(runs).toHaveLength(2);
});

test('RP-33 the time of a call is read after some gas, and after some frames', () => {
  let now = 0;
  const watch = new CallWatch(() => now, 20);
  expect(watch.enter(1_000_000)).toBe(950_000);
  expect(watch.check(950_000)).toBe(900_000);
  expect(watch.check(10)).toBe(0);
  now = 20;
  expect(() => watch.check(900_000)).toThrow(CallError);
  expect(() => {
    for (let i = 0; i < 32; i++) watch.enter(100);
  }).toThrow(CallError);
});
