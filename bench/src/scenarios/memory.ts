import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { readHead } from '../execution/chains.ts';
import { median } from '../figures.ts';
import { pinTo } from '../machine.ts';
import { Server } from '../workers/server.ts';
import { ourProgram } from './programs.ts';
import type { Scenario } from './scenario.ts';
import { withScratch } from './scratch.ts';

const megabyte = 1e6;
/** Time between two looks at the memory, in ms. */
const interval = 200;

/** The memory of an import that is long enough for its caches to be full. */
export const memoryScenario: Scenario = {
  name: 'memory-import',
  title: 'import of 10,000 blocks of 50 transfers',
  async run({ go, cores }) {
    const folder = go.chain('transfers-long');
    const { number } = readHead(folder);
    return withScratch(async (datadir) => {
      const start = performance.now();
      const server = new Server([
        ...[...pinTo(cores?.measured), ...ourProgram, 'import', join(folder, 'chain.rlp')],
        ...[`--genesis=${join(folder, 'genesis.json')}`, `--datadir=${datadir}`],
      ]);
      const done = server.lineMatching(new RegExp(`^imported number=(${number}) `));
      let isRunning = true;
      const exited = server.exited.finally(() => {
        isRunning = false;
      });
      const samples: number[] = [];
      while (isRunning) {
        const bytes = server.memory();
        if (bytes !== undefined) samples.push(bytes / megabyte);
        await Promise.race([setTimeout(interval), exited]);
      }
      const seconds = (performance.now() - start) / 1000;
      await done;
      const quarter = samples.length >> 2;
      const second = median(samples.slice(quarter, 2 * quarter));
      const last = median(samples.slice(-quarter));
      return [
        { what: 'most memory, MB', ours: Math.max(...samples), goal: { atMost: 400 } },
        { what: 'memory in the last quarter ÷ in the second', ours: last / second, goal: { atMost: 1.1 } },
        { what: 'blocks/s', ours: number / seconds },
      ];
    });
  },
};
