import { expect, test } from 'vitest';

test('the exports of @devp2p/rlpx', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "FrameOpener",
      "FrameSealer",
      "RlpxError",
      "accept",
      "acceptHandshake",
      "frameLength",
      "initiate",
      "initiateHandshake",
    ]
  `);
});

test('the exports of @devp2p/rlpx/tcp', async () => {
  expect(Object.keys(await import('../src/tcp.ts')).sort()).toMatchInlineSnapshot(`
    [
      "connect",
      "listen",
    ]
  `);
});
