import { expect, test } from 'vitest';
import { accuracy, accuracyTable } from '../network/accuracy.ts';
import { simulate } from '../network/simulation.ts';

/** `npm run simulate` sets more. */
const { SIMULATED_NODES = '1000' } = process.env;
const size = Number(SIMULATED_NODES);

test(`CR-15 recall and precision of each step in a network of ${size} that is known`, async () => {
  const { inhabitants, records, progress } = await simulate(size);
  const rows = accuracy(inhabitants, records);
  process.stdout.write(
    `\n${accuracyTable(rows)}\n${records.size} identities, ${progress.rollup.gossiped} of them only gossiped; ` +
      `${progress.visits} visits, ${progress.packets.sent} packets, ${Math.round(progress.elapsed / 1000)} s simulated\n`,
  );
  for (const { step, recall, precision } of rows) {
    expect(recall, `recall of ${step}`).toBeGreaterThanOrEqual(0.99);
    expect(precision, `precision of ${step}`).toBeGreaterThanOrEqual(0.99);
  }
});
