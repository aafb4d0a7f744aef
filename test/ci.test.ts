import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, '.ci'));
copyFileSync(fileURLToPath(new URL('../.ci/run', import.meta.url)), join(folder, '.ci/run'));

/** Runs the checks with `npm` and `npx` replaced by shell scripts. */
function runChecks(npm: string, npx = ''): Promise<{ code: number; lines: string[] }> {
  for (const [name, body] of Object.entries({ npm, npx })) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  }
  const { PATH: path } = env;
  const PATH = `${folder}${delimiter}${path}`;
  return new Promise((resolve) => {
    execFile('bash', [join(folder, '.ci/run')], { env: { ...env, PATH } }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n') });
    });
  });
}

const tally = (line: string): string => `echo "${line}" >> "$TEST_TALLY"`;
const onTest = (action: string): string => `if [ "$1" = test ]; then ${action}; fi`;

test('the last line is the sum over all test runs', async () => {
  const { code, lines } = await runChecks(onTest(tally('40 0 2')), tally('3 0 1'));
  expect([code, lines.at(-1)]).toEqual([0, 'tests: 43 passed, 0 failed, 3 skipped']);
});

test('a failed test ends the run with its step named', async () => {
  const { code, lines } = await runChecks(onTest(`${tally('40 2 0')}; exit 1`));
  expect([code, lines.at(-1)]).toEqual([1, 'tests: 40 passed, 2 failed, 0 skipped']);
  expect(lines.at(-3)).toMatch(/^── failed after \d+ s \(exit code 1\): npm test$/);
});

test('a step that fails without a failed test counts as one', async () => {
  const { code, lines } = await runChecks(`${onTest(tally('40 0 0'))}; [ "$2" != lint ] || exit 3`);
  expect([code, lines.at(-1)]).toEqual([3, 'tests: 40 passed, 1 failed, 0 skipped']);
  expect(lines.at(-3)).toContain('npm run lint');
});
