import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { toHex } from '@devp2p/bytes';
import { createBlockFromRLP } from '@ethereumjs/block';
import { createCommonFromGethGenesis } from '@ethereumjs/common';
import type { KZG } from '@ethereumjs/util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import { exportFile } from '../../src/chain/files/export-file.ts';
import { type ImportProgress, importFile } from '../../src/chain/files/import-file.ts';
import { RlpStreamError, rlpLists } from '../../src/chain/files/rlp-lists.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { crypto, encodeFields, makeChain, makeGenesis } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

const genesis = makeGenesis('prague');
const blocks = makeChain(genesis.config, genesis.header, 400);
const hashes = blocks.map(({ header }) => header.hash);

/** A chain of 400 blocks, and paths for its files. */
async function filled(): Promise<{ chain: LocalChain; directory: string; file: string }> {
  const chain = await openTemporary(genesis);
  await chain.append(blocks);
  const directory = temporaryDirectory();
  const file = join(directory, 'chain.rlp');
  await exportFile(chain, file);
  return { chain, directory, file };
}

/** Offset of the block with the number in a file of blocks from 1 on. */
function offsetOf(number: number): number {
  const before = blocks.slice(0, number - 1);
  return before.reduce((sum, { header, body }) => sum + sizeOf(header.raw, body.raw), 0);
}

function sizeOf(header: Uint8Array, body: Uint8Array): number {
  const content = header.length + body.length - (body.length > 56 ? (body.length > 258 ? 3 : 2) : 1);
  return content + (content > 255 ? 3 : 2);
}

