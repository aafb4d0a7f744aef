import { hasReached, type NodeRecord, type NodeStatus, statuses } from '../../src/index.ts';
import { kinds, type SimulatedNode } from './population.ts';

/** Accuracy of one step of the funnel. */
export interface Accuracy {
  readonly step: NodeStatus;
  /** Nodes that really reach the step, without those that start or stop during the crawl. */
  readonly real: number;
  /** Nodes that reached the step according to the crawler. */
  readonly found: number;
  /** Share of the real nodes that were found. */
  readonly recall: number;
  /** Share of the found nodes that are real. */
  readonly precision: number;
}

/**
 * Compares the results of a crawl with the real states, step by step. The step `discovered` only means that a node was
 * reported, so its precision is always 1, and its recall counts the nodes that exist.
 */
export function accuracy(nodes: readonly SimulatedNode[], records: ReadonlyMap<string, NodeRecord>): Accuracy[] {
  const truths = new Map<string, NodeStatus>(nodes.map(({ key, kind }) => [key, kinds[kind].truth]));
  const isCounted = ({ kind }: SimulatedNode) => kind !== 'stopping' && kind !== 'starting' && kind !== 'dead';
  return statuses.map((step) => {
    const real = nodes.filter((node) => isCounted(node) && hasReached(kinds[node.kind].truth, step));
    const recalled = real.filter(({ key }) => {
      const record = records.get(key);
      return record !== undefined && hasReached(record.status, step);
    });
    const found = [...records].filter(([, { status }]) => hasReached(status, step));
    const correct = found.filter(([key]) => {
      const truth = truths.get(key);
      return step === 'discovered' || (truth !== undefined && hasReached(truth, step));
    });
    return {
      step,
      real: real.length,
      found: found.length,
      recall: recalled.length / real.length,
      precision: correct.length / found.length,
    };
  });
}

/** Formats the rows as a table. */
export function accuracyTable(rows: readonly Accuracy[]): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const cells = rows.map(
    ({ step, real, found, recall, precision }) =>
      [step, String(real), String(found), percent(recall), percent(precision)] as const,
  );
  const lines = [['step', 'real', 'found', 'recall', 'precision'] as const, ...cells];
  return lines.map(([step, ...rest]) => step.padEnd(14) + rest.map((cell) => cell.padStart(11)).join('')).join('\n');
}
