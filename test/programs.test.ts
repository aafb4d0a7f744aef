import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** The output and the exit code of a program. */
async function outcome(args: readonly string[]) {
  const settled = run(process.execPath, args).catch((error: unknown) => error);
  const {
    code = 0,
    stdout,
    stderr,
  } = (await settled) as Record<'stdout' | 'stderr', string> & {
    code?: number;
  };
  return { code, stdout, stderr };
}

/** Preloaded into a program to change the version of Node.js that it sees. */
const pretend = (version: string) => {
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  const code = `Object.defineProperty(process, 'versions', { value: ${versions} });`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
};

describe.each(['node', 'crawler'])('devp2p-%s', (app) => {
  const name = `devp2p-${app}`;
  const bin = join(root, 'apps', app, 'bin', `${name}.js`);

  test('is linked by an install, before the build', () => {
    expect(existsSync(join(root, 'node_modules/.bin', name))).toBe(true);
  });

  test('runs', async () => {
    const { code, stdout } = await outcome([bin, '--help']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(name) });
  });

  test('reports in one line that Node.js is too old, below the version in package.json', async () => {
    const manifest = readFileSync(join(root, 'apps', app, 'package.json'), 'utf8');
    const { engines } = JSON.parse(manifest) as { engines: { node: string } };
    const [major = 0, minor = 0] = engines.node.replace('>=', '').split('.').map(Number);
    for (const version of [`${major}.${minor - 1}.9`, `${major - 2}.20.0`]) {
      const stderr = `${name} needs Node.js ${major}.${minor} or later, and this is ${version}\n`;
      expect(await outcome([pretend(version), bin])).toEqual({ code: 1, stdout: '', stderr });
    }
    for (const version of [`${major}.${minor}.0`, `${major + 1}.0.0`]) {
      expect(await outcome([pretend(version), bin, '--help'])).toMatchObject({ code: 0 });
    }
  });

  test('reports in one line that it is not built', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'devp2p-bin-'));
    try {
      cpSync(join(root, 'apps', app, 'bin'), join(folder, 'bin'), { recursive: true });
      cpSync(join(root, 'apps', app, 'package.json'), join(folder, 'package.json'));
      const stderr = `${name} is not built yet: run "npm run build"\n`;
      const copy = join(folder, 'bin', `${name}.js`);
      expect(await outcome([copy])).toEqual({ code: 1, stdout: '', stderr });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('npm run fuzz', () => {
  const fuzz = (...args: string[]) => outcome([join(root, 'tools/fuzz.mjs'), ...args]);

  test('prints its usage', async () => {
    const stdout = expect.stringMatching(/^usage: npm run fuzz .*--only NAME/s);
    expect(await fuzz('--help')).toEqual({ code: 0, stdout, stderr: '' });
  });

  test.each([
    [['--inputs', 'many'], 'bad value "many" for --inputs: expected a whole number'],
    [['--decoder', 'enr'], "Unknown option '--decoder'; see --help"],
    [['enr'], "Unexpected argument 'enr'; see --help"],
    [['--only'], "Option '--only <value>' argument missing; see --help"],
  ])('refuses %j in one line', async (args, problem) => {
    expect(await fuzz(...args)).toEqual({ code: 2, stdout: '', stderr: `fuzz: ${problem}\n` });
  });

  test('lists the decoders when the name is unknown', async () => {
    const stderr = expect.stringMatching(/^fuzz: unknown decoder "nonsense", known decoders: rlp tree, .*\n$/);
    expect(await fuzz('--only', 'nonsense')).toEqual({ code: 2, stdout: '', stderr });
  });

  test('runs the decoder with exactly the given name, although others contain it', async () => {
    const { code, stdout } = await fuzz('--only', 'enr', '--inputs', '300');
    expect(code).toBe(0);
    const [, ...rows] = stdout.slice(stdout.indexOf('decoder  ')).trimEnd().split('\n');
    expect(rows).toEqual([expect.stringMatching(/^enr +300 /)]);
  });
});
