import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { encodeBlock } from '../../src/chain/files/block-rlp.ts';
import { readGenesisFile } from '../../src/config/genesis/genesis-file.ts';
import { ChainError } from '../../src/errors/chain-error.ts';
import { NodeError } from '../../src/errors/node-error.ts';
import { genesisText, makeGenesis } from '../chain/make-blocks.ts';
import { temporaryDirectory } from '../chain/temporary.ts';

const genesis = makeGenesis('prague');
const text = genesisText('prague');

function fileOf(content: string | Uint8Array): string {
  const path = join(temporaryDirectory(), 'genesis.json');
  writeFileSync(path, content);
  return path;
}

async function errorOf(path: string): Promise<Error> {
  const error = await readGenesisFile(path, nobleCrypto).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error instanceof ChainError || error instanceof NodeError).toBe(true);
  const { message } = error as Error;
  expect(message).toMatch(/^genesis \/[\x20-\x7e\ufffd]+$/);
  expect(message).toContain(path);
  return error as Error;
}

test('ND-04 a genesis.json is read, also with a byte order mark', async () => {
  for (const content of [text, `\ufeff${text}`, ` \r\n${text}\n`]) {
    const path = fileOf(content);
    const read = await readGenesisFile(path, nobleCrypto);
    expect(read.header.hash).toEqual(genesis.header.hash);
    expect(read.source).toBe(`genesis ${path}`);
  }
});

test.skipIf(process.platform === 'win32')('ND-04 a genesis is read from a pipe', async () => {
  const path = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [path]);
  // Larger than the buffer of a pipe.
  const long = text.replace('{', `{${' '.repeat(300_000)}`);
  const [read] = await Promise.all([readGenesisFile(path, nobleCrypto), writeFile(path, long)]);
  expect(read.header.hash).toEqual(genesis.header.hash);
});

const chain = Buffer.concat(Array.from({ length: 3 }, () => encodeBlock(genesis.header.raw, genesis.body)));

test.each<[string, string | Uint8Array, RegExp]>([
  ['a chain file', chain, /is binary data, not JSON: name a genesis\.json .* "devp2p-node import /],
  ['a gzipped file', gzipSync(text), /is compressed with gzip: decompress it first$/],
  ['an empty file', '', /is empty: name a genesis\.json in go-ethereum's format$/],
  ['a file of spaces', ' \n'.repeat(10), /: not JSON: line 11, column 1: expected a value, but the file/],
  ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le'), /is UTF-16 text: save it as UTF-8$/],
  ['zeros', new Uint8Array(100), /is binary data, not JSON: name a genesis\.json/],
  ['a program', readFileSync(process.execPath).subarray(0, 4096), /is binary data, not JSON: name/],
  ['Latin-1', Buffer.from('{"\xe9": 1}', 'latin1'), /is binary data or not UTF-8, so not JSON: name/],
  ['a text', 'hello\n', /is not JSON: expected "{" at its beginning; name a genesis\.json/],
  ['a list', '[1, 2]', /is not JSON: expected "{" at its beginning; name a genesis\.json/],
  ['another JSON file', '{"name": "x"}', /: config is missing: expected an object$/],
  ['half a file', text.slice(0, 99), /: not JSON: line 1, column 94: a text that begins here has no closing quote$/],
  ['a wrong value', text.replace('30000000', '"much"'), /: gasLimit is "much": expected a whole number/],
  ['a value of several lines', text.replace('30000000', '"a\\nb\\u0007é"'), /: gasLimit is "a/],
])('ND-04 %s is refused with one line that names its kind', async (_, content, message) => {
  const path = fileOf(content);
  expect((await errorOf(path)).message).toMatch(message);
});

test('ND-04 an unreadable file is named with the reason', async () => {
  const directory = temporaryDirectory();
  expect((await errorOf(directory)).message).toMatch(/ is a directory: name a genesis\.json/);
  const missing = join(directory, 'missing.json');
  expect((await errorOf(missing)).message).toMatch(/ cannot be read \(ENOENT\): name a genesis/);
  mkdirSync(join(directory, 'sub'));
  expect(await errorOf(join(directory, 'sub'))).toMatchObject({ code: 'genesis-unreadable' });
});

test('ND-04 a huge file is refused before it is read in full', async () => {
  const path = fileOf('');
  // Sparse: it takes no disk space.
  truncateSync(path, 2 * 1024 ** 3);
  expect((await errorOf(path)).message).toMatch(/is binary data, not JSON/);
});

test.skipIf(process.platform === 'win32')('ND-04 endless input is refused', async () => {
  expect((await errorOf('/dev/zero')).message).toMatch(/is binary data, not JSON/);
});
