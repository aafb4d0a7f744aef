import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadNode } from './dead-node.ts';
import { type Registry, startRegistry } from './registry.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly engines: { readonly node: string };
  readonly bin?: Record<string, string>;
  readonly exports: Record<string, string | { readonly types: string }>;
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
});

afterAll(() => {
  registry?.close();
  if (workDir !== undefined) rmSync(workDir, { recursive: true, force: true });
});

const entries = ({ name, exports }: Manifest) =>
  Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1));

/** A module specifier in an import, an export, or a call of `import` or `require`. */
const specifiers =
  /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\b(?:import|require|createRequire\([^)]*\))\(\s*['"]([^'"]+)['"]\s*\)/gm;

const typesOfNode = '/// <reference types="node"';

/** The oldest supported TypeScript, a dependency of `test/`, and the one that builds the repository. */
const compilers = {
  oldest: join(root, 'test/node_modules/typescript/bin/tsc'),
  newest: join(root, 'node_modules/typescript/bin/tsc'),
};

/** Compiles `files` of a project with strict settings, and with no types but the dependencies of the packages. */
async function compile(
  project: string,
  compiler: keyof typeof compilers,
  options: { files: readonly string[]; [option: string]: unknown },
): Promise<void> {
  const { files, ...others } = options;
  const config = join(project, `tsconfig.${compiler}.json`);
  const strict = {
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    strict: true,
    skipLibCheck: false,
  };
  const compilerOptions = { ...strict, exactOptionalPropertyTypes: true, ...others };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  await run(process.execPath, [compilers[compiler], '-p', config]).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
}

/** A file that imports every declaration of `manifests`. */
function importAll(project: string, manifests: readonly Manifest[]): string {
  const lines = manifests.flatMap(entries).map((entry, index) => `export * as entry${index} from '${entry}';\n`);
  writeFileSync(join(project, 'all.ts'), lines.join(''));
  return 'all.ts';
}

/** A new project outside the workspace, with `packages` installed from tarballs. */
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
  test.each(published)('$manifest.name imports what it declares, and nothing else', ({ folder, manifest }) => {
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
      for (const [, from = '', called = ''] of text.matchAll(specifiers)) remember(from || called);
      if (text.startsWith(typesOfNode)) imported.add('@types/node');
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
  });

  test.each(published)(
    '$manifest.name brings the types of Node with each entry or with none',
    ({ folder, manifest }) => {
      for (const entry of Object.values(manifest.exports)) {
        if (typeof entry === 'string') continue;
        const text = readFileSync(join(root, folder, entry.types), 'utf8');
        expect(text.startsWith(typesOfNode), entry.types).toBe(manifest.dependencies?.['@types/node'] !== undefined);
      }
    },
  );

  test.each(published)('$manifest.name is packed with licence, README, sources and program', ({ manifest }) => {
    const files = registry.files(manifest.name);
    const programs = Object.values(manifest.bin ?? {}).map((path) => path.replace('./', ''));
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', ...programs]));
    const folders = ['dist', 'src', ...(manifest.name === '@devp2p/node' ? ['genesis'] : [])];
    const rest = files.filter((file) => !folders.some((folder) => file.startsWith(`${folder}/`))).sort();
    expect(rest).toEqual(['LICENSE', 'README.md', ...programs, 'package.json']);
  });

  test.each(published)('$manifest.name loads and compiles in an empty project', async ({ manifest }) => {
    const project = await install(manifest.name.replace('/', '-'), [manifest.name]);
    const program = entries(manifest)
      .map((entry) => `await import('${entry}');`)
      .join('\n');
    await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project });
    const files = [importAll(project, [manifest])];
    await compile(project, 'newest', { files, module: 'nodenext', noEmit: true });

    if (manifest.name === '@devp2p/rlpx') {
      const installed = readdirSync(join(project, 'node_modules'));
      for (const foreign of ['level', 'classic-level', 'ws', 'pino', 'cac', 'cli-progress']) {
        expect(installed).not.toContain(foreign);
      }
    }
  });
});

describe('each program, installed by itself', () => {
  const genesis = join(root, 'apps/node/demo/chain/genesis.json');

  test.each([
    ['node', ['--genesis', genesis, '--port', '0', '--no-authrpc'], /^enode=enode:/m],
    ['crawler', ['crawl', '--networkid', '1', '--bootnodes', deadNode], /^starting crawl in /m],
  ])('devp2p-%s starts, and ends at SIGTERM', async (app, flags, isStarted) => {
    const project = await install(`program-${app}`, [`@devp2p/${app}`]);
    const program = join(project, 'node_modules/.bin', `devp2p-${app}`);
    const child = spawn(program, [...flags, '--datadir', 'data', '--addr', '127.0.0.1'], { cwd: project });
    let output = '';
    let isEnding = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (isEnding || !isStarted.test(output)) return;
        // A second signal would end it at once.
        isEnding = true;
        child.kill('SIGTERM');
      });
    }
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    expect(output).toMatch(isStarted);
    expect(code, output).toBe(0);
  });
});

describe('all packages together', () => {
  let project: string;

  beforeAll(async () => {
    const names = published.map(({ manifest }) => manifest.name);
    project = await install('together', names);
  });

  test.each([
    { compiler: 'oldest', module: 'nodenext' },
    { compiler: 'newest', module: 'esnext', moduleResolution: 'bundler' },
  ] as const)('the declarations compile: $compiler TypeScript, module $module', async ({ compiler, ...modules }) => {
    const manifests = published.map(({ manifest }) => manifest);
    const files = [importAll(project, manifests)];
    await compile(project, compiler, { files, ...modules, noEmit: true });
  });

  test('the examples compile and run', async () => {
    const files = readdirSync(join(root, 'examples')).filter((file) => /\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) cpSync(join(root, 'examples', file), join(project, file));
    await compile(project, 'newest', {
      files,
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
      outDir: 'dist',
    });
    for (const file of files) {
      const program = join(project, 'dist', file.replace(/\.ts$/, '.js'));
      const { stdout } = await run(process.execPath, [program], { cwd: project });
      expect(stdout, file).not.toBe('');
    }
  });
});
