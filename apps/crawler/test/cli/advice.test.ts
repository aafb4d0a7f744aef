import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Discv4Error } from '@devp2p/discv4';
import { expect, test } from 'vitest';
import { errorAdvice } from '../../src/cli/advice.ts';
import { checkFlags, crawlFlags, exportFlags } from '../../src/cli/flags/flags.ts';
import { CrawlerError } from '../../src/index.ts';

const sources = fileURLToPath(new URL('../../src', import.meta.url));

const noLocks = new CrawlerError('store-failed', '', { data: { problem: 'no-file-locks' } });
const cases: readonly (readonly [unknown, string | undefined])[] = [
  [new CrawlerError('datadir-in-use', ''), 'stop it, or choose another with --datadir'],
  [new CrawlerError('datadir-unusable', ''), 'choose another with --datadir'],
  [new CrawlerError('wrong-datadir', ''), 'choose another with --datadir'],
  [noLocks, 'choose a file system that supports locks with --datadir'],
  [new CrawlerError('store-failed', ''), undefined],
  [new CrawlerError('port-unavailable', ''), 'choose others with --metrics.port and --metrics.addr'],
  [new CrawlerError('output-unusable', ''), 'choose another with --output'],
  [new CrawlerError('closed', ''), undefined],
  [new Discv4Error('listen-failed', ''), 'choose others with --port and --addr'],
  [new Error('x'), undefined],
];

test.each(cases)('the advice about error %#', (error, advice) => {
  expect(errorAdvice(error)).toBe(advice);
});

test('every flag in the advice exists', () => {
  const flags = { ...crawlFlags, ...exportFlags, ...checkFlags };
  const named = cases.flatMap(([error]) => errorAdvice(error)?.match(/--[a-z.]+/g) ?? []);
  expect(named.length).toBeGreaterThan(5);
  for (const flag of named) expect(flags).toHaveProperty([flag.slice(2)]);
});

test('only files in cli mention flags', () => {
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('cli'))
    .map((file) => join(sources, file));
  expect(files.length).toBeGreaterThan(30);
  const withFlags = files.filter((file) => /[\s'"`(]--[a-z]/.test(readFileSync(file, 'utf8')));
  expect(withFlags.map((file) => relative(sources, file))).toEqual([]);
});
