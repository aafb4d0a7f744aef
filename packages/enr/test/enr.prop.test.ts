import { fromHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { encode, type Tree, tree } from '@devp2p/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEnr, type EnrContent, EnrError, formatEnr, parseEnr, signEnr, updateEnr } from '../src/index.ts';
import vector from './vectors/eip-778.json' with { type: 'json' };

const KEY = fromHex(vector.private_key);

const port = fc.nat(65535);
const small = fc.uint8Array({ maxLength: 12 });
const { tree: item } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, small, fc.array(tie('tree'), { maxLength: 2 })),
}));
const contents: fc.Arbitrary<EnrContent> = fc.record(
  {
    ip: fc.ipV4(),
    tcp: port,
    udp: port,
    ip6: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => {
      // Not a mapped address, and without `::`.
      const groups = Array.from({ length: 8 }, (_, i) => ((ip[2 * i] ?? 0) * 256 + (ip[2 * i + 1] ?? 0)).toString(16));
      return ['2001', ...groups.slice(1)].join(':');
    }),
    tcp6: port,
    udp6: port,
    eth: fc.record({
      hash: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      next: fc.bigInt(0n, 2n ** 64n - 1n),
    }),
    pairs: fc
      .dictionary(
        fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 3 }),
        item.map((value) => encode(tree(), value)),
        { maxKeys: 3 },
      )
      .filter((pairs) => !('ip' in pairs || 'tcp' in pairs || 'udp' in pairs || '__proto__' in pairs)),
  },
  { requiredKeys: [] },
);

describe('D4-17 random records', () => {
  test('signed records are decoded from bytes and text', () => {
    fc.assert(
      fc.property(contents, fc.bigInt(0n, 2n ** 64n - 1n), (content, seq) => {
        const enr = signEnr(content, KEY, { seq });
        expect(decodeEnr(enr.bytes)).toEqual(enr);
        expect(parseEnr(formatEnr(enr))).toEqual(enr);
        expect(enr.bytes.length).toBeLessThanOrEqual(300);
        for (const key of ['tcp', 'udp', 'tcp6', 'udp6', 'ip', 'eth'] as const) {
          expect(enr[key]).toEqual(content[key]);
        }
        expect([...enr.pairs.keys()]).toEqual([...enr.pairs.keys()].sort());
      }),
      { numRuns: 30 },
    );
  });

  test('an update returns a new record with the changes, or the same record', () => {
    fc.assert(
      fc.property(contents, contents, (before, changes) => {
        const enr = signEnr(before, KEY);
        const updated = updateEnr(enr, changes, KEY);
        const { pairs: left = {}, ...entries } = before;
        const { pairs: right = {}, ...changed } = changes;
        const fresh = signEnr({ ...entries, ...changed, pairs: { ...left, ...right } }, KEY, {
          seq: updated.seq,
        });
        expect(fresh).toEqual(updated);
        expect(updated === enr).toBe(updated.seq === 1n);
        expect(updateEnr(updated, changes, KEY)).toBe(updated);
      }),
      { numRuns: 30 },
    );
  });
});

describe('HX-19 hostile bytes', () => {
  // Valid signatures, so that inputs reach the checks after the signature.
  const trusting = {
    ...nobleCrypto,
    secp256k1: {
      ...nobleCrypto.secp256k1,
      verify: () => true,
      decompress: (key: Uint8Array) => Uint8Array.of(...key, ...key).subarray(0, 64),
    },
  };
  const sample = signEnr({ ip: '1.2.3.4', tcp: 1, udp: 2, eth: { hash: new Uint8Array(4), next: 0n } }, KEY).bytes;

  function readOrRefuse(bytes: Uint8Array): void {
    try {
      const enr = decodeEnr(bytes, { crypto: trusting });
      expect(enr.bytes).toEqual(bytes);
      for (const key of ['ip', 'tcp', 'udp', 'ip6', 'tcp6', 'udp6', 'eth'] as const) void enr[key];
    } catch (error) {
      if (!(error instanceof EnrError)) throw error;
    }
  }

  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), readOrRefuse), { numRuns: 3000 });
  });

  test('random bytes in a list of their length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 60, maxLength: 250 }), (bytes) =>
        readOrRefuse(Uint8Array.of(0xf8, bytes.length, ...bytes)),
      ),
      { numRuns: 3000 },
    );
  });

  test('a valid record with changed bytes', () => {
    const change = fc.tuple(fc.nat(sample.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = sample.slice();
        for (const [index, value] of changes) bytes[index] = value;
        readOrRefuse(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('HX-18 nested lists of up to 300 bytes', () => {
    const deep = (start: number): Uint8Array => {
      let bytes: Uint8Array = Uint8Array.of(start);
      while (bytes.length < 290)
        bytes = encode(
          {
            write: (writer, value: Uint8Array) => {
              writer.copy(value);
              writer.wrapList(0);
            },
            read: () => bytes,
          },
          bytes,
        );
      return bytes;
    };
    for (const start of [0x01, 0x80, 0xc0, 0xc1, 0xff]) readOrRefuse(deep(start));
  });

  test('random text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ maxLength: 500 }));
    fc.assert(
      fc.property(text, (body) => {
        expect(() => parseEnr(`enr:${body}`)).toThrow(EnrError);
      }),
      { numRuns: 2000 },
    );
  });
});
