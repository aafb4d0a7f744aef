import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeOutput } from '../../src/cli/terminal/output.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'output-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

async function* chunks(): AsyncGenerator<string> {
  yield 'one\n';
  yield 'two\n';
}

test('CR-11 a file is written completely or not at all', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'before');
  async function* broken(): AsyncGenerator<string> {
    yield 'half';
    throw new Error('broken');
  }
  await expect(writeOutput(path, broken(), never)).rejects.toThrow('broken');
  expect(readFileSync(path, 'utf8')).toBe('before');
  await writeOutput(path, chunks(), never);
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  expect(readdirSync(folder)).toEqual(['file']);
});

test.skipIf(process.platform === 'win32')('CR-11 a pipe is written once it has a reader', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const written = writeOutput(path, chunks(), never);
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  await written;
});

test.skipIf(process.platform === 'win32')('CR-11 the wait for a reader ends at an abort', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const stop = new AbortController();
  const written = writeOutput(path, chunks(), stop.signal);
  stop.abort();
  await expect(written).rejects.toMatchObject({ name: 'AbortError' });
});
