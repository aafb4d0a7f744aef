import { expect, test } from 'vitest';

/** Result of `capture.mjs`: shares of the attacker from 0 to 1. */
interface Capture {
  readonly inNew: number;
  readonly inTried: number;
  /** Share of the outbound slots. */
  readonly slots: number;
  /** Share of restarts after which it holds all slots. */
  readonly eclipsed: number;
  /** Bound of the share of slots by the arithmetic of the design. */
  readonly bound: number;
}

/** A script that runs without a build step of its own. */
const script: string = './capture.mjs';
const {
  attackers,
  capture,
}: {
  attackers: readonly (readonly [groups: number, ids: number])[];
  capture(options: Record<string, number>): Capture;
} = await import(script);

/** A small network and a short flood; `npm run capture` has the whole table. */
const short = { honest: 1500, before: 6, hours: 3, restarts: 30 };

test('HX-25 the table covers the required range of attackers', () => {
  expect(attackers[0]).toEqual([1, 256]);
  expect(attackers.at(-1)).toEqual([128, 8192]);
});

test.each<[groups: number, ids: number, maxShare: number]>([
  // The last number is a share of the slots below the bound.
  [1, 256, 0.08],
  [4, 1024, 0.2],
  [16, 1024, 0.42],
])('HX-25 %i groups with %i ids get fewer outbound slots than the bound of the design', (groups, ids, maxShare) => {
  const { slots, bound, eclipsed, inNew, inTried } = capture({ groups, ids, ...short });
  expect(slots).toBeLessThan(bound);
  expect(slots).toBeLessThan(maxShare);
  expect(inTried).toBeLessThan(maxShare);
  expect(inNew).toBeGreaterThan(0);
  expect(eclipsed).toBe(0);
});
