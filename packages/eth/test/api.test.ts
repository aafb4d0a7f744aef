import { expect, test } from 'vitest';

test('the public API is this and no more', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "EthError",
      "RawList",
      "accountAddress",
      "addToBloom",
      "bloomLength",
      "bodyCodec",
      "checkForkId",
      "consensusReceipts",
      "createBlockGossip",
      "decodeBlock",
      "decodeBody",
      "decodeHeader",
      "encodeBlock",
      "encodeReceipts",
      "eth",
      "ethVersion",
      "forkId",
      "forkIdCodec",
      "formatForkId",
      "headerCodec",
      "nodeInfo",
      "receiptCodec",
      "receiptList",
      "sealHeader",
      "signAuthorization",
      "signTransaction",
      "transactionHash",
      "transactionList",
      "transactionsOf",
      "withdrawalCodec",
      "wrapTransaction",
    ]
  `);
  expect(Object.keys(await import('../src/memory.ts')).sort()).toMatchInlineSnapshot(`
    [
      "emptyBlocks",
      "memoryChain",
    ]
  `);
});
