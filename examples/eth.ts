// Requests headers from a node, which runs in the same program on a socket of its own.
import { generatePrivateKey, nobleCrypto } from '@devp2p/crypto';
import { eth } from '@devp2p/eth';
import { emptyBlocks, memoryChain } from '@devp2p/eth/memory';
import { openPeer } from '@devp2p/peer';
import { connect, listen } from '@devp2p/rlpx/tcp';

const chain = memoryChain({ blocks: emptyBlocks(1000) });
const signal = AbortSignal.timeout(10_000);

const nodeKey = generatePrivateKey();
const listener = await listen({
  privateKey: nodeKey,
  host: '127.0.0.1',
  port: 0,
  onStream: (stream) => void openPeer(stream, { protocols: [eth({ chain })] }).catch(() => {}),
});
const { host, port: tcp } = listener.address;
const node = { id: nobleCrypto.secp256k1.publicKey(nodeKey), host, tcp };

const stream = await connect(node, { privateKey: generatePrivateKey(), signal });
const peer = await openPeer(stream, { clientId: 'example/1.0', protocols: [eth({ chain })] });
const headers = await peer.eth.getHeaders({ origin: 1, amount: 192 }, { signal });
console.log(`eth/${peer.eth.version}: ${headers.length} headers`); // eth/70: 192 headers
console.log(`${headers[0]?.number} to ${headers.at(-1)?.number}`); // 1 to 192
console.log(`chain of ${(peer.eth.range?.latest ?? 0) + 1} blocks`); // chain of 1000 blocks

await peer.disconnect('requested');
await listener.close();
