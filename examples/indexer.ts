// Reads the transactions and the blocks of a node, as an indexer does: without a pool and a chain of its own.
import { toHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import {
  bodyMatches,
  decodePooledTransaction,
  eth,
  follow,
  recoverSender,
  signTransaction,
} from '@devp2p/eth';
import { emptyBlocks, memoryChain } from '@devp2p/eth/memory';
import { openPeer } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';

const chain = memoryChain({ blocks: emptyBlocks(100) });
const [nodeEnd, ownEnd] = streamPair();
const [node, peer] = await Promise.all([
  openPeer(nodeEnd, { protocols: [eth({ chain })] }),
  openPeer(ownEnd, { protocols: [eth({ chain })] }),
]);

const pooled = peer.eth.transactions();
const to = new Uint8Array(20).fill(0xaa);
const fees = { gas: 21_000n, maxFeePerGas: 30n, maxPriorityFeePerGas: 1n };
const payment = signTransaction(
  { chainId: 1337n, nonce: 0n, to, value: 5n, ...fees },
  generatePrivateKey(),
);
await node.eth.sendTransactions([payment]);
for await (const { transaction: network } of pooled) {
  const { transaction } = decodePooledTransaction(network);
  const sender = recoverSender(transaction.raw);
  console.log(
    `type ${transaction.type}: ${transaction.value} wei from an address of ${sender?.length} bytes`,
  );
  console.log(`to 0x${toHex(transaction.to ?? new Uint8Array())}`); // to 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  break;
}

for await (const { header, removed } of follow([peer.eth], { from: 98 })) {
  const [body] = await peer.eth.getBodies([header.hash], {
    verify: (each) => bodyMatches(header, each),
  });
  console.log(
    `block ${header.number}: ${body?.transactions.length} transactions, ${removed.length} blocks replaced`,
  );
  if (header.number === 99) break;
}
await peer.disconnect('requested');
