// Gives each decoder very many inputs, and prints what came of them: node tools/fuzz.mjs [--inputs N] [--only NAME] [--seed N]
// What a decoder neither decodes nor refuses with an error of its own is printed with its seed and as hex.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
});
for (const name of ['inputs', 'seed']) {
  if (/^\d{1,9}$/.test(values[name])) continue;
  console.error(`fuzz: bad value "${values[name]}" for --${name}: expected a whole number`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const results = join(folder, 'results');
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);
// One limit for all inputs of a decoder.
const limit = String(600_000 + 10 * Number(values.inputs));
const child = spawn(
  process.execPath,
  [vitest, 'run', '--project', 'unit', 'test/fuzz', '--testTimeout', limit],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      FUZZ_INPUTS: values.inputs,
      FUZZ_SEED: values.seed,
      FUZZ_ONLY: values.only,
      FUZZ_RESULTS: results,
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
child.on('close', (code) => {
  if (existsSync(results)) {
    const lines = readFileSync(results, 'utf8').trimEnd().split('\n');
    const rows = lines.map((line) => {
      const { name, inputs, decoded, rss } = JSON.parse(line);
      return [name, inputs, decoded, megabytes(rss.start), megabytes(rss.highest)].map(String);
    });
    const head = ['decoder', 'inputs', 'decoded', 'memory before', 'at most'];
    const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
    const show = (row) =>
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ');
    console.log([head, ...rows].map(show).join('\n'));
  }
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
