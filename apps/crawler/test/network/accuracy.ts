import { hasReached, type NodeRecord, type NodeStatus, statuses } from '../../src/index.ts';
import { type Inhabitant, kinds } from './population.ts';

/** How well one step of the funnel agrees with the truth. */
export interface Accuracy {
  readonly step: NodeStatus;
  /** Nodes that truly get so far; those who come and go are not counted. */
  readonly real: number;
  /** Nodes of which the crawler says so. */
  readonly found: number;
  /** Share of the real ones that are found. */
  readonly recall: number;
  /** Share of the found ones that are real. */
  readonly precision: number;
}

/**
 * Compares what was found with what is true, step by step. As for the first step: what is discovered is what somebody
 * has named, be it there or not, so that it is the nodes that are there whose share is of interest, and nothing can be
 * wrongly discovered.
 */
export function accuracy(
  inhabitants: readonly Inhabitant[],
  records: ReadonlyMap<string, NodeRecord>,
): Accuracy[] {
  const truths = new Map<string, NodeStatus>(
    inhabitants.map(({ key, kind }) => [key, kinds[kind].truth]),
  );
  const isCounted = ({ kind }: Inhabitant) =>
    kind !== 'leaving' && kind !== 'coming' && kind !== 'dead';
  return statuses.map((step) => {
    const real = inhabitants.filter(
      (node) => isCounted(node) && hasReached(kinds[node.kind].truth, step),
    );
    const recalled = real.filter(({ key }) => {
      const record = records.get(key);
      return record !== undefined && hasReached(record.status, step);
    });
    const found = [...records].filter(([, { status }]) => hasReached(status, step));
    const right = found.filter(([key]) => {
      const truth = truths.get(key);
      return step === 'discovered' || (truth !== undefined && hasReached(truth, step));
    });
    return {
      ...{ step, real: real.length, found: found.length },
      recall: recalled.length / real.length,
      precision: right.length / found.length,
    };
  });
}

/** The table that people read. */
export function accuracyTable(rows: readonly Accuracy[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const cells = rows.map(
    ({ step, real, found, recall, precision }) =>
      [step, String(real), String(found), percent(recall), percent(precision)] as const,
  );
  const lines = [['step', 'real', 'found', 'recall', 'precision'] as const, ...cells];
  return lines
    .map(([step, ...rest]) => step.padEnd(14) + rest.map((cell) => cell.padStart(11)).join(''))
    .join('\n');
}
