import type { Progress } from '../../crawl/progress.ts';
import { statuses } from '../../model/node-record.ts';
import { duration } from './progress.ts';

/** Number of disconnect reasons and of errors that are shown. */
const maxReasons = 12;

/**
 * Returns the funnel as a table, and the disconnect reasons and errors. Its 100 % are the nodes that answered at least
 * once, since other nodes can report any number of nonexistent ones.
 */
export function summary({ rollup, visits, elapsed, refused }: Progress): string {
  const { funnel, gossiped, verified, answered, disconnects, errors } = rollup;
  const silent = funnel.discovered - verified - gossiped;
  const share = (part: number, whole: number) => (whole === 0 ? '-' : `${((part / whole) * 100).toFixed(1)} %`);
  const steps = statuses.slice(1).map((step) => [step, funnel[step]] as const);
  const counts = [['answered', answered] as const, ...steps];
  const rows = counts.map(([name, count], i) => {
    const [, before] = counts[i - 1] ?? [];
    const ofPrevious = before === undefined ? '' : share(count, before);
    return [name, group(count), share(count, answered), ofPrevious];
  });
  const lines = [
    ...table(['step', 'nodes', 'of answered', 'of previous'], rows),
    `${group(funnel.discovered)} nodes known: ${group(verified)} verified, ${group(silent)} signed without an answer, ${group(gossiped)} gossiped, unverified`,
    ...(answered === 0 ? ['no node answered: check --bootnodes, and whether a firewall blocks UDP'] : []),
    `${group(visits)} visits in ${duration(elapsed)}`,
    ...reasons('disconnects', disconnects),
    ...reasons('errors', errors),
    ...reasons('refused reports, by limit', refused),
  ];
  return `${lines.join('\n')}\n`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  return [header, ...rows].map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function reasons(title: string, counts: Readonly<Record<string, number>>): string[] {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return [];
  const shown = sorted.slice(0, maxReasons).map(([name, count]) => `${name} ${group(count)}`);
  const more = sorted.length - shown.length;
  return [`${title}: ${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`];
}

function group(value: number): string {
  return value.toLocaleString('en');
}
