import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "ClockError",
      "abortable",
      "sleep",
      "systemClock",
      "timeoutSignal",
      "withTimeout",
    ]
  `);
  expect(Object.keys(await import('../src/virtual.ts')).sort()).toMatchInlineSnapshot(`
    [
      "createVirtualClock",
    ]
  `);
});
