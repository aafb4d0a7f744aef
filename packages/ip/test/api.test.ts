import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "IpError",
      "checkRelay",
      "formatIp",
      "formatIpRange",
      "inRange",
      "ipClass",
      "ipRange",
      "isLan",
      "isLoopback",
      "isRoutable",
      "isSpecial",
      "networkGroup",
      "normalizeIp",
      "parseIp",
      "parseIpRange",
      "parseIpRanges",
    ]
  `);
});
