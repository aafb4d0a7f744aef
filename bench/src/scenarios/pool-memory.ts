import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFixtures } from '../fixtures/files.ts';
import type { Scenario } from './scenario.ts';
import { withScratch } from './scratch.ts';

/** The memory of pooled transfers: objects and buffers after a garbage collection. */
export const poolMemoryScenario: Scenario = {
  name: 'pool-memory',
  title: 'memory of pooled transfers of different accounts',
  run: () =>
    withScratch(async (folder) => {
      writeFixtures(join(folder, 'fixtures'));
      const main = fileURLToPath(new URL('./full-pools.js', import.meta.url));
      const output = execFileSync(process.execPath, ['--expose-gc', main, join(folder, 'fixtures')], {
        encoding: 'utf8',
      });
      return [{ what: 'bytes per transfer', ours: Number(output), goal: { atMost: 1200 } }];
    }),
};
