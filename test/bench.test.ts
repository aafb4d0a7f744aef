import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../bench/dist/main.js', import.meta.url));
// A folder of its own, since a benchmark may be running on this machine.
const temporary = mkdtempSync(join(tmpdir(), 'devp2p-bench-test-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
const env = { ...process.env, TMPDIR: temporary, TEMP: temporary };

test.each([
  ['an unknown commit', ['--against', 'no-such-commit', 'rlp'], 'bad value "no-such-commit" for --against: '],
  ['an option as a commit', ['--against=--all', 'rlp'], 'bad value "--all" for --against: not a commit'],
  ['a crawl', ['--against', 'HEAD', 'crawl'], 'only cases of the groups can be compared with --against'],
  ['a limit without a commit', ['--at-least', '0.9'], '--at-least is for --against'],
  ['a limit of 0', ['--against', 'HEAD', '--at-least', '0'], 'bad value "0" for --at-least: expected'],
  ['no rounds', ['--rounds', '0'], 'bad value "0" for --rounds: expected a positive'],
])('bench refuses %s, and leaves no work tree behind', async (_, args, message) => {
  const error = await run(process.execPath, [program, ...args], { env }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 1, stdout: '' });
  expect(error.stderr).toContain(message);
  expect(readdirSync(temporary)).toEqual([]);
});
