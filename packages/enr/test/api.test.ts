import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "EnodeError",
      "EnrError",
      "IpError",
      "MAX_ENR_LENGTH",
      "checkRelay",
      "decodeEnr",
      "enodeFromEnr",
      "enrContentFromEnode",
      "formatEnode",
      "formatEnr",
      "formatIp",
      "formatIpRange",
      "fromHex",
      "inRange",
      "ipClass",
      "ipRange",
      "isLan",
      "isLoopback",
      "isOnCurve",
      "isRoutable",
      "isSpecial",
      "networkGroup",
      "nodeIdHash",
      "normalizeIp",
      "parseEnode",
      "parseEnr",
      "parseIp",
      "parseIpRange",
      "parseIpRanges",
      "signEnr",
      "toHex",
      "updateEnr",
    ]
  `);
});
