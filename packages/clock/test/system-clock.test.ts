import { afterEach, describe, expect, test, vi } from 'vitest';
import { ClockError, systemClock } from '../src/index.ts';

describe('systemClock', () => {
  afterEach(() => vi.useRealTimers());

  test('returns the time of the machine', () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(Number.isInteger(systemClock.now())).toBe(true);
    const start = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(start);
  });

  test('fires asynchronously and never early', async () => {
    for (const ms of [-1, 0, 0.4, 1, 2.7]) {
      const start = systemClock.monotonic();
      let returned = false;
      await new Promise<void>((resolve, reject) => {
        systemClock.setTimeout(() => (returned ? resolve() : reject(new Error('synchronous'))), ms);
        returned = true;
      });
      expect(systemClock.monotonic() - start).toBeGreaterThanOrEqual(ms);
    }
  });

  test('supports delays above the 31 bits of the platform timers', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const fired = vi.fn();
    const ms = 2 ** 32 + 5000;
    systemClock.setTimeout(fired, ms);
    const cancelled = systemClock.setTimeout(fired, ms);
    const never = systemClock.setTimeout(fired, Number.POSITIVE_INFINITY);
    vi.advanceTimersByTime(ms - 1);
    expect(fired).not.toHaveBeenCalled();
    cancelled.cancel();
    vi.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(ms);
    expect(fired).toHaveBeenCalledTimes(1);
    never.cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a delay that is not a number is refused', () => {
    expect(() => systemClock.setTimeout(() => undefined, Number.NaN)).toThrow(ClockError);
  });
});
