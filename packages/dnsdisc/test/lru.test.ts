import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lru } from '../src/client/lru.ts';

test('D4-23 the cache drops the least recently used value', () => {
  const use = fc.tuple(fc.constantFrom('get', 'set'), fc.nat(4));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(use, { minLength: 40, maxLength: 60 }), (limit, uses) => {
      const lru = new Lru<number, string>(limit);
      // Keys by last use.
      let kept: number[] = [];
      for (const [what, key] of uses) {
        if (what === 'get') expect(lru.get(key)).toBe(kept.includes(key) ? `${key}` : undefined);
        else lru.set(key, `${key}`);
        if (what === 'set' || kept.includes(key)) {
          kept = [...kept.filter((other) => other !== key), key].slice(-limit);
        }
      }
    }),
    { numRuns: 300 },
  );
});
