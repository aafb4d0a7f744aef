import { expect, test } from 'vitest';

test('the public API is this and no more', async () => {
  expect(Object.keys(await import('../src/index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "EthError",
      "RawList",
      "StackTrie",
      "accountAddress",
      "addToBloom",
      "bloomLength",
      "bodyCodec",
      "bodyMatches",
      "checkForkId",
      "consensusReceipts",
      "contractAddress",
      "createBlockGossip",
      "createTransactionGossip",
      "decodeBlock",
      "decodeBody",
      "decodeHeader",
      "decodePooledTransaction",
      "decodeTransaction",
      "encodeBlock",
      "encodePooledTransaction",
      "encodeReceipts",
      "eth",
      "ethVersion",
      "forkId",
      "forkIdCodec",
      "formatForkId",
      "headerCodec",
      "listRoot",
      "maxSignatureS",
      "nodeInfo",
      "receiptCodec",
      "receiptList",
      "receiptsMatch",
      "recoverAuthority",
      "recoverSender",
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