describe('export and import', () => {
  test.each(['chain.rlp', 'chain.rlp.gz'])('ND-05 blocks exported to %s can be imported', async (name) => {
    const { chain, directory } = await filled();
    const file = join(directory, name);
    const written: number[] = [];
    const count = await exportFile(chain, file, { onProgress: (number) => written.push(number) });
    expect(count).toBe(400);
    expect(written.at(-1)).toBe(400);
    expect(readdirSync(directory).sort()).toEqual([...new Set(['chain.rlp', name])].sort());
    const first = readFileSync(file).subarray(0, 2);
    expect(first.equals(Uint8Array.of(0x1f, 0x8b))).toBe(name.endsWith('.gz'));

    const other = await openTemporary(genesis);
    const reports: ImportProgress[] = [];
    const result = await importFile(other, file, { crypto, onProgress: (p) => reports.push(p) });
    const { size } = statSync(file);
    expect(result).toEqual({ number: 400, added: 400, known: 0, receipts: 0, gas: 12_600_000, bytes: size, size });
    expect(reports.length).toBeGreaterThan(1);
    expect(other.head.hash).toEqual(chain.head.hash);
    expect(await other.bodies(hashes)).toEqual(blocks.map(({ body }) => body.raw));
    expect(await importFile(other, file, { crypto })).toMatchObject({ added: 0, known: 400 });
  });

  test('ND-05 a part of the chain', async () => {
    const { chain, directory, file } = await filled();
    const part = join(directory, 'part.rlp');
    expect(await exportFile(chain, part, { first: 100, last: 200 })).toBe(101);
    const bytes = readFileSync(part);
    expect(bytes.equals(readFileSync(file).subarray(offsetOf(100), offsetOf(201)))).toBe(true);
    expect(await exportFile(chain, part, { first: 0, last: 0 })).toBe(1);
    const empty = await openTemporary(genesis);
    expect(await importFile(empty, part, { crypto })).toMatchObject({ known: 1, added: 0 });
  });

  test('ND-05 an export keeps a symbolic link, and writes to a pipe', async () => {
    const { chain, directory, file } = await filled();
    const [link, other, pipe] = ['link', 'other.rlp', 'pipe'].map((name) => join(directory, name));
    writeFileSync(other as string, 'old');
    symlinkSync(other as string, link as string);
    await exportFile(chain, link as string);
    expect(lstatSync(link as string).isSymbolicLink()).toBe(true);
    expect(readFileSync(other as string).equals(readFileSync(file))).toBe(true);

    execFileSync('mkfifo', [pipe as string]);
    const reader = readFile(pipe as string);
    await exportFile(chain, pipe as string);
    expect((await reader).equals(readFileSync(file))).toBe(true);
    expect(lstatSync(pipe as string).isFIFO()).toBe(true);
    expect(readdirSync(directory).sort()).toEqual(['chain.rlp', 'link', 'other.rlp', 'pipe']);
  });

  test('ND-05 receipts are exported to a separate file, and checked on import', async () => {
    const { chain, directory, file } = await filled();
    const receipts = join(directory, 'receipts.rlp.gz');
    await exportFile(chain, receipts, { content: 'receipts' });
    const other = await openTemporary(genesis);
    await expect(importFile(other, receipts, { crypto })).rejects.toMatchObject({
      code: 'unknown-block',
    });
    await importFile(other, file, { crypto });
    expect(await importFile(other, receipts, { crypto })).toMatchObject({
      receipts: 400,
      added: 0,
    });
    expect(await other.receipts(hashes)).toEqual(blocks.map((block) => block.receipts.raw));

    const third = blocks[2];
    const moved = encodeFields([third?.header.hash ?? 0, []]);
    const wrong = join(directory, 'wrong.rlp');
    writeFileSync(wrong, moved);
    await expect(importFile(other, wrong, { crypto })).rejects.toMatchObject({
      code: 'receipts-root',
      number: 3,
    });
    const bare = await openTemporary(genesis);
    await importFile(bare, file, { crypto });
    await expect(exportFile(bare, receipts, { content: 'receipts' })).rejects.toMatchObject({
      code: 'unknown-block',
      message: expect.stringContaining('block 1 '),
    });
  });

  test('ND-05 the demo chain of @ethereumjs/vm is valid with all receipts', async () => {
    const folder = new URL('../../demo/chain/', import.meta.url).pathname;
    const demo = parseGenesis(readFileSync(join(folder, 'genesis.json'), 'utf8'), crypto);
    const chain = await openTemporary(demo);
    const result = await importFile(chain, join(folder, 'chain.rlp.gz'), { crypto });
    expect(result.added).toBeGreaterThan(0);
    expect(chain.head.number).toBe(result.added);
    const { receipts } = await importFile(chain, join(folder, 'receipts.rlp.gz'), { crypto });
    expect(receipts).toBe(result.added);
    const file = join(temporaryDirectory(), 'again.rlp');
    await exportFile(chain, file);
    const original = gunzipSync(readFileSync(join(folder, 'chain.rlp.gz')));
    expect(readFileSync(file).equals(original)).toBe(true);

    const genesisJson = JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8'));
    const common = createCommonFromGethGenesis(genesisJson, {
      chain: 'demo',
      // Required to decode a blob transaction, but not used.
      customCrypto: { kzg: {} as KZG },
    });
    for await (const item of rlpLists(chunked(original, 1000), 1e6)) {
      const block = createBlockFromRLP(item, { common, setHardfork: true });
      expect(block.hash()).toEqual(await chain.hashAt(Number(block.header.number)));
      if (block.header.number % 16n !== 0n) continue;
      expect(await block.transactionsTrieIsValid()).toBe(true);
    }
  });
});

