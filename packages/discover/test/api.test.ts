import { expect, test } from 'vitest';

test('the exports of @devp2p/discover', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "Bootnodes",
      "DiscoverError",
      "Kademlia",
      "LocalNode",
      "Node",
      "NodeDatabase",
      "UdpEndpoint",
      "bucketSize",
      "compareDistance",
      "createMemoryStore",
      "createNode",
      "createNodeIterator",
      "createUdpEndpoint",
      "hasSameEndpoint",
      "kademliaDefaults",
      "kademliaRules",
      "localNodeRule",
      "localNodeRules",
      "logDistance",
      "nodeFromContact",
      "nodeFromEnr",
      "openLocalNode",
      "resolveNode",
      "sourceOf",
      "withEnr",
    ]
  `);
});

test('the exports of @devp2p/discover/udp', async () => {
  expect(Object.keys(await import('../src/udp.ts')).sort()).toMatchInlineSnapshot(`
    [
      "bindRules",
      "bindUdp",
    ]
  `);
});
