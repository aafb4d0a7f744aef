import { describe, expect, test } from 'vitest';
import { Lifecycle } from '../../src/node/lifecycle.ts';

/** A resource that records when it begins and finishes closing. */
function recorder() {
  const events: string[] = [];
  return {
    events,
    closing: (name: string, error?: Error) => async (): Promise<void> => {
      events.push(`${name} closing`);
      await Promise.resolve();
      await Promise.resolve();
      events.push(`${name} closed`);
      if (error !== undefined) throw error;
    },
  };
}

describe('closing', () => {
  test('resources close in reverse order, one after another', async () => {
    const { events, closing } = recorder();
    const lifecycle = new Lifecycle();
    lifecycle.onClose(closing('chain'));
    lifecycle.onClose(closing('network'));
    await lifecycle.close();
    expect(events).toEqual(['network closing', 'network closed', 'chain closing', 'chain closed']);
  });

  test('parallel neighbors close at the same time, after the later and before the earlier ones', async () => {
    const { events, closing } = recorder();
    const lifecycle = new Lifecycle();
    lifecycle.onClose(closing('a'));
    lifecycle.onClose(closing('b'), { parallel: true });
    lifecycle.onClose(closing('c'), { parallel: true });
    lifecycle.onClose(closing('d'));
    await lifecycle.close();
    expect(events).toEqual([
      'd closing',
      'd closed',
      'c closing',
      'b closing',
      'c closed',
      'b closed',
      'a closing',
      'a closed',
    ]);
  });

  test('the failure of a resource does not prevent the others from closing, and its error is thrown', async () => {
    const { events, closing } = recorder();
    const lifecycle = new Lifecycle();
    const failure = new Error('disk full');
    lifecycle.onClose(closing('a'));
    lifecycle.onClose(closing('b', failure));
    lifecycle.onClose(() => {
      throw new TypeError('not open');
    });
    await expect(lifecycle.close()).rejects.toMatchObject({
      errors: [new TypeError('not open'), failure],
      message: 'TypeError: not open; Error: disk full',
    });
    expect(events).toContain('a closed');

    const other = new Lifecycle();
    other.onClose(closing('c', failure));
    await expect(other.close()).rejects.toBe(failure);
  });

  test('a second close closes no resource twice and has the same result', async () => {
    const { events, closing } = recorder();
    const lifecycle = new Lifecycle();
    const failure = new Error('disk full');
    lifecycle.onClose(closing('a', failure));
    const closes = [lifecycle.close(), lifecycle.close()];
    const reasons = (await Promise.allSettled(closes)).map((end) => end.status);
    expect(reasons).toEqual(['rejected', 'rejected']);
    await expect(lifecycle.close()).rejects.toBe(failure);
    expect(events).toEqual(['a closing', 'a closed']);
  });

  test('the signal aborts before the first resource closes', async () => {
    const lifecycle = new Lifecycle();
    let aborted: boolean | undefined;
    lifecycle.onClose(() => {
      aborted = lifecycle.signal.aborted;
    });
    expect(lifecycle.signal.aborted).toBe(false);
    await lifecycle.close();
    expect(aborted).toBe(true);
  });

  test('no resource can be registered once closing has begun', async () => {
    const lifecycle = new Lifecycle();
    await lifecycle.close();
    expect(() => lifecycle.onClose(() => {})).toThrow('the lifecycle is closed');
  });
});

describe('opening', () => {
  test('the result is returned, and no resource is closed', async () => {
    const { events, closing } = recorder();
    const result = await Lifecycle.open(async (lifecycle) => {
      lifecycle.onClose(closing('a'));
      return 7;
    });
    expect(result).toBe(7);
    expect(events).toEqual([]);
  });

  test('a failure half-way closes the open resources in reverse order, and is thrown', async () => {
    const { events, closing } = recorder();
    const failure = new Error('port in use');
    const opening = Lifecycle.open(async (lifecycle) => {
      lifecycle.onClose(closing('a'));
      await Promise.resolve();
      lifecycle.onClose(closing('b'));
      throw failure;
    });
    await expect(opening).rejects.toBe(failure);
    expect(events).toEqual(['b closing', 'b closed', 'a closing', 'a closed']);
  });

  test('an error of closing after a failure is reported together with it', async () => {
    const { closing } = recorder();
    const failure = new Error('port in use');
    const errors: unknown[] = [];
    const opening = Lifecycle.open(
      async (lifecycle) => {
        lifecycle.onClose(closing('a', new Error('disk full')));
        throw failure;
      },
      { onCloseError: (error) => errors.push(error) },
    );
    await expect(opening).rejects.toBe(failure);
    expect(errors).toEqual([new Error('disk full')]);
  });

  test('an abort half-way aborts the step in progress, and closes the open resources', async () => {
    const { events, closing } = recorder();
    const controller = new AbortController();
    const reason = new Error('interrupted');
    const opening = Lifecycle.open(
      async (lifecycle) => {
        lifecycle.onClose(closing('a'));
        controller.abort(reason);
        lifecycle.signal.throwIfAborted();
        lifecycle.onClose(closing('b'));
      },
      { signal: controller.signal },
    );
    await expect(opening).rejects.toBe(reason);
    expect(events).toEqual(['a closing', 'a closed']);
  });

  test('an abort that no step checks closes all resources at the end', async () => {
    const { events, closing } = recorder();
    const controller = new AbortController();
    const opening = Lifecycle.open(
      async (lifecycle) => {
        lifecycle.onClose(closing('a'));
        controller.abort();
      },
      { signal: controller.signal },
    );
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
    expect(events).toEqual(['a closing', 'a closed']);
  });

  test('with an aborted signal, no resource is opened', async () => {
    let opened = false;
    const opening = Lifecycle.open(
      async () => {
        opened = true;
      },
      { signal: AbortSignal.abort() },
    );
    await expect(opening).rejects.toMatchObject({ name: 'AbortError' });
    expect(opened).toBe(false);
  });

  test('an abort after opening has no effect', async () => {
    const controller = new AbortController();
    const lifecycle = await Lifecycle.open(async (opened) => opened, {
      signal: controller.signal,
    });
    controller.abort();
    expect(lifecycle.signal.aborted).toBe(false);
  });
});
