import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "abortSignal",
      "any",
      "array",
      "boolean",
      "bytes",
      "createChecker",
      "func",
      "integer",
      "methods",
      "nearestName",
      "nonNegative",
      "object",
      "oneOf",
      "positive",
      "required",
      "secret",
      "string",
      "uint",
    ]
  `);
});
