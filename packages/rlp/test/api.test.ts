import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "Reader",
      "RlpError",
      "Writer",
      "bigint",
      "boolean",
      "bytes",
      "bytesUpTo",
      "decode",
      "decodePrefix",
      "encode",
      "list",
      "map",
      "optional",
      "raw",
      "struct",
      "text",
      "tree",
      "uint",
      "validate",
    ]
  `);
});
