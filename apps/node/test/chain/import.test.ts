import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeHeader, sealHeader } from '@devp2p/eth';
import { encode, Reader } from '@devp2p/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import { encodeBlock, receiptsRecordCodec } from '../../src/chain/files/block-rlp.ts';
import { exportFile } from '../../src/chain/files/export-file.ts';
import { importFile } from '../../src/chain/files/import-file.ts';
import { parseGenesis } from '../../src/config/genesis/genesis.ts';
import { crypto, makeChain, makeGenesis, nextBlock, plainReceipt, transfer, withChanges } from './make-blocks.ts';
import { openTemporary, temporaryDirectory } from './temporary.ts';

const fixture = (name: string): Buffer => readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)));

function write(items: readonly Uint8Array[]): string {
  const path = join(temporaryDirectory(), 'file.rlp');
  writeFileSync(path, Buffer.concat(items));
  return path;
}

async function exported(chain: LocalChain, first: number, last: number): Promise<Buffer> {
  const path = join(temporaryDirectory(), 'out.rlp');
  await exportFile(chain, path, { first, last });
  return readFileSync(path);
}

describe('block access lists in a file', () => {
  // Blocks 0 to 36 of the chain in go-ethereum v1.17.10's cmd/devp2p/internal/ethtest/testdata (genesis.json,
  // chain.rlp), as `geth export` of that version writes them: Amsterdam begins with block 36.
  const file = fixture('geth-export.rlp');
  const genesis = parseGenesis(fixture('geth-export-genesis.json').toString(), crypto);
  const items: Uint8Array[] = [];
  for (const reader = new Reader(file); !reader.done; ) items.push(reader.item());
  const last = items[36] as Uint8Array;
  const fields = fieldsOf(last);
  const accessList = fields[4] as Uint8Array;

  /** The parts of an RLP list. */
  function fieldsOf(item: Uint8Array): Uint8Array[] {
    const reader = new Reader(item);
    reader.enterList();
    const parts: Uint8Array[] = [];
    while (!reader.done) parts.push(reader.item());
    return parts;
  }

  /** Block 36 with these items instead of the access list. */
  function withFifth(...more: Uint8Array[]): Uint8Array {
    return encode(rawCodec, [...fields.slice(0, 4), ...more]);
  }

  const rawCodec = {
    read(): never {
      throw new Error('for writing only');
    },
    write(writer: import('@devp2p/rlp').Writer, parts: readonly Uint8Array[]): void {
      const mark = writer.length;
      for (const part of [...parts].reverse()) writer.copy(part);
      writer.wrapList(mark);
    },
  };

  test('ND-05 FK-06 an export of geth is imported and exported unchanged', async () => {
    const chain = await openTemporary(genesis);
    const result = await importFile(chain, write([file]), { crypto });
    expect(result).toMatchObject({ number: 36, added: 36, known: 1 });
    expect(await exported(chain, 0, 36)).toEqual(file);
    expect((await chain.block(36))?.accessList).toEqual(accessList);
    expect((await chain.block(35))?.accessList).toBeUndefined();
    // What a peer gets is the body of the wire format.
    expect(await chain.bodies([decodeHeader(fields[0] as Uint8Array, crypto).hash])).toEqual([
      encode(rawCodec, fields.slice(1, 4)),
    ]);
  });

  test('ND-05 FK-06 a block without its list is imported, and a later file adds it', async () => {
    const chain = await openTemporary(genesis);
    const bare = [...items.slice(1, 36), withFifth()];
    await importFile(chain, write(bare), { crypto });
    expect(await exported(chain, 1, 36)).toEqual(Buffer.concat(bare));
    expect(await importFile(chain, write([last]), { crypto })).toMatchObject({ known: 1 });
    expect(await exported(chain, 36, 36)).toEqual(Buffer.from(last));
    await chain.truncate(35);
    await importFile(chain, write([withFifth()]), { crypto });
    expect((await chain.block(36))?.accessList).toBeUndefined();
  });

  test.each<[string, string, number, Uint8Array, RegExp]>([
    ['another list', 'access-list', 36, withFifth(Uint8Array.of(0xc0)), /block access list hash is/],
    ['a string', 'malformed', 36, withFifth(Uint8Array.of(0x80)), /string instead of a list/],
    ['a sixth item', 'malformed', 36, withFifth(accessList, accessList), /611 unread bytes/],
    [
      'a list before Amsterdam',
      'access-list',
      35,
      encode(rawCodec, [...fieldsOf(items[35] as Uint8Array), accessList]),
      /block access list, but its header has no hash/,
    ],
  ])('ND-05 FK-06 %s is refused', async (_, code, number, item, message) => {
    for (const known of [false, true]) {
      const chain = await openTemporary(genesis);
      await importFile(chain, write(items.slice(1, known ? 37 : number)), { crypto });
      await expect(importFile(chain, write([item]), { crypto })).rejects.toMatchObject({
        code,
        number,
        message: expect.stringMatching(message),
      });
      expect(chain.head.number).toBe(known ? 36 : number - 1);
    }
  });
});

