import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { ClockError, sleep, timeoutSignal, withTimeout } from '../src/index.ts';
import { createVirtualClock } from '../src/virtual.ts';

/** Returns the state of a promise without waiting for it. */
function watch(promise: Promise<unknown>): { state: unknown } {
  const seen: { state: unknown } = { state: 'pending' };
  promise.then(
    (value) => {
      seen.state = ['resolved', value];
    },
    (error: unknown) => {
      seen.state = ['rejected', error];
    },
  );
  return seen;
}

describe('sleep', () => {
  test('resolves after its time and leaves no listener', async () => {
    const clock = createVirtualClock();
    const { signal } = new AbortController();
    const seen = watch(sleep(clock, 100, { signal }));
    await clock.advance(99);
    expect(seen.state).toBe('pending');
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await clock.advance(1);
    expect(seen.state).toEqual(['resolved', undefined]);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('rejects at an abort with its reason, and leaves neither timer nor listener', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const seen = watch(sleep(clock, 100, { signal: controller.signal }));
    const reason = new Error('stop');
    controller.abort(reason);
    await clock.advance(0);
    expect(seen.state).toEqual(['rejected', reason]);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('does not start under an aborted signal', async () => {
    const clock = createVirtualClock();
    await expect(sleep(clock, 100, { signal: AbortSignal.abort('gone') })).rejects.toBe('gone');
    expect(clock.pending).toBe(0);
  });

  test('a duration that is not a number rejects and leaves no listener', async () => {
    const { signal } = new AbortController();
    await expect(sleep(createVirtualClock(), Number.NaN, { signal })).rejects.toThrow(ClockError);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('timeoutSignal', () => {
  test('aborts after the timeout with the given reason or a TimeoutError', async () => {
    const clock = createVirtualClock();
    const plain = timeoutSignal(clock, 10);
    const reason = new Error('too slow');
    const given = timeoutSignal(clock, 10, reason);
    await clock.advance(9);
    expect([plain.signal.aborted, given.signal.aborted]).toEqual([false, false]);
    await clock.advance(1);
    expect(plain.signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(given.signal.reason).toBe(reason);
  });

  test('never aborts after cancel', async () => {
    const clock = createVirtualClock();
    const timeout = timeoutSignal(clock, 10);
    timeout.cancel();
    timeout.cancel();
    expect(clock.pending).toBe(0);
    await clock.advance(20);
    expect(timeout.signal.aborted).toBe(false);
  });
});

describe('withTimeout', () => {
  const forever = (): Promise<never> => new Promise(() => undefined);

  test('settles like the work and leaves neither timer nor listener', async () => {
    const clock = createVirtualClock();
    const { signal } = new AbortController();
    const failure = new Error('failed');
    await expect(withTimeout(clock, 10, async () => 7, { signal })).resolves.toBe(7);
    await expect(withTimeout(clock, 10, () => Promise.reject(failure), { signal })).rejects.toBe(failure);
    const throwing = (): Promise<void> => {
      throw failure;
    };
    await expect(withTimeout(clock, 10, throwing, { signal })).rejects.toBe(failure);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('rejects after the timeout even if the work ignores the signal', async () => {
    const clock = createVirtualClock();
    const { signal } = new AbortController();
    let inner: AbortSignal | undefined;
    const seen = watch(
      withTimeout(
        clock,
        10,
        (given) => {
          inner = given;
          return forever();
        },
        { signal },
      ),
    );
    await clock.advance(9);
    expect(seen.state).toBe('pending');
    await clock.advance(1);
    expect(seen.state).toMatchObject(['rejected', { name: 'TimeoutError' }]);
    expect(inner?.reason).toMatchObject({ name: 'TimeoutError' });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('rejects with the reason of the caller when the caller aborts', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const seen = watch(withTimeout(clock, 10, forever, { signal: controller.signal }));
    controller.abort('enough');
    await clock.advance(0);
    expect(seen.state).toEqual(['rejected', 'enough']);
    expect(clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  test('does not start the work under an aborted signal', async () => {
    let started = false;
    const work = async (): Promise<void> => {
      started = true;
    };
    const signal = AbortSignal.abort('gone');
    await expect(withTimeout(createVirtualClock(), 10, work, { signal })).rejects.toBe('gone');
    expect(started).toBe(false);
  });

  test('work that fails after the deadline is not an unhandled rejection', async () => {
    const clock = createVirtualClock();
    const reason = new Error('late');
    const work = (signal: AbortSignal): Promise<never> => sleep(clock, 50, { signal }) as Promise<never>;
    const seen = watch(withTimeout(clock, 10, work, { reason }));
    await clock.advance(100);
    expect(seen.state).toEqual(['rejected', reason]);
  });
});
