import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readBlocks } from '../execution/chains.ts';
import { median } from '../figures.ts';
import { pinTo } from '../machine.ts';
import { type Payload, payloadOf } from './engine-client.ts';
import { type Program, startGeth, startOurs } from './programs.ts';
import type { Scenario } from './scenario.ts';
import { withScratch } from './scratch.ts';

/** Blocks whose times are not counted. */
const warmUp = 100;

/** The time until a node has made a block its head, asked as a consensus client asks. */
export const engineScenario: Scenario = {
  name: 'engine-block',
  title: 'newPayload and forkchoiceUpdated of a block of 50 transfers',
  async run({ go, cores }) {
    const folder = go.chain('transfers');
    const genesis = join(folder, 'genesis.json');
    const payloads = readBlocks(folder).map(payloadOf);
    const pin = pinTo(cores?.measured);
    return withScratch(async (scratch) => {
      const [ours, theirs] = [join(scratch, 'ours'), join(scratch, 'geth')];
      initGeth(go.geth(), theirs, genesis);
      const programs: Program[] = [];
      try {
        programs.push(await startOurs({ genesis, datadir: ours, pin }));
        programs.push(await startGeth(go.geth(), { genesis, datadir: theirs, pin }));
        const times: number[][] = [[], []];
        for (const [index, payload] of payloads.entries()) {
          // The other one begins with each block.
          for (const turn of index % 2 === 0 ? [0, 1] : [1, 0]) {
            const time = await timeOf(programs[turn] as Program, payload);
            if (index >= warmUp) times[turn]?.push(time);
          }
        }
        const [own = [], other = []] = times;
        return [
          { what: 'median, ms', ours: median(own), geth: median(other), goal: { atMost: 2 } },
          { what: '95th percentile, ms', ours: percentile(own, 0.95), geth: percentile(other, 0.95) },
        ];
      } finally {
        for (const program of programs) await program.stop();
      }
    });
  },
};

async function timeOf({ engine }: Program, payload: Payload): Promise<number> {
  const start = performance.now();
  const payloadStatus = await engine.newPayload(payload);
  const headStatus = await engine.setHead(payload.blockHash);
  const time = performance.now() - start;
  if (payloadStatus !== 'VALID' || headStatus !== 'VALID') {
    throw new Error(`block ${payload['blockNumber']} is ${payloadStatus}, as a head ${headStatus}`);
  }
  return time;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

/** Writes the genesis of a chain into a datadir of geth, and optionally imports a chain file. */
export function initGeth(geth: string, datadir: string, genesis: string, chain?: string): void {
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(geth, [`--datadir=${datadir}`, '--verbosity=1', ...args], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`geth ${args.join(' ')}: ${stderr}`);
  };
  run('init', genesis);
  if (chain !== undefined) run('--networkid=1337', 'import', chain);
}
