const size = { width: 760, panel: 150, left: 60, right: 150, top: 40, gap: 40 };
const colours = ['#2563eb', '#dc2626', '#059669', '#d97706'];

/** A point of a line; values that are not finite are left out. */
export type Point = readonly [x: number, value: number];

/** A part of a chart with its own scale. */
export interface Panel {
  readonly title: string;
  /** Least upper end of the scale. */
  readonly minTop: number;
  readonly lines: readonly (readonly [name: string, points: readonly Point[]])[];
}

/** Draws panels below each other, as SVG. @param endLabel names the highest x */
export function drawPanels(title: string, panels: readonly Panel[], endLabel: (end: number) => string): string {
  const height = size.top + panels.length * (size.panel + size.gap);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${height}" fill="white"/>`,
    `<text x="${size.left}" y="20" font-size="15">${title}</text>`,
    ...panels.map((panel, i) => drawPanel(panel, size.top + i * (size.panel + size.gap), endLabel)),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, minTop, lines }: Panel, y: number, endLabel: (end: number) => string): string {
  const { left, right, panel, width } = size;
  const points = lines.flatMap(([, each]) => each);
  const end = Math.max(1, ...points.map(([x]) => x));
  const top = roundUp(Math.max(minTop, ...points.map(([, value]) => value).filter(Number.isFinite)));
  const across = (x: number): number => left + (x / end) * (width - left - right);
  const up = (value: number): number => y + 12 + (panel - 12) * (1 - value / top);
  const grid = [0, top / 2, top].map(
    (value) =>
      `<line x1="${left}" x2="${width - right}" y1="${up(value)}" y2="${up(value)}" stroke="#ddd"/>` +
      `<text x="${left - 6}" y="${up(value) + 4}" text-anchor="end" fill="#555">${value}</text>`,
  );
  const drawn = lines.map(([name, each], i) => {
    const shown = each
      .filter(([, value]) => Number.isFinite(value))
      .map(([x, value]) => `${across(x).toFixed(1)},${up(value).toFixed(1)}`);
    const legend = `<text x="${width - right + 8}" y="${y + 24 + 16 * i}" fill="${colours[i]}">${name}</text>`;
    return `<polyline points="${shown.join(' ')}" fill="none" stroke="${colours[i]}" stroke-width="1.5"/>${legend}`;
  });
  const label = `<text x="${width - right}" y="${y + panel + 14}" text-anchor="end" fill="#555">${endLabel(end)}</text>`;
  return [`<text x="${left}" y="${y}">${title}</text>`, ...grid, ...drawn, label].join('\n');
}

/** Returns the next of 1, 2, 4, 6, 8, 10, 20, 40 … */
function roundUp(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((factor) => factor * unit >= value) ?? 10;
  return step * unit;
}
