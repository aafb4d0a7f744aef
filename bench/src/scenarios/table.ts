import { markdown, short } from '../table.ts';
import { type Figure, isReached, measuredValue, type Scenario } from './scenario.ts';

/** Returns the figures of the scenarios as a Markdown table. */
export function scenarioTable(results: ReadonlyMap<Scenario, readonly Figure[]>): string {
  const rows = [...results].flatMap(([{ title }, figures]) =>
    figures.map((figure) => {
      const { what, ours, geth } = figure;
      const ratio = geth === undefined ? '' : `**${short(ours / geth)}**`;
      return [title, what, short(ours), geth === undefined ? '' : short(geth), ratio, goalOf(figure)];
    }),
  );
  return markdown(['Whole programs', 'measured', 'devp2p-node', 'geth', 'ours ÷ geth', 'goal'], rows);
}

function goalOf(figure: Figure): string {
  const { goal, geth } = figure;
  if (goal === undefined) return '';
  const limit = 'atMost' in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
  const value = geth === undefined ? '' : ` (is ${short(measuredValue(figure))})`;
  return `${isReached(figure) ? '✓' : '✗'} ${limit}${value}`;
}
