import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Queue } from '../src/session/queue.ts';

test('a queue acts like push and shift of an array', () => {
  const steps = fc.array(
    fc.record({
      push: fc.nat({ max: 1500 }),
      shift: fc.nat({ max: 1500 }),
      clear: fc.nat({ max: 30 }),
    }),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new Queue<{ readonly number: number }>();
      let model: number[] = [];
      let number = 0;
      for (const { push, shift, clear } of list) {
        for (let count = 0; count < push; count++) {
          model.push(number);
          queue.push({ number: number++ });
        }
        for (let count = 0; count < shift; count++) {
          expect(queue.shift()?.number).toBe(model.shift());
        }
        if (clear === 0) {
          queue.clear();
          model = [];
        }
        expect(queue.length).toBe(model.length);
      }
    }),
    { numRuns: 30 },
  );
});
