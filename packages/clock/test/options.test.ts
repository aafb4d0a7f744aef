import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ClockError, sleep, systemClock, timeoutSignal, withTimeout } from '../src/index.ts';
import { createVirtualClock } from '../src/virtual.ts';

// biome-ignore lint/suspicious/noExplicitAny: the compiler refuses these values
const any = (value: unknown): any => value;

const refusal = (message: string) => expect.objectContaining({ name: 'ClockError', code: 'invalid-option', message });

describe('arguments of a wrong type are refused', () => {
  const clock = createVirtualClock();

  test.each<[string, () => unknown, string]>([
    [
      'a clock that is a text',
      () => createVirtualClock(any('now')),
      'the options argument of createVirtualClock is "now", expected an object',
    ],
    [
      'a start as a date',
      () => createVirtualClock({ now: any(new Date(0)) }),
      'now is an object, expected a finite number',
    ],
    [
      'a misspelt start',
      () => createVirtualClock(any({ Now: 0 })),
      'createVirtualClock has no option "Now" (did you mean "now"?), known options: now',
    ],
    ['a jump that is no number', () => clock.jump(Number.NaN), 'ms is NaN, expected a finite number'],
    [
      'a timer without a callback',
      () => clock.setTimeout(any(undefined), 5),
      'callback is undefined, expected a function',
    ],
    ['a delay as text', () => clock.setTimeout(() => {}, any('5')), 'ms is "5", expected a number of milliseconds'],
    [
      'a timer of the machine without a callback',
      () => systemClock.setTimeout(any(5), 5),
      'callback is 5, expected a function',
    ],
    [
      'a delay of the machine as bigint',
      () => systemClock.setTimeout(() => {}, any(5n)),
      'ms is 5n, expected a number of milliseconds',
    ],
    [
      'no clock',
      () => timeoutSignal(any(undefined), 5),
      'clock is undefined, expected an object with the method setTimeout',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(refusal(message));
    expect(clock.pending).toBe(0);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a sleep without a clock', () => sleep(any(5), 5), 'clock is 5, expected an object with the method setTimeout'],
    [
      'a sleep with a signal for options',
      () => sleep(clock, 5, any({ sginal: 1 })),
      'sleep has no option "sginal" (did you mean "signal"?), known options: signal',
    ],
    [
      'a controller for a signal',
      () => sleep(clock, 5, { signal: any(new AbortController()) }),
      'signal is an object, expected an AbortSignal',
    ],
    [
      'work that is under way',
      () => withTimeout(clock, 5, any(Promise.resolve())),
      'work is an object, expected a function',
    ],
    [
      'a deadline as text',
      () => withTimeout(clock, any('5'), async () => {}),
      'ms is "5", expected a number of milliseconds',
    ],
    ['time that runs backwards', () => clock.advance(-1), 'ms is -1, expected a finite number of at least 0'],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toEqual(refusal(message));
    expect(clock.pending).toBe(0);
  });

  test('no listener remains on the signal', async () => {
    const { signal } = new AbortController();
    await expect(withTimeout(clock, any('5'), async () => {}, { signal })).rejects.toThrow(ClockError);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

test('an error has its message in JSON', () => {
  const error = new ClockError('livelock', 'no rest');
  const json = { name: 'ClockError', code: 'livelock', message: 'no rest' };
  expect(JSON.parse(JSON.stringify(error))).toEqual(json);
});
