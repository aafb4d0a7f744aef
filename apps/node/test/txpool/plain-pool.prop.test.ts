import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPlainLimits } from '../../src/txpool/plain/plain-limits.ts';
import { fairShares } from '../../src/txpool/plain/truncation.ts';
import { PlainScene } from './plain-scene.ts';

const limits = {
  ...defaultPlainLimits,
  accountPending: 2,
  totalPending: 16,
  accountQueued: 4,
  totalQueued: 8,
};

const from = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
const action = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      from,
      nonce: fc.nat(9),
      feeCap: fc.integer({ min: 1, max: 60 }),
      tip: fc.integer({ min: 1, max: 60 }),
      slots: fc.constantFrom(1, 1, 1, 2, 4),
      value: fc.constantFrom(0, 0, 1_000_000, 9_000_000),
      authorities: fc.option(fc.array(from, { minLength: 1, maxLength: 2 }), { freq: 8, nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('state' as const),
      from,
      nonce: fc.nat(9),
      balance: fc.constantFrom(0, 1_000_000, 5_000_000, 1e12),
      hasCode: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('head' as const),
      baseFee: fc.nat(50),
      gasLimit: fc.constantFrom(20_000, 30_000_000, 30_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('tip' as const), minTip: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('time' as const), hours: fc.nat(4) }) },
);

describe('plain pool', () => {
  it('TP-10 limits, order, gapless and payable pending transactions hold after any sequence of changes', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const scene = new PlainScene(limits);
        for (const one of actions) {
          const announced = scene.announced.length;
          if (one.type === 'add') {
            const { feeCap, tip, slots, authorities, ...rest } = one;
            const tipCap = Math.min(feeCap, tip);
            scene.add({ ...rest, feeCap, tipCap, slots, ...(authorities && { authorities }) });
          } else if (one.type === 'state') {
            scene.set(one.from, one);
            scene.head();
          } else if (one.type === 'head') scene.head({ baseFee: BigInt(one.baseFee), gasLimit: one.gasLimit });
          else if (one.type === 'tip') {
            scene.pool.setMinTip(BigInt(one.minTip));
            scene.settle();
          } else {
            scene.now += one.hours * 3_600_000;
            scene.pool.expire(scene.now);
            scene.settle();
          }
          scene.check(limits);
          expect(scene.announced.length - announced).toBeLessThanOrEqual(limits.totalPending + limits.accountQueued);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('TP-12 shares are even, and as large as the limit allows', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 30 }), fc.nat(400), fc.nat(20), (counts, limit, guaranteed) => {
        const shares = fairShares(counts, limit, guaranteed);
        const sum = shares.reduce((all, share) => all + share, 0);
        const least = counts.reduce((all, count) => all + Math.min(count, guaranteed), 0);
        const total = counts.reduce((all, count) => all + count, 0);
        expect(sum).toBe(Math.min(total, Math.max(limit, least)));
        const cut = shares.filter((share, i) => share < (counts[i] as number));
        for (const [i, share] of shares.entries()) {
          expect(share).toBeLessThanOrEqual(counts[i] as number);
          expect(share).toBeGreaterThanOrEqual(Math.min(counts[i] as number, guaranteed));
          // An account keeps at most one more than those that lost some, by the remainder of the division.
          if (cut.length > 0) expect(share).toBeLessThanOrEqual(Math.min(...cut) + 1);
        }
      }),
    );
  });
});
