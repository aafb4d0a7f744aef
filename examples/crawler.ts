// Crawls a network of three local nodes, starting from the first one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCrawler, createMemoryStore, exportNodes, networks } from '@devp2p/crawler';
import { generatePrivateKey } from '@devp2p/crypto';
import { createNode } from '@devp2p/node';

const folder = await mkdtemp(join(tmpdir(), 'network-'));
const local = { network: 'sepolia', host: '127.0.0.1', port: 0, maxPeers: 25 } as const;
const first = await createNode({ ...local, datadir: join(folder, '0') });
const bootnodes = [first.enode];
const others = await Promise.all(
  ['1', '2'].map((name) => createNode({ ...local, datadir: join(folder, name), bootnodes })),
);

const store = createMemoryStore(); // or openLevelStore('crawl'), which the next run resumes
const crawler = await createCrawler({
  store,
  bootnodes,
  privateKey: generatePrivateKey(),
  host: '127.0.0.1',
  network: networks.sepolia.chain,
  once: true,
  requestTimeout: 500, // all nodes are local
});
const { rollup } = await crawler.run();
console.log(rollup.funnel); // { discovered: 3, bonded: 3, … chain: 3, synced: 0 }
for await (const text of exportNodes(store.nodes(), { format: 'ndjson' }))
  process.stdout.write(text);

await Promise.all([first, ...others].map((node) => node.close()));
await rm(folder, { recursive: true });
