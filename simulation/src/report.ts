import { attackerShare, percent } from './faults.ts';
import type { Sample } from './sample.ts';
import type { Outcome } from './simulate.ts';

type Column = readonly [title: string, width: number, value: (sample: Sample) => string];

/**
 * Columns about the honest nodes; `attacker` is its share of the outbound and inbound connections, tables and
 * addresses.
 */
const columns: readonly Column[] = [
  ['minute', 6, ({ at }) => String(Math.round(at / 60_000))],
  ['nodes', 6, ({ online }) => String(online)],
  ['parts', 6, ({ components }) => String(components)],
  ['out', 6, ({ outbound }) => outbound.toFixed(1)],
  ['in', 6, ({ inbound }) => inbound.toFixed(1)],
  ['degree', 12, ({ degree }) => `${degree.min}–${degree.mean.toFixed(1)}–${degree.max}`],
  ['known', 6, ({ known }) => known.toFixed(0)],
  ['table', 6, ({ table }) => table.toFixed(0)],
  ['attacker: out', 14, ({ attacker }) => percent(attacker.outbound)],
  ['in', 7, ({ attacker }) => percent(attacker.inbound)],
  ['tables', 7, ({ attacker }) => percent(attacker.tables)],
  ['known', 7, ({ attacker }) => percent(attacker.addresses)],
  ['dials', 7, ({ dials }) => String(dials)],
  ['failed', 7, ({ failedDials }) => String(failedDials)],
  ['datagrams', 10, ({ datagrams }) => String(datagrams)],
];

export const header: string = columns.map(([title, width]) => title.padStart(width)).join('');

/** Formats one sample as a line. */
export function line(sample: Sample): string {
  return columns.map(([, width, value]) => value(sample).padStart(width)).join('');
}

/** Formats the result. */
export function summary(outcome: Outcome, faults: readonly string[]): string {
  const { honest, attackers, attackerNetworks, departures, peak, maxPeers } = outcome;
  const { mean, max } = attackerShare(outcome);
  const lines = [
    '',
    `${honest} honest nodes, ${departures} departures`,
    `most connections of a node: ${peak}, limit ${maxPeers}`,
    `attacker: ${attackers} addresses in ${attackerNetworks} networks (${percent(outcome.addressShare)} of all addresses) ` +
      `held ${percent(mean)} of the honest outbound slots, at most ${percent(max)}`,
    ...(faults.length > 0 ? faults.map((fault) => `FAILED: ${fault}`) : ['passed']),
  ];
  return lines.join('\n');
}
