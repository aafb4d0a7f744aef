import { writeFileSync } from 'node:fs';
import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { drawChart } from './chart.ts';
import { findFaults } from './faults.ts';
import { header, line, summary } from './report.ts';
import { simulate } from './simulate.ts';
import { standInCrypto } from './stand-in-crypto.ts';
import { parseSpreadArguments, type SpreadArguments, spreadUsage } from './transactions/arguments.ts';
import { runSpread } from './transactions/run-spread.ts';

try {
  const words = process.argv.slice(2);
  const isSpread = words.includes('--transactions');
  if (words.includes('--help')) console.log(isSpread ? spreadUsage : usage);
  else if (isSpread) await spread(parseSpreadArguments(words));
  else await main(parseArguments(words));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError || error instanceof RangeError) console.error(`\n${usage}`);
  process.exitCode = 1;
}

async function spread(args: SpreadArguments): Promise<void> {
  const faults = await runSpread(args);
  console.log(faults.length > 0 ? faults.map((fault) => `FAILED: ${fault}`).join('\n') : 'passed');
  const cpu = process.cpuUsage();
  console.log(`took ${seconds((cpu.user + cpu.system) / 1e6)} of CPU time`);
  if (faults.length > 0) process.exitCode = 1;
}

async function main(args: Arguments): Promise<void> {
  const { svg, peers } = args;
  const crypto: Crypto = args.crypto === 'real' ? fastCrypto : standInCrypto;
  const started = process.hrtime.bigint();
  let memory = 0;
  console.log(header);
  const outcome = await simulate({
    ...args,
    crypto,
    maxPeers: peers,
    onSample(sample) {
      memory = Math.max(memory, process.memoryUsage.rss());
      console.log(line(sample));
    },
  });
  const faults = findFaults(outcome);
  const cpu = process.cpuUsage();
  console.log(summary(outcome, faults));
  console.log(
    `took ${seconds(Number(process.hrtime.bigint() - started) / 1e9)}, ` +
      `${seconds((cpu.user + cpu.system) / 1e6)} of CPU time, ${Math.round(memory / 1e6)} MB`,
  );
  if (svg !== undefined) writeFileSync(svg, drawChart(outcome));
  if (faults.length > 0) process.exitCode = 1;
}

function seconds(value: number): string {
  return `${value.toFixed(0)} s`;
}
