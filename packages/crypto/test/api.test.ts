import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "CryptoError",
      "generatePrivateKey",
      "nobleCrypto",
    ]
  `);
  expect(Object.keys(await import('../src/fast.ts')).sort()).toMatchInlineSnapshot(`
    [
      "fastCrypto",
    ]
  `);
});
