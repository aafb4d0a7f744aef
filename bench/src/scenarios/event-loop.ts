import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Scenario } from './scenario.ts';

/** What the node of the scenario reports. */
export interface EventLoopReport {
  /** Delays of the event loop of the networking thread in ms. */
  readonly p99: number;
  readonly max: number;
  /** Times of the pings in ms. */
  readonly pingMedian: number;
  readonly pingP99: number;
  readonly bodies: number;
  readonly blocks: number;
  readonly seconds: number;
}

/** The delay of the networking thread while another thread executes. */
export const eventLoopScenario: Scenario = {
  name: 'event-loop',
  title: 'networking thread during an import with blocks of 30 million gas, one peer pulling bodies, one pinging',
  async run({ go }) {
    const report = await runNode(go.chain('busy'));
    return [
      { what: 'event loop delay, 99 %, ms', ours: report.p99, goal: { atMost: 50 } },
      { what: 'event loop delay, most, ms', ours: report.max },
      { what: 'ping, median, ms', ours: report.pingMedian },
      { what: 'ping, 99 %, ms', ours: report.pingP99 },
      { what: 'bodies served/s', ours: report.bodies / report.seconds },
      { what: 'blocks imported/s', ours: report.blocks / report.seconds },
    ];
  },
};

function runNode(folder: string): Promise<EventLoopReport> {
  const main = fileURLToPath(new URL('./busy-node.js', import.meta.url));
  // Not pinned: a thread of its own is the design.
  const child = fork(main, [folder]);
  return new Promise((resolve, reject) => {
    child.on('message', (message) => resolve(message as EventLoopReport));
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the node has exited with code ${code}`)));
  });
}
