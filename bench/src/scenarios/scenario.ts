import type { GoPrograms } from '../go.ts';
import type { Cores } from '../machine.ts';

/** A measurement of whole programs that has figures of its own, in wall-clock time or bytes. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** @throws when it cannot be measured */
  run(context: ScenarioContext): Promise<readonly Figure[]>;
}

export interface ScenarioContext {
  readonly go: GoPrograms;
  readonly cores: Cores | undefined;
  readonly progress: (line: string) => void;
}

/** A measured value. */
export interface Figure {
  /** With the unit. */
  readonly what: string;
  readonly ours: number;
  /** The same of geth, if it is compared. */
  readonly geth?: number;
  /** Limit of our value, or of our value divided by geth's. @default shown for information only */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** Our value, or its ratio to geth's, to which the goal refers. */
export function measuredValue({ ours, geth }: Figure): number {
  return geth === undefined ? ours : ours / geth;
}

/** Whether the goal of a figure is reached; `undefined` without one. */
export function isReached(figure: Figure): boolean | undefined {
  const { goal } = figure;
  if (goal === undefined) return undefined;
  const value = measuredValue(figure);
  return 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;
}
