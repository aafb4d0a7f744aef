import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "concatBytes",
      "equalBytes",
      "fromHex",
      "isZero",
      "toHex",
    ]
  `);
});
