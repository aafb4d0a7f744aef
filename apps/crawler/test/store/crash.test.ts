import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLevelStore } from '../../src/store/level/level-store.ts';
import { collect } from './suite.ts';

const writer = fileURLToPath(new URL('writer.mjs', import.meta.url));

/** Runs a writer, kills it after a number of batches, and returns the last batch that it reported as committed. */
async function write(folder: string, batches: number): Promise<number> {
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let reported = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    reported = Number(line);
    if (++lines === batches) child.kill('SIGKILL');
  }
  expect(lines).toBeGreaterThanOrEqual(batches);
  return reported;
}

test('CR-07 after repeated kills during writes, the store has every committed batch completely', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'crawl-'));
  let before = 0;
  for (const batches of [1, 40, 333, 90]) {
    const reported = await write(folder, batches);
    expect(reported).toBeGreaterThanOrEqual(before + batches);
    const store = await openLevelStore(folder);
    const [session] = await collect(store.sessions());
    const last = session?.visits ?? 0;
    // One more batch may be committed but not reported.
    expect(last).toBeGreaterThanOrEqual(reported);
    expect(last).toBeLessThanOrEqual(reported + 1);
    const nodes = await collect(store.nodes());
    expect(nodes).toHaveLength(Math.min(last, 50));
    const leased = await store.lease(Number.MAX_SAFE_INTEGER, 1_000);
    expect(leased).toHaveLength(nodes.length);
    for (const node of nodes) {
      const [visit, ...others] = await collect(store.visits(node.id));
      expect(others).toEqual([]);
      expect(await store.neighbors(node.id)).toHaveLength(1);
      expect(node.visits - (visit?.at ?? 0)).toBe(visit?.at === last ? 0 : 1);
    }
    await store.close();
    before = last;
  }
  rmSync(folder, { recursive: true });
});
