// Runs two full nodes in one program, which connect over loopback.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createNode } from '@devp2p/node';

const folder = await mkdtemp(join(tmpdir(), 'nodes-'));
const local = { network: 'sepolia', host: '127.0.0.1', port: 0, maxPeers: 25 } as const;

const node = await createNode({ ...local, datadir: join(folder, 'a') });
node.on('peer', ({ client, eth }) => console.log(`${client} connected with eth/${eth.version}`));

const other = await createNode({
  ...local,
  datadir: join(folder, 'b'),
  identity: 'other',
  staticNodes: [node.enode],
});
const [peer] = await once(other, 'peer');
const [genesis] = await peer.eth.getHeaders({ origin: 0, amount: 1 });
console.log(`genesis block ${Buffer.from(genesis.hash).toString('hex')}`);

await node.close();
const { reason, direction } = await peer.closed;
console.log(`disconnected by the ${direction} side: ${reason}`); // disconnected by the remote side: quitting
await other.close();
await rm(folder, { recursive: true });
