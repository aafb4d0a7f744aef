import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('..', import.meta.url));
const rules = pathToFileURL(join(repository, 'tools/import-rules.mjs')).href;
const {
  packages,
  programs,
}: {
  packages: Record<string, string>;
  programs: Record<string, Record<string, string>>;
} = await import(rules);
let root: string;

async function imports(...args: string[]): Promise<string[]> {
  const script = join(repository, 'tools/imports.mjs');
  const { stderr } = await run(process.execPath, [script, ...args]).catch((error: { stderr: string }) => error);
  return stderr.split('\n').filter((line) => line !== '');
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

/** A repository with all folders that the rules name, and no imports. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'devp2p-imports-'));
  for (const name of Object.keys(packages)) {
    write(`packages/${name}/package.json`, '{}');
    write(`packages/${name}/src/index.ts`, '');
  }
  for (const [folder, table] of Object.entries(programs)) {
    for (const name of Object.keys(table)) {
      write(`${folder}/${name.endsWith('.ts') ? name : `${name}/a.ts`}`, '');
    }
  }
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('the repository keeps the rules, and its pictures are current', async () => {
  expect(await imports()).toEqual([]);
});

test('a repository without imports keeps the rules', async () => {
  expect(await imports('--root', root)).toEqual([]);
});

test.each([
  ['a package above', 'packages/rlp/src/a.ts', '@devp2p/enr'],
  ['a package beside', 'packages/discv4/src/a.ts', '@devp2p/rlpx'],
  ['an entry of a package', 'packages/peer/src/a.ts', '@devp2p/rlpx/tcp'],
  ['any package, by the first one', 'packages/options/src/a.ts', '@devp2p/clock'],
  ['a program', 'packages/eth/src/a.ts', '@devp2p/node'],
  ['a socket outside a driver', 'packages/rlpx/src/stream/a.ts', 'node:net'],
  ['a datagram socket outside a driver', 'packages/discv4/src/a.ts', 'node:dgram'],
  ['a package above, by a driver', 'packages/rlpx/src/tcp.ts', '@devp2p/peer'],
  ['a database in a package', 'packages/addrman/src/a.ts', 'level'],
  ['a database in a driver', 'packages/discover/src/endpoint/bind-udp.ts', 'level'],
  ['a part of a logger in a package', 'packages/connmgr/src/a.ts', 'pino/file.js'],
  ['WebSockets in a package', 'packages/rlpx/src/tcp.ts', 'ws'],
  ['a formatter of logs in a package', 'packages/peer/src/a.ts', 'pino-pretty'],
  ['TOML in a package', 'packages/dnsdisc/src/a.ts', 'smol-toml'],
  ['schemas in a package', 'packages/enr/src/a.ts', 'valibot'],
  ['metrics in a package', 'packages/eth/src/a.ts', 'prom-client'],
  ['a file of another package', 'packages/eth/src/a.ts', '../../rlp/src/index.ts'],
  ['a program by a program', 'apps/crawler/src/cli/a.ts', '@devp2p/node'],
  ['a file of another program', 'apps/crawler/src/cli/a.ts', '../../../node/src/cli/a.ts'],
  ['a folder above', 'apps/node/src/chain/a.ts', '../sync/a.ts'],
  ['a folder beside', 'apps/node/src/sync/a.ts', '../engine/a.ts'],
])('refused: %s', async (_, file, specifier) => {
  const sources = [
    `import { a } from '${specifier}';`,
    `import type { A } from '${specifier}';`,
    `export * from '${specifier}';`,
    `const b = import('${specifier}');`,
  ];
  write(file, sources.join('\n'));
  expect(await imports('--root', root)).toEqual(
    sources.map((_, i) => {
      return expect.stringContaining(`${file}:${i + 1}: may not import ${specifier}: `);
    }),
  );
});

test.each([
  ['packages/rlpx/src/tcp.ts', 'node:net'],
  ['packages/discover/src/endpoint/bind-udp.ts', 'node:dgram'],
  ['packages/eth/src/a.ts', '@devp2p/peer'],
  ['packages/eth/src/wire/a.ts', '../index.ts'],
  ['packages/eth/src/a.ts', 'levelling'],
  ['apps/node/src/storage/a.ts', 'level'],
  ['apps/node/src/network/a.ts', '@devp2p/rlpx/tcp'],
  ['apps/node/src/sync/a.ts', '../chain/a.ts'],
  ['apps/node/src/version.ts', '../package.json'],
])('allowed: %s imports %s', async (file, specifier) => {
  write(file, `import '${specifier}';\n// import '@devp2p/sync';\n`);
  expect(await imports('--root', root)).toEqual([]);
});

test('folders without rules and rules without folders are named', async () => {
  write('packages/new/package.json', '{}');
  write('apps/node/src/new/a.ts', '');
  rmSync(join(root, 'packages/rlp'), { recursive: true });
  expect(await imports('--root', root)).toEqual([
    'import rules: packages/new is missing',
    'import rules: packages/rlp does not exist',
    'import rules: apps/node/src/new is missing',
  ]);
});

test('the pictures show the imports, without those that follow from others', async () => {
  const page = 'docs/architecture.md';
  const block = (name: string) => `<!-- imports: ${name} -->\nold\n<!-- end -->\n`;
  write(page, ['packages', 'apps/node/src', 'apps/crawler/src'].map(block).join('\n'));
  write('packages/enr/src/a.ts', "import '@devp2p/rlp';\nimport '@devp2p/options';\n");
  write('packages/rlp/src/a.ts', "import '@devp2p/options';\n");
  expect(await imports('--root', root)).toEqual([`${page} shows other imports: run node tools/imports.mjs --write`]);
  expect(await imports('--root', root, '--write')).toEqual([]);
  expect(await imports('--root', root)).toEqual([]);
  const text = readFileSync(join(root, page), 'utf8');
  expect(text).toContain('  enr["enr"] --> rlp["rlp"]\n');
  expect(text).toContain('  rlp["rlp"] --> options["options"]\n');
  expect(text).not.toContain('old');
});
