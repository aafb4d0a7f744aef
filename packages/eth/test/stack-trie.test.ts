import { nobleCrypto } from '@devp2p/crypto';
import { createMPT } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listRoot, StackTrie } from '../src/index.ts';

function compare(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

async function oracle(entries: Iterable<readonly [Uint8Array, Uint8Array]>): Promise<string> {
  const trie = await createMPT();
  for (const [key, value] of entries) {
    await trie.put(key, value);
  }
  return Buffer.from(trie.root()).toString('hex');
}

function root(trie: StackTrie, entries: Iterable<readonly [Uint8Array, Uint8Array]>): string {
  for (const [key, value] of entries) {
    trie.insert(key, value);
  }
  return Buffer.from(trie.root()).toString('hex');
}

const value = fc.uint8Array({ minLength: 1, maxLength: 80 });

function sortedUnique(entries: readonly (readonly [Uint8Array, Uint8Array])[]): (readonly [Uint8Array, Uint8Array])[] {
  const byKey = new Map(entries.map((entry) => [Buffer.from(entry[0]).toString('hex'), entry]));
  return [...byKey.values()].sort((a, b) => compare(a[0], b[0]));
}

describe('stack trie', () => {
  const trie = new StackTrie(nobleCrypto);

  test('ND-06 the empty trie has the published root', () => {
    expect(root(trie, [])).toBe('56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');
  });

  test('ND-06 roots equal those of @ethereumjs/mpt for keys of one length that share prefixes', async () => {
    const length = fc.constantFrom(1, 2, 3, 32);
    const entries = length.chain((size) =>
      fc.array(
        fc.tuple(
          fc.array(fc.constantFrom(0x00, 0x01, 0x10, 0x11, 0xff), {
            minLength: size,
            maxLength: size,
          }),
          value,
        ),
        { maxLength: 40 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const sorted = sortedUnique(list.map(([key, v]) => [Uint8Array.from(key), v] as const));
        expect(root(trie, sorted)).toBe(await oracle(sorted));
      }),
      { numRuns: 150 },
    );
  });

  test('ND-06 roots equal those of @ethereumjs/mpt for hashed keys', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 120 }), async (values) => {
        const entries = sortedUnique(values.map((v, i) => [nobleCrypto.keccak256(Uint8Array.of(i)), v] as const));
        expect(root(trie, entries)).toBe(await oracle(entries));
      }),
      { numRuns: 40 },
    );
  });

  test('ND-06 list roots equal those of @ethereumjs/mpt, over every change of the key length', async () => {
    const lists = fc.oneof(
      fc.array(value, { maxLength: 20 }),
      fc
        .tuple(fc.constantFrom(1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 257, 300), value)
        .map(([count, v]) => Array.from({ length: count }, (_, i) => Uint8Array.of(...v, i & 0xff))),
    );
    await fc.assert(
      fc.asyncProperty(lists, async (values) => {
        const expected = await oracle(values.map((v, i) => [RLP.encode(i), v] as const));
        expect(Buffer.from(listRoot(trie, values)).toString('hex')).toBe(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('ND-06 list roots hold for values around every size of the RLP prefix', async () => {
    for (const size of [1, 55, 56, 255, 256, 65_535, 65_536, 1_000_000]) {
      const values = [new Uint8Array(size).fill(7), Uint8Array.of(9), new Uint8Array(size).fill(200)];
      const expected = await oracle(values.map((v, i) => [RLP.encode(i), v] as const));
      expect(Buffer.from(listRoot(trie, values)).toString('hex'), `${size} bytes`).toBe(expected);
    }
  });

  test('ND-06 a list of more than 65536 entries', async () => {
    const values = Array.from({ length: 65_600 }, (_, i) => Uint8Array.of(i & 0xff, i >> 8, 1));
    const sorted = sortedUnique(values.map((v, i) => [RLP.encode(i), v] as const));
    expect(Buffer.from(listRoot(trie, values)).toString('hex')).toBe(root(trie, sorted));
  });

  test('ND-06 keys out of order, repeated or extending another are refused, as are empty values', () => {
    for (const [first, second] of [
      [[2], [1]],
      [[2], [2]],
      [[2], [2, 0]],
      [[2, 0], [2]],
    ] as const) {
      trie.reset();
      trie.insert(Uint8Array.from(first), Uint8Array.of(1));
      expect(() => trie.insert(Uint8Array.from(second), Uint8Array.of(1))).toThrow(RangeError);
    }
    trie.reset();
    expect(() => trie.insert(new Uint8Array(), Uint8Array.of(1))).toThrow(RangeError);
    expect(() => trie.insert(new Uint8Array(33), Uint8Array.of(1))).toThrow(RangeError);
    expect(() => trie.insert(Uint8Array.of(1), new Uint8Array())).toThrow(RangeError);
    expect(() => listRoot(trie, [Uint8Array.of(1), new Uint8Array()])).toThrow(RangeError);
    expect(Buffer.from(listRoot(trie, [])).toString('hex')).toMatch(/^56e81f17/);
  });
});
