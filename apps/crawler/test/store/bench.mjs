// Fills a store with 200,000 nodes like a crawl, then resumes from it in one process and exports it in another:
// npm run bench:store -w apps/crawler [-- N] (imports the build output). Memory is the resident set of the process,
// including the table files that LevelDB maps into it, and its maximum.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCrawler, exportNodes, openLevelStore, statuses } from '../../dist/index.js';

const [task = '200000', where] = process.argv.slice(2);
const count = Number(process.argv[4] ?? task);
const neighborsPerVisit = 48;
const folder = where ?? mkdtempSync(join(tmpdir(), 'crawl-bench-'));
const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;
const memory = () => {
  const { rss } = process.memoryUsage();
  return `resident ${megabytes(rss)}, maximum ${megabytes(process.resourceUsage().maxRSS * 1_024)}`;
};

async function measure(name, amount, work) {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const rate = Math.round(amount / seconds).toLocaleString('en');
  console.log(`${name.padEnd(44)} ${rate.padStart(9)}/s  ${memory()}`);
}

/** Random bytes like those of real nodes: keys share no prefixes, and text does not compress. */
const digest = (text, length = 64) => createHash('shake256', { outputLength: length }).update(text).digest();
const ids = (number) => new Uint8Array(digest(`id ${number}`));
const clients = ['Geth/v1.17.5-stable-0c2fb441/linux-amd64/go1.24.1', 'reth/v1.4.3-fe2ae9e/x86_64-unknown-linux-gnu'];
const now = Date.now();

function found(number) {
  return {
    id: ids(number),
    endpoint: {
      ip: `${1 + (number % 220)}.${(number >> 8) & 255}.${number & 255}.7`,
      udp: 30303,
      tcp: 30303,
    },
    trust: 'gossiped',
    origin: 'gossip',
    relayedBy: '10.2.3.4',
    status: 'discovered',
    firstSeen: now,
    visits: 0,
    failures: 0,
    dueAt: now + (number % 1_000),
  };
}

function visited(node, number) {
  const reached = number % 3 > 0;
  const about = {
    status: 'synced',
    enr: `enr:${digest(`enr ${number}`, 140).toString('base64url')}`,
    client: clients[number % clients.length],
    capabilities: [68, 69].map((version) => ({ name: 'eth', version })).concat({ name: 'snap', version: 1 }),
    listenPort: 30303,
    eth: {
      version: 69,
      networkId: 1n,
      genesis: digest('genesis', 32),
      forkId: { hash: 0x07c9462e, next: 0n },
      latestHash: digest(`head ${number}`, 32),
      earliest: 0,
      latest: 24_000_000,
      headTime: 1_770_000_000,
    },
    rtt: { udp: 31.2, tcp: 30.5, hello: 95.1 },
    lastSeen: now,
    trust: 'signed',
  };
  const times = {
    lastVisit: now,
    visits: node.visits + 1,
    dueAt: now + 1_800_000 + (number % 3_600_000),
  };
  return { ...node, ...times, ...(reached ? about : { error: 'tcp/ETIMEDOUT', failures: 1 }) };
}

async function fill() {
  const store = await openLevelStore(folder);
  console.log(`${count.toLocaleString('en')} nodes, ${memory()} before the first`);

  await measure('nodes found, 16 in a batch', count, async () => {
    for (let number = 0; number < count; number += 16) {
      const nodes = Array.from({ length: Math.min(16, count - number) }, (_, i) => found(number + i));
      await store.commit({ nodes });
    }
  });

  await measure(`visits: lease 64, commit each with ${neighborsPerVisit} neighbors`, count, async () => {
    const steps = statuses.map((step) => ({ step, ms: 12.5 }));
    for (let number = 0; ; ) {
      const leased = await store.lease(now + 2_000, 64);
      if (leased.length === 0) break;
      await Promise.all(
        leased.map((node) => {
          number++;
          const neighbors = Array.from({ length: neighborsPerVisit }, (_, i) => ids((number * 31 + i * 977) % count));
          const visit = {
            id: node.id,
            at: now,
            status: 'synced',
            steps,
            neighbors: neighborsPerVisit,
          };
          return store.commit({
            nodes: [visited(node, number)],
            visits: [visit],
            neighbors: [{ id: node.id, neighbors }],
          });
        }),
      );
    }
  });

  await measure('iterate over all nodes', count, async () => {
    let seen = 0;
    for await (const _ of store.nodes()) seen++;
    if (seen !== count) throw new Error(`${seen} nodes`);
  });
  await store.close();
}

async function resume() {
  let store;
  let crawler;
  await measure('a new process: open to resume', count, async () => {
    store = await openLevelStore(folder);
    const privateKey = new Uint8Array(32).fill(1);
    crawler = await createCrawler({ store, privateKey, host: '127.0.0.1' });
  });
  if (crawler.progress.rollup.funnel.discovered !== count) throw new Error('nodes are missing');
  await crawler.close();
  await store.close();
}

async function exportAll() {
  const store = await openLevelStore(folder);
  for (const format of ['ndjson', 'csv']) {
    await measure(`another process: export as ${format}`, count, async () => {
      for await (const _ of exportNodes(store.nodes(), { format }));
    });
  }
  await store.close();
}

if (task === 'resume') await resume();
else if (task === 'export') await exportAll();
else {
  await fill();
  for (const next of ['resume', 'export']) {
    const args = [process.argv[1], next, folder, String(count)];
    spawnSync(process.execPath, args, { stdio: 'inherit' });
  }
  let size = 0;
  for (const name of readdirSync(folder)) size += statSync(join(folder, name)).size;
  console.log(`on disk ${megabytes(size)}`);
  rmSync(folder, { recursive: true });
}
