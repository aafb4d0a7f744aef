// Fuzzes all decoders, and prints the number of decoded inputs and the memory; see the usage below.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

const usage = `usage: npm run fuzz -- [--inputs N] [--only NAME] [--seed N]

Runs each decoder on mutated valid inputs and random bytes. An input that is neither decoded nor refused with the error
of the decoder is printed with its seed and as hex.

  --inputs N   inputs for each decoder (default 1000000)
  --only NAME  the decoder with this name, or else all whose names contain it
  --seed N     seed of the random numbers (default 1)
  --help       print this text`;

const options = parse(process.argv.slice(2));
if (options.help) {
  console.log(usage);
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const results = join(folder, 'results');
const names = options.only === '' ? [] : await choose(options.only);
// The limit is for all inputs of a decoder together.
const limit = String(600_000 + 10 * Number(options.inputs));
const child = vitest(['run', '--testTimeout', limit], {
  stdio: 'inherit',
  env: {
    FUZZ_INPUTS: options.inputs,
    FUZZ_SEED: options.seed,
    FUZZ_ONLY: JSON.stringify(names),
    FUZZ_RESULTS: results,
  },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
child.on('close', (code) => {
  if (existsSync(results)) {
    const lines = readFileSync(results, 'utf8').trimEnd().split('\n');
    const rows = lines.map((line) => {
      const { name, inputs, decoded, rss } = JSON.parse(line);
      return [name, inputs, decoded, megabytes(rss.start), megabytes(rss.highest)].map(String);
    });
    const head = ['decoder', 'inputs', 'decoded', 'memory before', 'peak memory'];
    const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
    const show = (row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
    console.log([head, ...rows].map(show).join('\n'));
  }
  process.exitCode = code ?? 1;
});

function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        inputs: { type: 'string', default: '1000000' },
        only: { type: 'string', default: '' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    });
    for (const name of ['inputs', 'seed']) {
      if (/^\d{1,9}$/.test(values[name])) continue;
      refuse(`bad value "${values[name]}" for --${name}: expected a whole number`);
    }
    return values;
  } catch (error) {
    // The second sentence of the message is about quoting.
    return refuse(`${error.message.split('. ')[0]}; see --help`);
  }
}

/** The decoders that `--only` selects. */
async function choose(only) {
  const list = join(folder, 'list');
  const listing = vitest(['list'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { FUZZ_LIST: list },
  });
  const code = await new Promise((resolve) => listing.on('close', resolve));
  if (code !== 0) process.exit(code ?? 1);
  const known = readFileSync(list, 'utf8').split('\n');
  if (known.includes(only)) return [only];
  const containing = known.filter((name) => name.toLowerCase().includes(only.toLowerCase()));
  if (containing.length > 0) return containing;
  return refuse(`unknown decoder "${only}", known decoders: ${known.join(', ')}`);
}

function vitest(args, { stdio, env }) {
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
  const test = ['--project', 'unit', 'test/fuzz/fuzz.test.ts'];
  return spawn(process.execPath, [join(dirname(manifest), 'vitest.mjs'), ...args, ...test], {
    stdio,
    env: { ...process.env, ...env },
  });
}

function refuse(problem) {
  console.error(`fuzz: ${problem}`);
  process.exit(2);
}
