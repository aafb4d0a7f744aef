import { writeFileSync } from 'node:fs';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import type { SpreadArguments } from './arguments.ts';
import { drawSpread, findSpreadFaults, type ScenarioOutcome, spreadHeader, spreadLine } from './report-spread.ts';
import { type Rules, type SpreadOutcome, simulateSpread } from './simulate-spread.ts';

/** Runs all scenarios with both sets of rules and prints a table. @returns the violated conditions */
export async function runSpread(args: SpreadArguments): Promise<string[]> {
  const { scenarios, svg, ...options } = args;
  console.log(
    `${options.nodes} nodes with ${options.peers} peers, ${options.transactions} transactions, seed ${options.seed}`,
  );
  console.log('times in ms, median/highest of all transactions; the rest per transaction and honest node\n');
  console.log(spreadHeader);
  const outcomes: ScenarioOutcome[] = [];
  for (const scenario of scenarios) {
    const run = async (rules: Rules): Promise<SpreadOutcome> => {
      const outcome = await simulateSpread({
        ...options,
        rules,
        kind: scenario === 'large' ? 'large' : 'small',
        hostility: scenario === 'honest' || scenario === 'large' ? undefined : scenario,
        crypto,
      });
      console.log(spreadLine(scenario, outcome));
      return outcome;
    };
    outcomes.push({ scenario, ours: await run('ours'), reference: await run('go-ethereum') });
  }
  if (svg !== undefined) writeFileSync(svg, drawSpread(outcomes));
  console.log(`\nmedian round trip ${outcomes[0]?.ours.roundTrip.toFixed(0)} ms`);
  return outcomes.flatMap(findSpreadFaults);
}
