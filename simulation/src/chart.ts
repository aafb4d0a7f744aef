import type { Sample } from './sample.ts';
import type { Outcome } from './simulate.ts';

const size = { width: 760, panel: 150, left: 60, right: 150, top: 40, gap: 40 };
const colours = ['#2563eb', '#dc2626', '#059669', '#d97706'];

interface Panel {
  readonly title: string;
  /** Least upper end of the scale. */
  readonly minTop: number;
  readonly lines: readonly (readonly [name: string, value: (sample: Sample) => number])[];
}

/** Draws a chart of degree, partitions, share of the attacker and dials over time, as SVG. */
export function drawChart({ samples, honest, attackers, addressShare }: Outcome): string {
  const share = 100 * addressShare;
  const panels: readonly Panel[] = [
    {
      title: 'Connections of an honest node with other honest nodes',
      minTop: 1,
      lines: [
        ['maximum', ({ degree }) => degree.max],
        ['minimum', ({ degree }) => degree.min],
        ['mean', ({ degree }) => degree.mean],
      ],
    },
    {
      title: 'Partitions of the network',
      minTop: 2,
      lines: [['partitions', ({ components }) => components]],
    },
    {
      title: 'Share of the attacker, %',
      minTop: 1.2 * share,
      lines: [
        ['of all addresses', () => share],
        ['of outbound slots', ({ attacker }) => 100 * attacker.outbound],
        ['of known addresses', ({ attacker }) => 100 * attacker.addresses],
      ],
    },
    {
      title: 'Dials per minute and node',
      minTop: 1,
      lines: [
        ['dials', ({ dials, online }) => dials / Math.max(1, online)],
        ['failed', ({ failedDials, online }) => failedDials / Math.max(1, online)],
      ],
    },
  ];
  const height = size.top + panels.length * (size.panel + size.gap);
  const title = `${honest} honest nodes, ${attackers} attacker nodes, ${samples.length} minutes`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${height}" fill="white"/>`,
    `<text x="${size.left}" y="20" font-size="15">${title}</text>`,
    ...panels.map((panel, i) => drawPanel(panel, samples, size.top + i * (size.panel + size.gap))),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, minTop, lines }: Panel, samples: readonly Sample[], y: number): string {
  const { left, right, panel, width } = size;
  const end = Math.max(1, ...samples.map(({ at }) => at));
  const values = lines.flatMap(([, value]) => samples.map(value)).filter(Number.isFinite);
  const top = roundUp(Math.max(minTop, ...values));
  const across = (at: number): number => left + (at / end) * (width - left - right);
  const up = (value: number): number => y + 12 + (panel - 12) * (1 - value / top);
  const grid = [0, top / 2, top].map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${up(value)}" y2="${up(value)}" stroke="#ddd"/>` +
      `<text x="${left - 6}" y="${up(value) + 4}" text-anchor="end" fill="#555">${value}</text>`,
  );
  const drawn = lines.map(([name, value], i) => {
    const points = samples
      .filter((sample) => Number.isFinite(value(sample)))
      .map((sample) => `${across(sample.at).toFixed(1)},${up(value(sample)).toFixed(1)}`);
    const legend = `<text x="${width - right + 8}" y="${y + 24 + 16 * i}" fill="${colours[i]}">${name}</text>`;
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[i]}" stroke-width="1.5"/>${legend}`;
  });
  const minutes = `<text x="${width - right}" y="${y + panel + 14}" text-anchor="end" fill="#555">${end / 60_000} min</text>`;
  return [`<text x="${left}" y="${y}">${title}</text>`, ...grid, ...drawn, minutes].join('\n');
}

/** Returns the next of 1, 2, 4, 6, 8, 10, 20, 40 … */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((factor) => factor * unit >= value) ?? 10;
  return step * unit;
}
