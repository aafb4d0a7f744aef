import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
let copy: string;

/** A repository that consists of manifests. */
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'devp2p-manifests-'));
  for (const file of ['package.json', 'LICENSE', 'tools/manifests.mjs']) {
    cpSync(join(root, file), join(copy, file), { recursive: true });
  }
  for (const room of ['apps', 'packages']) {
    for (const name of readdirSync(join(root, room))) {
      const folder = join(room, name);
      mkdirSync(join(copy, folder), { recursive: true });
      for (const file of ['package.json', 'LICENSE']) {
        cpSync(join(root, folder, file), join(copy, folder, file));
      }
    }
  }
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

async function manifests(...args: string[]): Promise<string[]> {
  const script = join(copy, 'tools/manifests.mjs');
  const { stderr } = await run(process.execPath, [script, ...args]).catch((error: { stderr: string }) => error);
  return stderr.split('\n').filter((line) => line !== '');
}

function edit(file: string, change: (text: string) => string): void {
  const path = join(copy, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

test('the manifests agree with the root', async () => {
  expect(await manifests()).toEqual([]);
});

test('a different manifest or licence is reported, and updated with --write', async () => {
  edit('packages/rlp/package.json', (text) => text.replace('devp2p contributors', 'others'));
  edit('packages/enr/LICENSE', (text) => text.replace('MIT', 'BSD'));
  rmSync(join(copy, 'apps/node/LICENSE'));
  expect(await manifests()).toEqual([
    'apps/node/LICENSE is not a copy of LICENSE: run "npm run manifests"',
    'packages/enr/LICENSE is not a copy of LICENSE: run "npm run manifests"',
    'packages/rlp/package.json differs in author: run "npm run manifests"',
  ]);
  expect(await manifests('--write')).toEqual([]);
  expect(await manifests()).toEqual([]);
});

test('a release needs the address of the repository, which is set in one place', async () => {
  edit('package.json', (text) => text.replace(/git\+https:[^"]+/, 'git+https://unset.invalid/a.git'));
  await manifests('--write');
  expect(await manifests('--release')).toEqual([
    'package.json: "repository.url" is still the placeholder: set it, run "npm run manifests", commit, release',
  ]);

  edit('package.json', (text) => text.replace('unset.invalid/a', 'example.com/b'));
  expect(await manifests('--release')).not.toEqual([]);
  await manifests('--write');
  expect(await manifests('--release')).toEqual([]);
  const manifest = readFileSync(join(copy, 'packages/rlp/package.json'), 'utf8');
  expect(JSON.parse(manifest)).toMatchObject({
    homepage: 'https://example.com/b/tree/main/packages/rlp#readme',
    bugs: 'https://example.com/b/issues',
    repository: { url: 'git+https://example.com/b.git', directory: 'packages/rlp' },
    scripts: { prepublishOnly: 'node ../../tools/manifests.mjs --release' },
  });
});
