import { expect, test } from 'vitest';

test('exports of @devp2p/addrman', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "AddrManError",
      "createAddrMan",
      "createAddressQueue",
      "openAddrMan",
    ]
  `);
});
