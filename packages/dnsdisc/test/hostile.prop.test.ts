import { nobleCrypto } from '@devp2p/crypto';
import { formatEnr } from '@devp2p/enr';
import { base32nopad } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DnsdiscError, formatTreeUrl, parseTreeUrl } from '../src/index.ts';
import {
  entryHash,
  formatEntry,
  formatRoot,
  hashMatches,
  parseEntry,
  parseRoot,
  type Root,
} from '../src/tree/entry.ts';
import { watch, world } from './watch.ts';
import { type Answer, key, publish, records } from './zone.ts';

const hash = fc.uint8Array({ minLength: 12, maxLength: 32 }).map((bytes) => base32nopad.encode(bytes));
const roots: fc.Arbitrary<Root> = fc.record({
  enrRoot: hash,
  linkRoot: hash,
  seq: fc.bigInt(0n, 2n ** 64n - 1n),
  signature: fc.uint8Array({ minLength: 65, maxLength: 65 }),
});
const publicKeys = Array.from({ length: 5 }, (_, i) => nobleCrypto.secp256k1.publicKey(key(i + 1)));
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?$/);
const urls = fc.record({
  publicKey: fc.constantFrom(...publicKeys),
  domain: fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.')),
});

describe('D4-23 formatted values parse to the same values', () => {
  test('roots', () => {
    fc.assert(
      fc.property(roots, (root) => {
        expect(parseRoot(formatRoot(root))).toEqual(root);
      }),
      { numRuns: 300 },
    );
  });

  test('branches', () => {
    fc.assert(
      fc.property(fc.array(hash, { maxLength: 9 }), (children) => {
        const branch = { type: 'branch', children } as const;
        expect(parseEntry(formatEntry(branch))).toEqual(branch);
      }),
      { numRuns: 300 },
    );
  });

  test('URLs', () => {
    fc.assert(
      fc.property(urls, (url) => {
        expect(parseTreeUrl(formatTreeUrl(url))).toEqual(url);
        expect(parseEntry(formatTreeUrl(url))).toEqual({ type: 'link', url });
      }),
      { numRuns: 100 },
    );
  });

  test('hashes of each length match one text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, other) => {
        const full = nobleCrypto.keccak256(new TextEncoder().encode(text));
        for (const length of [12, 16, 31, 32]) {
          const short = base32nopad.encode(full.subarray(0, length));
          expect(hashMatches(short, text)).toBe(true);
          expect(hashMatches(short, other)).toBe(text === other);
        }
        expect(hashMatches(entryHash(text), text)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('HX-19 hostile texts', () => {
  const { tree, url } = publish(world().zone, 'a.example', {
    nodes: records(14),
    links: [publish(world().zone, 'b.example').url],
  });
  const samples = [tree.root, url, ...tree.entries.values()];

  /** A text either parses, and formats to the same text, or is refused. */
  function parseOrRefuse(text: string): void {
    const readings = [
      () => formatRoot(parseRoot(text)),
      () => formatEntry(parseEntry(text)),
      // Formatting canonicalizes domains, so that the second parse is compared.
      () => formatTreeUrl(parseTreeUrl(text)),
    ];
    for (const read of readings) {
      try {
        expect(read().toLowerCase()).toBe(text.toLowerCase().replace(/\.$/, ''));
      } catch (error) {
        if (!(error instanceof DnsdiscError)) throw error;
        expect(error.message.length).toBeLessThan(500);
      }
    }
  }

  test('random text after each prefix', () => {
    const prefix = fc.constantFrom(
      '',
      'enrtree-root:v1 ',
      'enrtree-root:v1 e=',
      'enrtree-branch:',
      'enrtree://',
      'enr:',
    );
    const body = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600, size: 'max' }),
      fc.base64String({ maxLength: 600, size: 'max' }),
      fc.uint8Array({ maxLength: 300, size: 'max' }).map((bytes) => String.fromCharCode(...bytes)),
      fc.uint8Array({ maxLength: 300, size: 'max' }).map((bytes) => base32nopad.encode(bytes)),
    );
    fc.assert(
      fc.property(prefix, body, (start, rest) => parseOrRefuse(start + rest)),
      { numRuns: 2000 },
    );
  });

  test('valid entries with characters changed, removed or inserted', () => {
    const edit = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(2),
      put: fc.string({ unit: 'binary-ascii', maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 3 }), (sample, edits) => {
        let text = sample;
        for (const { at, cut, put } of edits) {
          const index = Math.floor(at * text.length);
          text = text.slice(0, index) + put + text.slice(index + cut);
        }
        parseOrRefuse(text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('HX-20 a resolver with random responses', () => {
  type Trick = 'truth' | 'other' | 'noise' | 'empty' | 'error' | 'never' | 'cut' | 'foreign';
  const tricks = fc.array(
    fc.constantFrom<Trick>('truth', 'truth', 'other', 'noise', 'empty', 'error', 'never', 'cut', 'foreign'),
    { minLength: 1, maxLength: 20, size: 'max' },
  );
  const noise = fc.array(fc.array(fc.string({ maxLength: 255, size: 'max' }), { maxLength: 3 }), {
    maxLength: 3,
  });

  test('yields signed nodes only, never throws, and does not exceed the rate limit', async () => {
    await fc.assert(
      fc.asyncProperty(tricks, noise, async (script, anything) => {
        const w = world();
        const other = publish(w.zone, 'b.example', { nodes: records(3, 101) });
        const { url } = publish(w.zone, 'a.example', { nodes: records(16), links: [other.url] });
        const forged = publish(world().zone, 'a.example', {
          nodes: records(3, 901),
          seq: 5n,
          privateKey: key(6000),
        }).tree;
        const foreign = [forged.root, ...forged.entries.values()].map((text) => [text]);
        const true_ = [...w.zone.names.values()];
        let turn = 0;
        w.zone.intercept = (_, answer): Answer | Promise<Answer> => {
          const trick = script[turn++ % script.length];
          switch (trick) {
            case 'other':
              return true_[turn % true_.length] ?? [];
            case 'noise':
              return anything;
            case 'empty':
              return [];
            case 'error':
              return Promise.reject(new Error('down'));
            case 'never':
              return new Promise(() => undefined);
            case 'cut':
              return answer.map(([text = '']) => [text.slice(0, turn % text.length)]);
            case 'foreign':
              return foreign;
            default:
              return answer;
          }
        };
        const watching = watch(w, url);
        await w.clock.advance(5 * 60_000);
        const known = [...records(16), ...records(3, 101)].map(formatEnr);
        for (const { enr } of watching.nodes) expect(known).toContain(formatEnr(enr));
        const times = w.zone.asked.map(({ at }) => at);
        for (const [i, at] of times.entries()) {
          expect((times[i + 3] ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(1000);
        }
        watching.stop('enough');
        expect(await watching.end).toBe('enough');
        expect(w.clock.pending).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});
