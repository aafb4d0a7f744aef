import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "EnodeError",
      "EnrError",
      "decodeEnr",
      "enodeFromEnr",
      "enrContentFromEnode",
      "formatEnode",
      "formatEnr",
      "isOnCurve",
      "maxEnrLength",
      "nodeIdHash",
      "parseEnode",
      "parseEnr",
      "signEnr",
      "updateEnr",
    ]
  `);
});
