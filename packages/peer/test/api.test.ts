import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "PeerError",
      "createNetworkSwitch",
      "disconnectReasons",
      "openPeer",
      "protocol",
    ]
  `);
  expect(Object.keys(await import('../src/pipe.ts')).sort()).toMatchInlineSnapshot(`
    [
      "streamPair",
    ]
  `);
});
