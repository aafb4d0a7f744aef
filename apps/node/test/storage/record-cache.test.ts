import { describe, expect, test } from 'vitest';
import { RecordCache } from '../../src/storage/record-cache.ts';

const kib = 1024;

/** Hashes that differ only in their last bytes have the same key. */
function hashOf(number: number, last = 0): Uint8Array {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, number);
  hash[31] = last;
  return hash;
}

function recordOf(number: number, length = kib): Uint8Array {
  return new Uint8Array(length).fill(number);
}

describe('the cache of served records', () => {
  test('distinguishes hashes and kinds of records', () => {
    const cache = new RecordCache(64 * kib);
    cache.set('bodies', hashOf(1), recordOf(1));
    expect(cache.get('bodies', hashOf(1))).toEqual(recordOf(1));
    expect(cache.get('receipts', hashOf(1))).toBeUndefined();
    expect(cache.get('bodies', hashOf(2))).toBeUndefined();
    expect(cache.get('bodies', hashOf(1, 1))).toBeUndefined();
    cache.set('bodies', hashOf(1, 1), recordOf(9));
    expect(cache.get('bodies', hashOf(1))).toEqual(recordOf(1));
  });

  test('does not depend on later changes of the bytes of a hash', () => {
    const cache = new RecordCache(64 * kib);
    const asked = hashOf(1);
    cache.set('bodies', asked, recordOf(1));
    asked.fill(0);
    expect(cache.get('bodies', hashOf(1))).toEqual(recordOf(1));
  });

  test('holds up to its limit, and keeps records that are read again longest', () => {
    const cache = new RecordCache(64 * kib);
    for (let number = 1; number < 1000; number++) {
      cache.set('bodies', hashOf(number), recordOf(number));
      expect(cache.get('bodies', hashOf(1))).toEqual(recordOf(1));
    }
    const held = Array.from({ length: 1000 }, (_, number) => cache.get('bodies', hashOf(number)));
    const bytes = held.reduce((sum, record) => sum + (record?.length ?? 0), 0);
    expect(bytes).toBeGreaterThan(16 * kib);
    expect(bytes).toBeLessThanOrEqual(64 * kib);
    expect(cache.get('bodies', hashOf(999))).toEqual(recordOf(999));
  });

  test('does not store a record larger than half of its limit', () => {
    const cache = new RecordCache(64 * kib);
    cache.set('bodies', hashOf(1), recordOf(1));
    cache.set('bodies', hashOf(2), recordOf(2, 33 * kib));
    expect(cache.get('bodies', hashOf(2))).toBeUndefined();
    expect(cache.get('bodies', hashOf(1))).toEqual(recordOf(1));
  });
});
