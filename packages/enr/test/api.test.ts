import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "EnodeError",
      "EnrError",
      "MAX_ENR_LENGTH",
      "decodeEnr",
      "enodeFromEnr",
      "enrContentFromEnode",
      "formatEnode",
      "formatEnr",
      "isOnCurve",
      "nodeIdHash",
      "parseEnode",
      "parseEnr",
      "signEnr",
      "updateEnr",
    ]
  `);
});
