/** Imports a chain again and again while two peers use the node, and reports the delays of this thread. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createNode, importFile } from '@devp2p/node';
import { median } from '../figures.ts';
import type { PeerReport } from './busy-peer.ts';
import type { EventLoopReport } from './event-loop.ts';
import { withScratch } from './scratch.ts';

const [, , folder = ''] = process.argv;
/** Least time with both peers and an import, in ms. */
const duration = 60_000;
const nanosecondsPerMillisecond = 1e6;

const delays = monitorEventLoopDelay({ resolution: 10 });
const pings: number[] = [];
let [blocks, bodies, elapsed] = [0, 0, 0];

/** Starts a peer in a process of its own, and resolves when it is connected. */
async function startPeer(enode: string, task: 'pull' | 'ping'): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('./busy-peer.js', import.meta.url));
  const child = fork(main, [folder, enode, task]);
  await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error(`the peer (${task}) has exited`)));
  });
  return child;
}

/** Ends a peer. */
async function stopPeer(child: ChildProcess): Promise<PeerReport> {
  const report = new Promise((resolve) => child.once('message', resolve));
  child.send('stop');
  return (await report) as PeerReport;
}

while (elapsed < duration) {
  await withScratch(async (datadir) => {
    const genesis = join(folder, 'genesis.json');
    const node = await createNode({ genesis, datadir, host: '127.0.0.1', port: 0, discovery: false });
    if (!node.chain.isExecuting) throw new Error('blocks are not executed');
    const peers = [await startPeer(node.enode, 'pull'), await startPeer(node.enode, 'ping')];
    const start = performance.now();
    const abort = new AbortController();
    delays.enable();
    const imported = importFile(node.chain, join(folder, 'chain.rlp'), { crypto, signal: abort.signal });
    await Promise.race([imported, setTimeout(duration - elapsed)]);
    delays.disable();
    elapsed += performance.now() - start;
    blocks += node.chain.head.number;
    for (const peer of peers) {
      const report = await stopPeer(peer);
      bodies += report.bodies;
      pings.push(...report.pings);
    }
    abort.abort();
    await imported.catch(() => {});
    await node.close();
  });
}

const sorted = pings.sort((a, b) => a - b);
const report: EventLoopReport = {
  p99: delays.percentile(99) / nanosecondsPerMillisecond,
  max: delays.max / nanosecondsPerMillisecond,
  pingMedian: median(sorted),
  pingP99: sorted[Math.ceil(0.99 * sorted.length) - 1] ?? Number.NaN,
  bodies,
  blocks,
  seconds: elapsed / 1000,
};
process.send?.(report, () => process.exit());
