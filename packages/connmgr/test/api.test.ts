import { expect, test } from 'vitest';

test('exports of @devp2p/connmgr', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "ConnManagerError",
      "createBanList",
      "createConnManager",
    ]
  `);
});
