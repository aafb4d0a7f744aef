import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Program } from './program.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const demo = fileURLToPath(new URL('../../demo/chain/', import.meta.url));
const gzipped = `${demo}chain.rlp.gz`;
const blocks = gunzipSync(readFileSync(gzipped));
const common = ['--genesis', `${demo}genesis.json`, '--verbosity', 'error'];
const timeout = 60_000;

let folder: string;
/** A datadir with the whole chain. */
let full: string;
let plain: string;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'streams-'));
  plain = join(folder, 'chain.rlp');
  writeFileSync(plain, blocks);
  full = join(folder, 'full');
  expect(await new Program(['import', plain, '--datadir', full, ...common]).ended).toBe(0);
}, timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fresh(): string {
  return join(folder, `d${count++}`);
}

function run(command: string, args: readonly string[], input?: string) {
  const child = spawn(command, args, { stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  if (child.stdin !== null && input !== undefined) {
    child.stdin.on('error', () => {});
    createReadStream(input).pipe(child.stdin);
  }
  const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => parts[name].push(chunk));
  }
  return new Promise<{ code: number | null; stdout: Buffer; stderr: string }>((resolve) => {
    child.on('close', (code) =>
      resolve({
        code,
        stdout: Buffer.concat(parts.stdout),
        stderr: Buffer.concat(parts.stderr).toString(),
      }),
    );
  });
}

/** A line of bash in which `node_` is the program with a datadir, and `$plain` and `$gzipped` are chain files. */
function bash(line: string, datadir: string) {
  const flags = [...common, '--datadir', datadir].map((flag) => `'${flag}'`).join(' ');
  const define = `node_() { '${process.execPath}' '${main}' "$@" ${flags}; }`;
  const script = `set -o pipefail; cd '${folder}'; plain='${plain}' gzipped='${gzipped}'; ${define}; ${line}`;
  return run('bash', ['-c', script]);
}

describe.skipIf(process.platform === 'win32')('input that cannot seek', () => {
  test.each([
    'cat $plain | node_ import /dev/stdin',
    'cat $gzipped | node_ import /dev/stdin',
    '(head -c 1 $gzipped; sleep 0.1; tail -c +2 $gzipped) | node_ import -',
    'cat $plain | node_ import /proc/self/fd/0',
    'node_ import - < $plain',
    'node_ import <(cat $plain)',
    'mkfifo in && { cat $gzipped > in & node_ import in; }',
  ])('ND-05 %s', { timeout }, async (line) => {
    const { code, stdout, stderr } = await bash(line, fresh());
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.toString()).toMatch(/^imported number=1024 hash=\S+ blocks=1024 known=0 /);
  });

  test.each(['-', '/dev/stdin'])('ND-05 a socket as standard input, as %s', { timeout }, async (path) => {
    const args = [main, 'import', path, '--datadir', fresh(), ...common];
    const { code, stdout } = await run(process.execPath, args, plain);
    expect([code, stdout.toString()]).toEqual([0, expect.stringContaining('blocks=1024 ')]);
  });

  test('ND-05 blocks received before a pipe breaks are kept', { timeout }, async () => {
    const datadir = fresh();
    const { code, stderr } = await bash('head -c 100000 $plain | node_ import -', datadir);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^devp2p-node: block \d+: the file ends \d+ bytes into the item at byte \d+\n$/),
    ]);
    const number = Number(/block (\d+)/.exec(stderr)?.[1]);
    const exported = await bash('node_ export -', datadir);
    expect(exported.stderr).toContain(` last=${number - 1} `);
  });
});

