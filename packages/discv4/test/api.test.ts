import { expect, test } from 'vitest';

test('the exports of @devp2p/discv4', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "Discv4Error",
      "createDiscv4",
      "decodePacket",
      "encodePacket",
      "maxNeighbors",
      "maxPacketSize",
    ]
  `);
});

test('the exports of @devp2p/discv4/udp', async () => {
  expect(Object.keys(await import('../src/udp.ts')).sort()).toMatchInlineSnapshot(`
    [
      "listen",
      "sntpDrift",
    ]
  `);
});
