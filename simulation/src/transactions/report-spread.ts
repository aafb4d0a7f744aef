import { percent } from '../faults.ts';
import type { Panel } from '../panels.ts';
import { drawPanels } from '../panels.ts';
import type { Scenario } from './arguments.ts';
import type { SpreadOutcome, TransactionSpread } from './simulate-spread.ts';
import { median } from './spread.ts';

/** The outcome of one scenario with both sets of rules. */
export interface ScenarioOutcome {
  readonly scenario: Scenario;
  readonly ours: SpreadOutcome;
  readonly reference: SpreadOutcome;
}

type Column = readonly [title: string, width: number, value: (outcome: SpreadOutcome) => string];

/** Round trips within which 95 % of the nodes have a transaction, after the time of the shortest path. */
const goal = 3;
/** Relative difference to the reference that is due to other random choices. */
const scatter = ({ honest, options }: SpreadOutcome): number => 2 / Math.sqrt(honest * options.transactions);

const both = (value: (spread: TransactionSpread) => number) => (outcome: SpreadOutcome) => {
  const values = outcome.spreads.map(value);
  return `${median(values).toFixed(0)}/${Math.max(...values).toFixed(0)}`;
};
const each = (value: (outcome: SpreadOutcome) => number) => (outcome: SpreadOutcome) =>
  perNode(outcome, value(outcome)).toFixed(2);
const whole = (value: (outcome: SpreadOutcome) => number) => (outcome: SpreadOutcome) =>
  perNode(outcome, value(outcome)).toFixed(0);

/** Times are the median and the highest of all transactions, in ms; the rest is per transaction and honest node. */
const columns: readonly Column[] = [
  ['50 %', 10, both(({ half }) => half)],
  ['95 %', 10, both(({ most }) => most)],
  ['100 %', 11, both(({ all }) => all)],
  ['ideal 95 %', 12, both(({ ideal }) => ideal.most)],
  ['in goal', 9, (outcome) => percent(shareInGoal(outcome))],
  ['bytes', 8, whole(bytesOf)],
  ['whole', 7, whole(({ traffic }) => traffic.bytes.transactions)],
  ['hashes', 8, whole(({ traffic }) => traffic.bytes.announcement)],
  ['fetched', 9, whole(({ traffic }) => traffic.bytes.request + traffic.bytes.response)],
  ['sent', 7, each(({ traffic }) => traffic.sentWhole)],
  ['most', 6, ({ traffic }) => String(traffic.mostSentWhole)],
  ['duplicates', 12, each(({ duplicates }) => duplicates)],
  ['announced', 11, each(({ traffic }) => traffic.items.announcement)],
  ['dropped', 9, ({ traffic }) => String(traffic.ended.hostile)],
];

export const spreadHeader: string = `scenario  rules      ${columns.map(([title, width]) => title.padStart(width)).join('')}`;

/** Formats an outcome as a line. */
export function spreadLine(scenario: Scenario, outcome: SpreadOutcome): string {
  const { rules } = outcome.options;
  return (
    scenario.padEnd(10) + rules.padEnd(11) + columns.map(([, width, value]) => value(outcome).padStart(width)).join('')
  );
}

/** Share of the transactions that 95 % of the nodes had within the goal. */
function shareInGoal({ spreads, roundTrip }: SpreadOutcome): number {
  return spreads.filter(({ most, ideal }) => most <= ideal.most + goal * roundTrip).length / spreads.length;
}

/** Bytes between honest nodes. */
export function bytesOf({ traffic: { bytes } }: SpreadOutcome): number {
  return bytes.transactions + bytes.announcement + bytes.request + bytes.response;
}

function perNode({ honest, options }: SpreadOutcome, amount: number): number {
  return amount / honest / options.transactions;
}

/** The conditions that a scenario violates. */
export function findSpreadFaults({ scenario, ours, reference }: ScenarioOutcome): string[] {
  const faults: string[] = [];
  const check = (isFine: boolean, fault: string): void => {
    if (!isFine) faults.push(`${scenario}: ${fault}`);
  };
  const { peers } = ours.options;
  const { traffic, spreads, roundTrip } = ours;
  const lost = spreads.filter(({ all }) => !Number.isFinite(all)).length;
  check(lost === 0, `${lost} transactions did not reach all honest nodes`);
  const excess = median(spreads.map(({ most, ideal }) => most - ideal.most));
  const limit = goal * roundTrip;
  // Transactions that are only announced wait for half a second at each node, as in go-ethereum.
  check(
    scenario === 'large' || excess <= limit,
    `95 % of the nodes took ${excess.toFixed(0)} ms more than the shortest path, the goal is ${limit.toFixed(0)} ms`,
  );
  const most = Math.ceil(Math.sqrt(peers));
  check(traffic.mostSentWhole <= most, `a node sent a transaction whole to ${traffic.mostSentWhole} of ${peers} peers`);
  const [sent, others] = [perNode(ours, traffic.sentWhole), perNode(reference, reference.traffic.sentWhole)];
  check(
    sent <= others * (1 + scatter(ours)),
    `${sent.toFixed(2)} whole copies, ${others.toFixed(2)} by go-ethereum's rules`,
  );
  const [bytes, bytesOfOthers] = [perNode(ours, bytesOf(ours)), perNode(reference, bytesOf(reference))];
  check(
    bytes <= bytesOfOthers * (1 + scatter(ours)),
    `${bytes.toFixed(0)} bytes, ${bytesOfOthers.toFixed(0)} by go-ethereum's rules`,
  );
  check(traffic.ended.honest === 0, `honest nodes dropped ${traffic.ended.honest} honest peers`);
  const tracked = 4096 * peers;
  check(ours.mostTracked <= tracked, `a node tracked ${ours.mostTracked} announced transactions`);
  check(ours.timersLeft === 0, `${ours.timersLeft} timers left`);
  return faults;
}

/** Draws the share of the honest nodes that have a transaction over time, as SVG. */
export function drawSpread(outcomes: readonly ScenarioOutcome[]): string {
  const panels = outcomes.map(
    ({ scenario, ours, reference }): Panel => ({
      title: `${scenario}: honest nodes that have a transaction, %`,
      minTop: 100,
      lines: [
        ['shortest path', inPercent(ours.idealCurve.points())],
        ['go-ethereum', inPercent(reference.curve.points())],
        ['ours', inPercent(ours.curve.points())],
      ],
    }),
  );
  const { nodes, peers, transactions, seed } = (outcomes[0] as ScenarioOutcome).ours.options;
  const title = `${transactions} transactions, ${nodes} nodes with ${peers} peers, seed ${seed}`;
  return drawPanels(title, panels, (end) => `${end} ms`);
}

function inPercent(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  return points.map(([time, share]) => [time, 100 * share]);
}