describe.skipIf(process.platform === 'win32')('data on standard output', () => {
  const result = /^exported blocks=1024 first=1 last=1024 seconds=\S+ blocks\/s=\d+\n$/;

  test.each([
    'node_ export - | cat > out',
    'node_ export /dev/stdout | cat > out',
    'node_ export /proc/self/fd/1 | cat > out',
    'node_ export /dev/fd/1 > out',
    'node_ export out > out',
  ])('ND-05 %s: the output has no other text', { timeout }, async (line) => {
    rmSync(join(folder, 'out'), { force: true });
    const { code, stdout, stderr } = await bash(line, full);
    expect([code, stdout.toString(), stderr]).toEqual([0, '', expect.stringMatching(result)]);
    expect(readFileSync(join(folder, 'out')).equals(blocks)).toBe(true);
  });

  test.each(['-', '/dev/stdout'])('ND-05 a socket as standard output, as %s', { timeout }, async (path) => {
    const args = [main, 'export', path, '--datadir', full, ...common];
    const { code, stdout, stderr } = await run(process.execPath, args);
    expect([code, stderr]).toEqual([0, expect.stringMatching(result)]);
    expect(stdout.equals(blocks)).toBe(true);
  });

  test('ND-05 with the data in another pipe, the result is on standard output', {
    timeout,
  }, async () => {
    const { code, stdout, stderr } = await bash('node_ export >(cat > other); wait $!', full);
    expect([code, stderr, stdout.toString()]).toEqual([0, '', expect.stringMatching(result)]);
    expect(readFileSync(join(folder, 'other')).equals(blocks)).toBe(true);
  });

  test.each(['node_ export - 2>&1', 'node_ export /dev/stderr', 'node_ export log 2> log'])(
    'ND-05 %s is wrong use: messages would be mixed with the data',
    { timeout },
    async (line) => {
      writeFileSync(join(folder, 'log'), '');
      const { code, stdout, stderr } = await bash(line, full);
      const text = stdout.toString() + stderr + readFileSync(join(folder, 'log'), 'utf8');
      expect([code, text]).toEqual([
        2,
        expect.stringMatching(/^devp2p-node: \S+ (?:output )?and standard error are the same file: .*\n$/),
      ]);
    },
  );

  test('ND-05 a reader that closes its end is reported in one line', {
    timeout,
  }, async () => {
    const closed = await bash('node_ export - | head -c 10 > out', full);
    expect([closed.code, closed.stderr]).toEqual([1, 'devp2p-node: standard output cannot be written: write EPIPE\n']);
    const wanted = await bash('node_ --help | head -n 1', full);
    expect([wanted.code, wanted.stderr]).toEqual([0, '']);
  });

  test.runIf(process.platform === 'linux')('ND-05 a full disk is reported in one line', { timeout }, async () => {
    const disk = await bash('node_ export - > /dev/full', full);
    expect([disk.code, disk.stderr]).toEqual([
      1,
      expect.stringMatching(/^devp2p-node: standard output cannot be written: ENOSPC.*\n$/),
    ]);
    const help = await bash('node_ --help > /dev/full', full);
    expect([help.code, help.stderr]).toEqual([1, 'devp2p-node: standard output cannot be written (ENOSPC)\n']);
  });
});

test.skipIf(process.platform === 'win32').each(['import', 'export'])(
  'ND-14 %s ends on a signal while its pipe has no other end',
  { timeout },
  async (command) => {
    const pipe = join(folder, `idle-${command}`);
    execFileSync('mkfifo', [pipe]);
    const datadir = command === 'import' ? fresh() : full;
    const level = ['--verbosity', 'info'];
    const program = new Program([command, pipe, '--datadir', datadir, ...common.slice(0, 2), ...level]);
    await program.output(/chain opened/);
    program.kill('SIGINT');
    expect(await program.ended).toBe(130);
  },
);

test('ND-05 an import of a missing file creates no datadir', { timeout }, async () => {
  const datadir = fresh();
  const program = new Program(['import', 'nope.rlp', '--datadir', datadir, ...common]);
  expect(await program.ended).toBe(1);
  expect(program.stderr).toMatch(/^devp2p-node: nope\.rlp cannot be read: ENOENT.*\n$/);
  expect(existsSync(datadir)).toBe(false);
});
