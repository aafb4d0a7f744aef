import { expect, test } from 'vitest';

test('the exports of @devp2p/connmgr', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "BanScore",
      "ConnManagerError",
      "chooseEviction",
      "createBanList",
      "createConnManager",
      "keyGroups",
    ]
  `);
});
