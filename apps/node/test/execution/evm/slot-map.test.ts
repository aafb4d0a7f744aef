import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlotMap } from '../../../src/execution/evm/state/slot-map.ts';

test('a slot map has what a Map has, in the order of insertion', () => {
  const slots = fc.uniqueArray(fc.oneof(fc.bigInt(0n, 5n), fc.bigInt(0n, 2n ** 256n - 1n)));
  fc.assert(
    fc.property(slots, fc.bigInt(0n, 2n ** 256n - 1n), (numbers, absent) => {
      const map = new SlotMap<{ readonly slot: bigint }>();
      for (const slot of numbers) map.add({ slot });
      expect(map.size).toBe(numbers.length);
      expect([...map].map(({ slot }) => slot)).toEqual(numbers);
      for (const slot of numbers) expect(map.get(slot)).toEqual({ slot });
      if (!numbers.includes(absent)) expect(map.get(absent)).toBeUndefined();
    }),
  );
});

test('all slots are found where hashes collide', () => {
  // Hashes have 30 bits, so 200,000 slots have about 19 collisions.
  const map = new SlotMap<{ readonly slot: bigint }>();
  const count = 200_000;
  for (let i = 0; i < count; i++) map.add({ slot: BigInt(i) << 200n });
  let found = 0;
  for (let i = 0; i < count; i++) if (map.get(BigInt(i) << 200n)?.slot === BigInt(i) << 200n) found++;
  expect(found).toBe(count);
  expect(map.get(1n)).toBeUndefined();
});
