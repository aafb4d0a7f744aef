import { expect, test } from 'vitest';

/** What `capture.mjs` gives: shares, from 0 to 1, of the attacker. */
interface Capture {
  readonly inNew: number;
  readonly inTried: number;
  /** Of the outbound slots. */
  readonly slots: number;
  /** Of the restarts, those with all slots. */
  readonly eclipsed: number;
  /** Of the slots, as the design's own arithmetic has it. */
  readonly bound: number;
}

/** A script, which runs without a build step of its own. */
const script: string = './capture.mjs';
const {
  attackers,
  capture,
}: {
  attackers: readonly (readonly [groups: number, ids: number])[];
  capture(options: Record<string, number>): Capture;
} = await import(script);

/** A small network, a short flood: `npm run capture` has the whole table. */
const short = { honest: 1500, before: 6, hours: 3, restarts: 30 };

test('HX-25 the attackers of the table are those that are asked about', () => {
  expect(attackers[0]).toEqual([1, 256]);
  expect(attackers.at(-1)).toEqual([128, 8192]);
});

test.each<[groups: number, ids: number, most: number]>([
  // The last is a share of the slots, which is below the bound.
  [1, 256, 0.08],
  [4, 1024, 0.2],
  [16, 1024, 0.42],
])(
  'HX-25 %i groups with %i ids get less of the outbound slots than the design gives away',
  (groups, ids, most) => {
    const { slots, bound, eclipsed, inNew, inTried } = capture({ groups, ids, ...short });
    expect(slots).toBeLessThan(bound);
    expect(slots).toBeLessThan(most);
    expect(inTried).toBeLessThan(most);
    expect(inNew).toBeGreaterThan(0);
    expect(eclipsed).toBe(0);
  },
);
