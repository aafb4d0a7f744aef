import { expect, test } from 'vitest';
import { accuracy, accuracyTable } from '../network/accuracy.ts';
import { simulate } from '../network/simulation.ts';

/** Set for larger networks, as in `SIMULATED_NODES=10000 npm run simulate`. */
const { SIMULATED_NODES = '1000' } = process.env;
const size = Number(SIMULATED_NODES);

test(`CR-15 recall and precision of each step in a simulated network of ${size} nodes`, async () => {
  const { nodes, records, progress } = await simulate(size);
  const rows = accuracy(nodes, records);
  process.stdout.write(
    `\n${accuracyTable(rows)}\n${records.size} identities, ${progress.rollup.gossiped} of them gossiped, unverified; ` +
      `${progress.visits} visits, ${progress.packets.sent} packets, ${Math.round(progress.elapsed / 1000)} s simulated\n`,
  );
  for (const { step, recall, precision } of rows) {
    expect(recall, `recall of ${step}`).toBeGreaterThanOrEqual(0.99);
    expect(precision, `precision of ${step}`).toBeGreaterThanOrEqual(0.99);
  }
});
