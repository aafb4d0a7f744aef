import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const published = ['packages', 'apps'].flatMap((room) =>
  readdirSync(join(root, room)).map((name) => ({ name, folder: `${room}/${name}` })),
);
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'deploy/README.md', 'docs/architecture.md'],
  ...published.map(({ folder }) => `${folder}/README.md`),
];

/** The first block of `language` in a page, without its fences. */
function firstBlock(page: string, language: string): string {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(read(page))?.[1];
  if (block === undefined) throw new Error(`${page} has no ${language} block`);
  return block;
}

describe('the first example of a page is a program that the tests run', () => {
  test.each(published)('$folder', ({ name, folder }) => {
    expect(firstBlock(`${folder}/README.md`, 'ts')).toBe(read(`examples/${name}.ts`));
  });

  test('README.md, whose install line has all of its imports', () => {
    const example = firstBlock('README.md', 'ts');
    expect(example).toBe(read('examples/eth.ts'));
    const imported = [...example.matchAll(/from '(@devp2p\/[a-z0-9]+)/g)].map(([, name]) => name);
    const [, installed] = /^npm install (.+)$/m.exec(read('README.md')) ?? [];
    expect(installed?.split(' ')).toEqual([...new Set(imported)].sort());
  });
});

test.each(pages)('the links of %s have targets', (page) => {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    if (/^(?:https?:|#)/.test(link)) return false;
    return !existsSync(join(root, dirname(page), link.replace(/#.*$/, '')));
  });
  expect(broken).toEqual([]);
});

test.each(['CONTRIBUTING.md', 'docs/architecture.md'])('the paths in %s exist', (page) => {
  const folders = 'apps|bench|deploy|docs|examples|findings|interop|packages|simulation|test|tools';
  const paths = read(page).matchAll(new RegExp(`\`((?:${folders})/[^\`\\s*]*)\``, 'g'));
  const missing = [...paths]
    .map(([, path = '']) => path)
    .filter((path) => {
      return !existsSync(join(root, path));
    });
  expect(missing).toEqual([]);
});

test.each(published)('$folder links to its neighbors and to docs/', ({ folder }) => {
  const text = read(`${folder}/README.md`);
  expect(text).toMatch(/\]\(\.\.\/(?:\.\.\/packages\/)?[a-z0-9]+\/README\.md\)/);
  expect(text).toContain('](../../docs/architecture.md)');
});

test('the README lists every package and app', () => {
  const text = read('README.md');
  for (const { name, folder } of published) expect(text).toContain(`[\`@devp2p/${name}\`](${folder}`);
});

test('every page with a TypeScript version has the one of the packing test', () => {
  const { version } = JSON.parse(read('test/node_modules/typescript/package.json')) as {
    version: string;
  };
  const minimum = version.split('.').slice(0, 2).join('.');
  for (const page of pages) {
    for (const [, named] of read(page).matchAll(/TypeScript (?:≥ )?(\d+\.\d+)/g)) {
      expect(named, page).toBe(minimum);
    }
  }
  expect(read('README.md')).toContain(`TypeScript ≥ ${minimum}`);
});
