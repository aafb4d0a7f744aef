import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { genesisText } from '../../chain/make-blocks.ts';
import { openTemporary, temporaryDirectory } from '../../chain/temporary.ts';
import { chainOf, expected, filters, found, genesis, indexed } from './log-scene.ts';

const writer = fileURLToPath(new URL('log-writer.mjs', import.meta.url));
const kills = 6;
/** Blocks by which the writer shortens the chain at once: sections of 256 blocks go whole, and in part. */
const step = 150;

/** Runs the writer, and kills it some turns after its nth step. @returns its lines */
async function run(args: readonly string[], nth: number, turns: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, ...args, String(step)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let seen = 0;
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (!line.startsWith('step') || ++seen !== nth) continue;
    for (let left = turns; left > 0; left--) await turn();
    child.kill('SIGKILL');
  }
  return lines;
}

test(`HX-23 killed ${kills} times while the index of logs is built and cut, a chain finds all logs of its blocks`, {
  timeout: 300_000,
}, async () => {
  const blocks = chainOf(900);
  const location = temporaryDirectory();
  const inputs = temporaryDirectory();
  writeFileSync(join(inputs, 'genesis.json'), genesisText('prague'));
  const first = await openTemporary(genesis, { location, logHistory: false });
  await first.append(blocks);
  await first.close();
  for (let round = 0, done = 0; done < kills; round++) {
    const lines = await run([location, join(inputs, 'genesis.json')], 1 + (round % 6), (round * 5) % 7);
    if (!lines.includes('complete')) done++;
    const chain = await openTemporary(genesis, { location, logHistory: 0 });
    const expectAll = async (): Promise<void> => {
      const canonical = blocks.slice(0, chain.head.number);
      for (const [, filter] of filters) expect(await found(chain, filter)).toEqual(expected(canonical, filter));
    };
    await expectAll();
    await chain.append(blocks.slice(chain.head.number));
    await indexed(chain);
    await expectAll();
    await chain.close();
    // Half of the rounds build the index anew, and over what an earlier one has left.
    if (round % 2 === 0) await (await openTemporary(genesis, { location, logHistory: false })).close();
  }
});
