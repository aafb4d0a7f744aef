import { expect, test } from 'vitest';

test('exported names', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "PeerError",
      "createNetworkSwitch",
      "createRequestTracker",
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
