// Lists source files of more than 400 lines and folders with more than 15 source files: node tools/sizes.mjs
// Tests, data and generated files are left out.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const maxLines = 400;
const maxFiles = 15;
const root = fileURLToPath(new URL('..', import.meta.url));

const isSource = (file) =>
  /\.(?:[mc]?[jt]s|go)$/.test(file) &&
  !/(?:^|\/)(?:test|fixtures|vectors|dist)\/|\.test\.ts$|\.wasm\.ts$|\.d\.ts$/.test(file);

const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => isSource(file) && existsSync(root + file));

const folders = new Map();
for (const file of files) {
  const lines = readFileSync(root + file, 'utf8').split('\n').length - 1;
  if (lines > maxLines) console.log(`${file}: ${lines} lines`);
  const folder = dirname(file);
  folders.set(folder, (folders.get(folder) ?? 0) + 1);
}
for (const [folder, count] of folders) {
  if (count > maxFiles) console.log(`${folder}/: ${count} files`);
}
