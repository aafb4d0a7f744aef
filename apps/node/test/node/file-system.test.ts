import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Program } from '../cli/program.ts';

const preload = new URL('file-system.mjs', import.meta.url).href;
const genesis = fileURLToPath(new URL('../../demo/chain/genesis.json', import.meta.url));
const timeout = 60_000;

let folder: string;
const running = new Set<Program>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-system-'));
});
afterEach(async () => {
  for (const program of running) program.kill('SIGKILL');
  await Promise.all([...running].map(({ ended }) => ended));
  running.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a node in a datadir on such a file system. */
function start(environment: Record<string, string>, ...flags: string[]): Program {
  const program = new Program(
    ['--datadir', folder, '--genesis', genesis, '--addr', '127.0.0.1', '--port', '0', ...flags],
    { NODE_OPTIONS: `--import ${preload}`, ...environment },
  );
  running.add(program);
  return program;
}

const key = (name = 'nodekey'): string => readFileSync(join(folder, name), 'utf8');

test.each(['EPERM', 'EOPNOTSUPP'])(
  'ND-03 without hard links (%s) the secrets are created once, complete, and with access for their owner only',
  { timeout },
  async (NO_LINKS) => {
    const flags = ['--nodiscover', '--authrpc', '--authrpc.port', '0'];
    const first = start({ NO_LINKS }, ...flags);
    const enode = await first.enode();
    const made = ['nodekey', 'jwtsecret'].map(key);
    for (const text of made) expect(text).toMatch(/^[0-9a-f]{64}\n$/);
    for (const name of ['nodekey', 'jwtsecret']) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    // A second process does not change them.
    const second = start({ NO_LINKS }, ...flags);
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain('is in use by another process');
    first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const again = start({ NO_LINKS }, ...flags);
    const port = /:\d+\?/;
    expect((await again.enode()).replace(port, '')).toBe(enode.replace(port, ''));
    expect(['nodekey', 'jwtsecret'].map(key)).toEqual(made);
    // There are no other files, and all are documented.
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const documented = [...readme.matchAll(/^\| `(\w+)\/?` +\| .*\|$/gm)].map(([, name]) => name);
    expect(documented).toEqual(expect.arrayContaining(readdirSync(folder)));
  },
);

test.each([
  ['openSync:after', false],
  ['fsyncSync:after', false],
  ['linkSync:before', false],
  ['linkSync:after', true],
  ['renameSync:before', false],
  ['renameSync:after', true],
])('HX-23 killed at %s, a node has a complete key or no key, and starts again', { timeout }, async (at, isThere) => {
  const environment: Record<string, string> = at.startsWith('rename') ? { NO_LINKS: 'EPERM' } : {};
  const killed = start({ ...environment, KILL_AT: at }, '--nodiscover');
  expect(await killed.ended).toBe('SIGKILL');
  expect(existsSync(join(folder, 'nodekey'))).toBe(isThere);
  const left = isThere ? key() : undefined;
  if (left !== undefined) expect(left).toMatch(/^[0-9a-f]{64}\n$/);
  await start(environment, '--nodiscover').enode();
  expect(key()).toBe(left ?? key());
});

test.each(['writeFileSync', 'fsyncSync'])(
  'HX-22 a disk that is full at %s of a key is reported in one line, and no partial key is left',
  { timeout },
  async (FULL_AT) => {
    const full = start({ FULL_AT }, '--nodiscover', '--verbosity', 'error');
    expect(await full.ended).toBe(1);
    expect(full.stderr).toBe(`devp2p-node: node key ${join(folder, 'nodekey')} cannot be written (ENOSPC)\n`);
    expect(readdirSync(folder).filter((name) => name.startsWith('nodekey'))).toEqual([]);
    await start({}, '--nodiscover').enode();
    expect(key()).toMatch(/^[0-9a-f]{64}\n$/);
  },
);

test('ND-03 on a file system without permissions the key is used, with a warning', {
  timeout,
}, async () => {
  const fat = start({ NO_LINKS: 'EPERM', NO_MODES: '755' }, '--nodiscover');
  await fat.output(/WARN.* node key \S+ may be open to other users: its file system does not store permissions/);
  await fat.enode();
  expect(readdirSync(folder).some((name) => name.startsWith('mode.'))).toBe(false);
});
