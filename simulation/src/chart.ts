import { drawPanels, type Panel, type Point } from './panels.ts';
import type { Sample } from './sample.ts';
import type { Outcome } from './simulate.ts';

/** Draws a chart of degree, partitions, share of the attacker and dials over time, as SVG. */
export function drawChart({ samples, honest, attackers, addressShare }: Outcome): string {
  const share = 100 * addressShare;
  const line = (name: string, value: (sample: Sample) => number): readonly [string, readonly Point[]] => [
    name,
    samples.map((sample) => [sample.at, value(sample)]),
  ];
  const panels: readonly Panel[] = [
    {
      title: 'Connections of an honest node with other honest nodes',
      minTop: 1,
      lines: [
        line('maximum', ({ degree }) => degree.max),
        line('minimum', ({ degree }) => degree.min),
        line('mean', ({ degree }) => degree.mean),
      ],
    },
    {
      title: 'Partitions of the network',
      minTop: 2,
      lines: [line('partitions', ({ components }) => components)],
    },
    {
      title: 'Share of the attacker, %',
      minTop: 1.2 * share,
      lines: [
        line('of all addresses', () => share),
        line('of outbound slots', ({ attacker }) => 100 * attacker.outbound),
        line('of known addresses', ({ attacker }) => 100 * attacker.addresses),
      ],
    },
    {
      title: 'Dials per minute and node',
      minTop: 1,
      lines: [
        line('dials', ({ dials, online }) => dials / Math.max(1, online)),
        line('failed', ({ failedDials, online }) => failedDials / Math.max(1, online)),
      ],
    },
  ];
  const title = `${honest} honest nodes, ${attackers} attacker nodes, ${samples.length} minutes`;
  return drawPanels(title, panels, (end) => `${end / 60_000} min`);
}
