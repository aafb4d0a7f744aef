import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { abortable } from '../src/index.ts';

test('settles like the work without a signal', async () => {
  expect(await abortable(Promise.resolve(1), undefined)).toBe(1);
  await expect(abortable(Promise.reject(new Error('failed')), undefined)).rejects.toThrow('failed');
});

test('settles like the work and leaves no listener', async () => {
  const { signal } = new AbortController();
  expect(await abortable(Promise.resolve(1), signal)).toBe(1);
  await expect(abortable(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('rejects with the reason of the signal before the work settles', async () => {
  const abort = new AbortController();
  const pending = abortable(new Promise(() => {}), abort.signal);
  abort.abort('reason');
  await expect(pending).rejects.toBe('reason');
});

test('rejects at once if the signal is aborted, also if the work fails later', async () => {
  const signal = AbortSignal.abort('reason');
  let fail = (_error: Error): void => {};
  const work = new Promise((_, reject) => {
    fail = reject;
  });
  await expect(abortable(work, signal)).rejects.toBe('reason');
  await expect(abortable(Promise.resolve(1), signal)).rejects.toBe('reason');
  // An unhandled rejection would fail the test run.
  fail(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
