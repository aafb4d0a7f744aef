import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'devp2p-language-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Outcome = { code?: number; stdout: string; stderr: string };

async function language(...args: string[]): Promise<Outcome> {
  return run(process.execPath, [join(root, 'tools/language.mjs'), ...args]).catch((error: Outcome) => error);
}

/** Checks one file, and returns `line: word` for each refused word. */
async function refused(file: string, text: string): Promise<string[]> {
  const path = join(folder, file);
  writeFileSync(path, text);
  const { code, stderr } = await language(path);
  const lines = stderr.split('\n').filter((line) => line.startsWith(path));
  expect(code).toBe(lines.length > 0 ? 1 : undefined);
  return lines.map((line) => line.slice(path.length + 1).replace(/: write .*/, ''));
}

test('the repository passes', async () => {
  expect(await language()).toMatchObject({ stderr: '' });
});

test('comments, strings and templates are read, identifiers and specifiers are not', async () => {
  const source = [
    '// Nobody reads this,',
    '// so many as it',
    'import { whoever } from "./nobody.ts";',
    'const told = { nobody: whoever };',
    `const text = \`sent by \${told ? \`whoever \${1}\` : "somebody"} and told\`;`,
    'const isText = /nobody\'s "told"/.test(text) || 4 / 2 / 1;',
    '/**',
    ' * The node is as if',
    ' * nothing had been sent to `whoever`, {@link whoever}.',
    ' */',
    "throw new Error('it is nothing');",
    '/** What {@link whoever} is made with. */',
  ];
  expect(await refused('source.ts', source.join('\n'))).toEqual([
    '1: "Nobody"',
    '2: "so many"',
    '5: "whoever"',
    '5: "somebody"',
    '5: "told"',
    '8: "as if nothing"',
    '11: "is nothing"',
    '12: "What }"',
  ]);
});

test('Markdown is read with its code blocks, without inline code', async () => {
  const text = [
    '# What is a peer?',
    'It keeps what is left; `what is left` is code.',
    '```ts',
    'const whoever = 1; // whoever',
    '```',
    '```sh',
    'npm run soak # what is left',
    '```',
  ];
  expect(await refused('page.md', text.join('\n'))).toEqual(['2: "what is"', '4: "whoever"', '7: "what is"']);
});

test.each([
  'A node behind a NAT, two blocks behind the head, leaves no timer behind.',
  'MUST be as many as possible, for good reason. What is sent? THUS.',
  'The other, the this, the shaker, there, hers-like.',
])('plain text passes: %s', async (text) => {
  expect(await refused('plain.md', text)).toEqual([]);
});

test.each([
  ['The timer starts behind Hello.', 'behind'],
  ['The node sends what comes first.', 'what comes'],
  ['His key is told.', 'His', 'told'],
  ['Closed for good.', 'for good'],
  ['The peer says goodbye.', 'peer says'],
  ['Is it late? Has it the secret?', 'Has it the secret?'],
  ['Each keeps that of before.', 'that of before'],
  ['Thus it shall end.', 'Thus', 'shall'],
])('refused: %s', async (text, ...words) => {
  const found = await refused('refused.md', text);
  expect(found.sort()).toEqual(words.map((word) => `1: "${word}"`).sort());
});

test('uses are counted per 1,000 words of comments, of the work tree and of a commit', async () => {
  for (const args of [[], ['HEAD']]) {
    const { stdout } = await language('--count', ...args);
    expect(stdout).toMatch(/^\d+ files, \d+ words of comments$/m);
    expect(stdout).toMatch(/^\| whoever \| \d+ \| \d+\.\d\d \| \d+ \| \d+ \|$/m);
  }
});