describe('bad files', () => {
  /** Imports bytes and returns the result. */
  async function importBytes(bytes: Uint8Array): Promise<{ error: unknown; head: number; hash: Uint8Array }> {
    const chain = await openTemporary(genesis);
    const file = join(temporaryDirectory(), 'bad.rlp');
    writeFileSync(file, bytes);
    let error: unknown;
    try {
      await importFile(chain, file, { crypto });
    } catch (thrown) {
      error = thrown;
    }
    const { head } = chain;
    await chain.close();
    return { error, head: head.number, hash: head.hash };
  }

  test.each([1, 2, 300, 400])('ND-05 a file that ends inside block %i', async (number) => {
    const { file } = await filled();
    const bytes = readFileSync(file);
    const before = number === 1 ? genesis.header.hash : hashes[number - 2];
    for (const cut of [1, 2, 100]) {
      const { error, head, hash } = await importBytes(bytes.subarray(0, offsetOf(number) + cut));
      expect(error).toMatchObject({ name: 'BlockError', code: 'malformed', number });
      expect((error as Error).message).toMatch(new RegExp(`^block ${number}: the file ends`));
      expect([head, hash]).toEqual([number - 1, before]);
    }
    const whole = await importBytes(bytes.subarray(0, offsetOf(number)));
    expect(whole).toEqual({ error: undefined, head: number - 1, hash: before });
  });

  test('ND-05 a changed byte at any offset is detected, and no block after it is kept', async () => {
    const { file } = await filled();
    const bytes = readFileSync(file);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: offsetOf(20) - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const changed = Uint8Array.from(bytes.subarray(0, offsetOf(22)));
          changed[at] = (changed[at] as number) ^ flip;
          const number = blocks.findIndex((_, i) => offsetOf(i + 2) > at) + 1;
          const { error, head } = await importBytes(changed);
          expect(error).toMatchObject({ name: 'BlockError' });
          const { number: named } = error as { number: number };
          // Some changed fields of a header are detected only at the next block.
          expect([number, number + 1]).toContain(named);
          expect(head).toBe(named - 1);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('ND-05 gzip that ends early or is damaged', async () => {
    const { file } = await filled();
    const packed = gzipSync(readFileSync(file));
    const cut = await importBytes(packed.subarray(0, packed.length / 2));
    expect(cut.error).toMatchObject({
      name: 'BlockError',
      code: 'malformed',
      number: cut.head + 1,
    });
    expect(cut.head).toBeLessThan(400);
    expect(cut.hash).toEqual(cut.head === 0 ? genesis.header.hash : hashes[cut.head - 1]);
    const broken = Uint8Array.from(packed);
    broken.fill(0xaa, packed.length - 8, packed.length - 4);
    const { error, head, hash } = await importBytes(broken);
    expect(error).toMatchObject({ name: 'BlockError', code: 'malformed' });
    expect((error as Error).message).toContain('gzip');
    expect(head).toBeLessThanOrEqual(400);
    expect(hash).toEqual(head === 0 ? genesis.header.hash : hashes[head - 1]);
  });

  test.each<[string, Uint8Array]>([
    ['text', Buffer.from('blocks, many of them')],
    ['zeros', new Uint8Array(1000)],
    ['a string', Uint8Array.of(0x83, 1, 2, 3)],
    ['an empty list', Uint8Array.of(0xc0)],
    ['an endless list', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['a list of 11 MB', Uint8Array.of(0xfa, 0xaa, 0xaa, 0xaa, ...new Uint8Array(100))],
    ['a list with a non-canonical length', Uint8Array.of(0xf8, 0x02, 0xc0, 0xc0)],
    ['a header', genesis.header.raw],
  ])('ND-05 %s instead of blocks', async (_, bytes) => {
    const { error, head } = await importBytes(bytes);
    expect(error).toMatchObject({ name: 'BlockError', code: 'malformed', number: 1 });
    expect((error as Error).message).not.toContain('\n');
    expect(head).toBe(0);
    await expect(importBytes(gzipSync(bytes))).resolves.toMatchObject({ head: 0 });
  });

  test('ND-05 an empty file has no blocks', async () => {
    expect(await importBytes(new Uint8Array())).toMatchObject({ error: undefined, head: 0 });
    const gzipped = await importBytes(gzipSync(new Uint8Array()));
    expect(gzipped).toMatchObject({ error: undefined, head: 0 });
  });

  test('ND-05 a block of another chain under a known number', async () => {
    const { chain, directory } = await filled();
    const other = makeGenesis('prague', { timestamp: 7 });
    const file = join(directory, 'other.rlp');
    const theirs = await openTemporary(other);
    await theirs.append(makeChain(other.config, other.header, 3));
    await exportFile(theirs, file, { first: 0 });
    await expect(importFile(chain, file, { crypto })).rejects.toMatchObject({
      code: 'other-chain',
      number: 0,
    });
    await exportFile(theirs, file);
    await expect(importFile(chain, file, { crypto })).rejects.toMatchObject({
      code: 'other-chain',
      number: 1,
    });
    const empty = await openTemporary(genesis);
    await expect(importFile(empty, file, { crypto })).rejects.toMatchObject({
      code: 'unknown-parent',
      number: 1,
    });
  });

  test('ND-05 files that cannot be read or written', async () => {
    const { chain, directory } = await filled();
    for (const file of [join(directory, 'missing'), directory]) {
      await expect(importFile(chain, file, { crypto })).rejects.toMatchObject({
        name: 'ChainError',
        code: 'file',
        message: expect.stringContaining(file),
      });
    }
    for (const file of [join(directory, 'missing', 'x.rlp'), directory]) {
      await expect(exportFile(chain, file)).rejects.toMatchObject({ code: 'file' });
    }
    await expect(exportFile(chain, join(directory, 'x'), { last: 701 })).rejects.toMatchObject({
      code: 'unknown-block',
    });
    const file = join(directory, 'chain.rlp');
    const before = readFileSync(file);
    await expect(exportFile(chain, file, { first: 402 })).rejects.toMatchObject({
      code: 'unknown-block',
      message: 'block 402: the chain ends at 400',
    });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(directory)).toEqual(['chain.rlp']);
  });

  test('ND-05 an aborted import keeps its blocks, an aborted export leaves no file', async () => {
    const { chain, directory, file } = await filled();
    const other = await openTemporary(genesis);
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    const options = { crypto, signal: stop.signal, onProgress };
    await expect(importFile(other, file, options)).rejects.toMatchObject({ name: 'AbortError' });
    expect(other.head.number).toBe(256);
    expect(await importFile(other, file, { crypto })).toMatchObject({ known: 256, added: 144 });
    const aborted = exportFile(chain, join(directory, 'x'), { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(directory)).toEqual(['chain.rlp']);
  });
});

describe('lists in a stream', () => {
  test('ND-05 do not depend on the chunks of the stream', async () => {
    const lists = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 400 }), async (contents, size) => {
        const items = contents.map((content) => encodeFields([content]));
        const found = await collect(rlpLists(chunked(Buffer.concat(items), size), 1000));
        expect(found.map(toHex)).toEqual(items.map(toHex));
      }),
      { numRuns: 200 },
    );
  });

  test('ND-05 a long list in small chunks takes time proportional to its length', async () => {
    const item = encodeFields([new Uint8Array(8_000_000)]);
    const [found] = await collect(rlpLists(chunked(item, 512), 1e7));
    expect(found?.length).toBe(item.length);
  });

  test('ND-05 end with an error inside a list, or before one that is too long', async () => {
    const item = encodeFields([new Uint8Array(100)]);
    const twice = Buffer.concat([item, item]);
    for (let cut = 1; cut < item.length; cut++) {
      const found: Uint8Array[] = [];
      const read = async (): Promise<void> => {
        for await (const list of rlpLists(chunked(twice.subarray(0, -cut), 7), 1000)) found.push(list);
      };
      await expect(read()).rejects.toThrow(RlpStreamError);
      expect(found).toHaveLength(1);
    }
    await expect(collect(rlpLists(chunked(twice, 7), 50))).rejects.toThrow('more than 50');
  });
});

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
