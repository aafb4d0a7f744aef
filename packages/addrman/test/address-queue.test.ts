import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { type AddressQueue, createAddressQueue } from '../src/index.ts';

/** A queue over a list of names, which counts how often it selects. */
function queueOver(names: string[]) {
  const clock = createVirtualClock();
  const calls = { select: 0, wait: 0 };
  const queue: AddressQueue<string> = createAddressQueue<string>({
    select: () => {
      calls.select++;
      return names.find((name) => !queue.wasOffered(name));
    },
    keyOf: (name) => name,
    offerInterval: 35_000,
    onWait: () => calls.wait++,
    clock,
  });
  return { clock, queue, calls, names };
}

const never = new AbortController().signal;

/** Starts `count` calls of `next` and collects their results. */
function callers(queue: AddressQueue<string>, count: number, signal = never) {
  const results: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) void queue.next(signal).then((name) => results.push(name));
  return results;
}

test('an address is handed out once per interval', async () => {
  const { clock, queue } = queueOver(['a', 'b']);
  expect(await queue.next(never)).toBe('a');
  await clock.advance(10_000);
  expect(await queue.next(never)).toBe('b');
  const results = callers(queue, 1);
  await clock.advance(24_999);
  expect(results).toEqual([]);
  await clock.advance(1 + 5_000);
  expect(results).toEqual(['a']);
});

test('a waiting caller gets an address as soon as there is one', async () => {
  const { clock, queue, calls, names } = queueOver([]);
  const results = callers(queue, 1);
  await clock.advance(0);
  expect([queue.waiting, calls.wait, results]).toEqual([1, 1, []]);
  names.push('a');
  queue.notify();
  await clock.advance(0);
  expect([queue.waiting, results]).toEqual([0, ['a']]);
  expect(clock.pending).toBe(0);
});

test('callers are woken one after another while there are addresses', async () => {
  const { clock, queue, calls, names } = queueOver([]);
  const results = callers(queue, 5);
  await clock.advance(0);
  calls.select = 0;
  names.push('a', 'b');
  queue.notify();
  await clock.advance(0);
  expect(results).toEqual(['a', 'b']);
  // The third search fails, and the other two callers do not repeat it.
  expect(calls.select).toBe(3);
  expect(queue.waiting).toBe(3);
});

test('waiting callers share one timer, which selects again when offers expire', async () => {
  const { clock, queue, calls } = queueOver(['a', 'b']);
  callers(queue, 2);
  const results = callers(queue, 3);
  await clock.advance(0);
  expect(clock.pending).toBe(1);
  calls.select = 0;
  await clock.advance(34_999);
  expect([results, calls.select]).toEqual([[], 6]);
  await clock.advance(1);
  expect(results).toEqual(['a', 'b']);
  expect(clock.pending).toBe(1);
});

test('an address offered in another way is not handed out', async () => {
  const { clock, queue } = queueOver(['a', 'b']);
  expect(queue.offer('a')).toBe('a');
  expect(queue.wasOffered('a')).toBe(true);
  expect(await queue.next(never)).toBe('b');
  await clock.advance(35_000);
  expect(queue.wasOffered('a')).toBe(false);
});

test('an address that is offered again does not keep later ones from expiring', async () => {
  const { clock, queue } = queueOver([]);
  queue.offer('a');
  queue.offer('b');
  await clock.advance(30_000);
  queue.offer('a');
  await clock.advance(5_000);
  expect([queue.wasOffered('a'), queue.wasOffered('b')]).toEqual([true, false]);
  await clock.advance(30_000);
  expect(queue.wasOffered('a')).toBe(false);
});

test('an aborted signal ends the wait of its callers and leaves no timer', async () => {
  const { clock, queue } = queueOver([]);
  const controller = new AbortController();
  const results = callers(queue, 2, controller.signal);
  await clock.advance(1);
  controller.abort();
  await clock.advance(0);
  expect(results).toEqual([undefined, undefined]);
  expect(await queue.next(controller.signal)).toBeUndefined();
  expect([queue.waiting, clock.pending]).toEqual([0, 0]);
});

test.each([
  {},
  { select: () => undefined },
  { select: () => undefined, keyOf: String, offerInterval: 0 },
  { select: () => undefined, keyOf: String, interval: 5 },
])('invalid options of the queue are refused: %o', (options) => {
  expect(() => createAddressQueue(options as never)).toThrow(
    expect.objectContaining({ name: 'AddrManError', code: 'invalid-option' }),
  );
});