describe('the end of a batch', () => {
  const genesis = makeGenesis('prague');
  const blocks = makeChain(genesis.config, genesis.header, 12);
  const rlp = (number: number): Uint8Array => {
    const block = blocks[number - 1];
    if (block === undefined) throw new Error('no such block');
    return encodeBlock(block.header.raw, block.body.raw);
  };
  const receipts = (number: number, of = number): Uint8Array =>
    encode(receiptsRecordCodec, {
      hash: blocks[number - 1]?.header.hash ?? new Uint8Array(32),
      receipts: blocks[of - 1]?.receipts as (typeof blocks)[0]['receipts'],
    });
  const sibling = makeChain(genesis.config, genesis.header, 12, { extraData: Uint8Array.of(1) });
  const other = (number: number): Uint8Array => {
    const { header, body } = sibling[number - 1] as (typeof sibling)[0];
    return encodeBlock(header.raw, body.raw);
  };

  /** Result of an import, or its error, and the chain after it. */
  async function outcome(items: readonly Uint8Array[], batchItems: number) {
    const chain = await openTemporary(genesis);
    const error = await importFile(chain, write(items), { crypto, batchItems }).then(
      ({ bytes, ...counts }) => counts,
      ({ name, code, message }) => ({ name, code, message }),
    );
    const kept: boolean[] = [];
    for (let number = 1; number <= chain.head.number; number++) {
      kept.push((await chain.block(number))?.receipts !== undefined);
    }
    const { hash } = chain.head;
    await chain.close();
    return { error, kept, hash };
  }

  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  test('ND-05 two overlapping exports are one chain wherever a batch ends', async () => {
    const items = [...range(1, 8), ...range(4, 12)].map(rlp);
    for (const size of range(1, items.length + 1)) {
      const { error, hash } = await outcome(items, size);
      expect(error).toMatchObject({ number: 12, added: 12, known: 5 });
      expect(hash).toEqual(blocks[11]?.header.hash);
    }
  });

  test.each<[string, Uint8Array[], object, number]>([
    ['a gap', [rlp(1), rlp(2), rlp(4)], { code: 'unknown-parent' }, 2],
    ['another block in the place of a known one', [rlp(1), rlp(2), other(2)], { code: 'other-chain' }, 2],
    ['receipts before their block', [rlp(1), receipts(2), rlp(2)], { code: 'unknown-block' }, 1],
    ['receipts of another block', [rlp(1), rlp(2), receipts(2, 4), rlp(3)], { code: 'receipts-root' }, 2],
  ])('ND-05 %s is the same error wherever a batch ends', async (_, items, error, head) => {
    for (const size of range(1, 5)) {
      const result = await outcome(items, size);
      expect(result).toMatchObject({ error, hash: blocks[head - 1]?.header.hash });
    }
  });

  test('ND-05 the result of any file is the same wherever a batch ends', async () => {
    const bad = (number: number): Uint8Array => {
      const { header, body } = blocks[number - 1] as (typeof blocks)[0];
      const changed = withChanges(header, { extraData: new Uint8Array(33) });
      return encodeBlock(sealHeader(changed, crypto).raw, body.raw);
    };
    const number = fc.integer({ min: 1, max: 12 });
    const item = fc.oneof(
      { weight: 2, arbitrary: number.map(rlp) },
      { weight: 4, arbitrary: number.map((of) => receipts(of)) },
      number.map(other),
      number.map(bad),
    );
    const run = fc.tuple(number, number).map(([a, b]) => range(Math.min(a, b), Math.max(a, b)).map(rlp));
    const file = fc
      .array(
        fc.oneof(
          run,
          item.map((one) => [one]),
        ),
        { minLength: 1, maxLength: 5 },
      )
      .map((parts) => [rlp(1), rlp(2), ...parts.flat()]);
    await fc.assert(
      fc.asyncProperty(file, fc.integer({ min: 1, max: 6 }), async (items, size) => {
        expect(await outcome(items, size)).toEqual(await outcome(items, 1_000));
      }),
      { numRuns: 60 },
    );
  });
});

test('ND-05 receipts that exceed the size of a message are exported and imported', async () => {
  const genesis = makeGenesis('prague');
  const log = { address: new Uint8Array(20), topics: [], data: new Uint8Array(6 * 1024 * 1024) };
  const receipts = [1, 2].map((i) => plainReceipt(21_000 * i, { logs: [log] }));
  const transactions = [transfer(0), transfer(1)];
  const first = nextBlock(genesis.config, genesis.header, { transactions, receipts });
  const second = nextBlock(genesis.config, first.header, { transactions });
  // The import checks their root. A comparison of the bytes takes the test runner minutes.
  const sizeOfReceipts = async (of: LocalChain) => (await of.block(1))?.receipts?.length;
  const chain = await openTemporary(genesis);
  await chain.append([first, second]);
  const path = join(temporaryDirectory(), 'receipts.rlp');
  await exportFile(chain, path, { content: 'receipts' });
  const other = await openTemporary(genesis);
  await other.append([first, second].map(({ header, body }) => ({ header, body })));
  expect(await importFile(other, path, { crypto })).toMatchObject({ number: 2, receipts: 2 });
  expect(await sizeOfReceipts(other)).toBe(first.receipts.raw.length);

  // The error about the file names the number of an existing block.
  const bytes = readFileSync(path);
  const whole = await openTemporary(genesis);
  await whole.append([first, second].map(({ header, body }) => ({ header, body })));
  await expect(importFile(whole, write([bytes.subarray(0, -1)]), { crypto })).rejects.toMatchObject({
    code: 'malformed',
    message: expect.stringMatching(/^block 2: the file ends \d+ bytes into the item at byte \d+$/),
  });
  expect(await sizeOfReceipts(whole)).toBe(first.receipts.raw.length);
});
