import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Registry, startRegistry } from './registry.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Record<string, unknown>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const published = ['packages', 'apps']
  .flatMap((room) => readdirSync(join(root, room)).map((name) => `${room}/${name}`))
  .map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest,
  }))
  .filter(({ manifest }) => manifest.private !== true);

let workDir: string;
let registry: Registry;

beforeAll(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'devp2p-pack-'));
  registry = await startRegistry(
    root,
    published.map(({ folder }) => folder),
    workDir,
  );
}, 60_000);

afterAll(() => {
  registry?.close();
  if (workDir !== undefined) rmSync(workDir, { recursive: true, force: true });
});

/** What follows `from` or `import` in a statement, or stands in a call of `import` or `require`. */
const specifiers =
  /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\b(?:import|require|createRequire\([^)]*\))\(\s*['"]([^'"]+)['"]\s*\)/gm;

/** An empty project outside the workspace, with `packages` installed as a user would. */
async function install(name: string, packages: readonly string[]): Promise<string> {
  const project = join(workDir, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }');
  await run(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `--registry=${registry.url}`,
      `--cache=${join(workDir, 'npm-cache')}`,
      ...packages,
    ],
    { cwd: project },
  );
  return project;
}

describe('each package by itself', () => {
  test.each(published)(
    '$manifest.name imports what it declares, and nothing else',
    ({ folder, manifest }) => {
      const declared = new Set(
        Object.keys({
          ...manifest.dependencies,
          ...manifest.optionalDependencies,
          ...manifest.peerDependencies,
        }),
      );
      const imported = new Set<string>();
      for (const file of readdirSync(join(root, folder, 'dist'), { recursive: true }) as string[]) {
        if (!/\.(?:js|d\.ts)$/.test(file)) continue;
        const text = readFileSync(join(root, folder, 'dist', file), 'utf8');
        for (const [, from = '', called = ''] of text.matchAll(specifiers))
          remember(from || called);
      }
      function remember(specifier: string): void {
        if (specifier === '' || specifier.startsWith('.') || specifier.startsWith('node:')) return;
        const name = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (name !== manifest.name && !builtinModules.includes(name)) imported.add(name);
      }
      expect([...imported].sort()).toEqual([...declared].sort());
    },
  );

  test.each(published)(
    '$manifest.name loads in an empty project',
    async ({ manifest }) => {
      const project = await install(manifest.name.replace('/', '-'), [manifest.name]);
      const entries = Object.keys(manifest.exports)
        .filter((path) => path !== './package.json')
        .map((path) => manifest.name + path.slice(1));
      const program = entries.map((entry) => `await import('${entry}');`).join('\n');
      await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project });

      if (manifest.name === '@devp2p/rlpx') {
        const installed = readdirSync(join(project, 'node_modules'));
        for (const foreign of ['level', 'classic-level', 'ws', 'pino', 'cac', 'cli-progress']) {
          expect(installed).not.toContain(foreign);
        }
      }
    },
    60_000,
  );
});

test('the examples type-check and run against the packed packages', async () => {
  const project = await install(
    'examples',
    published.map(({ manifest }) => manifest.name),
  );
  const examples = readdirSync(join(root, 'examples')).filter((file) => /\.ts$/.test(file));
  expect(examples.length).toBeGreaterThan(0);
  for (const file of examples) cpSync(join(root, 'examples', file), join(project, file));
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2023',
        lib: ['es2023'],
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        rewriteRelativeImportExtensions: true,
        outDir: 'dist',
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: ['*.ts'],
    }),
  );
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project]).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
  for (const file of examples) {
    const program = join(project, 'dist', file.replace(/\.ts$/, '.js'));
    const { stdout } = await run(process.execPath, [program], { cwd: project, timeout: 30_000 });
    expect(stdout, file).not.toBe('');
  }
}, 120_000);
