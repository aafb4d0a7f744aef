import type { BaseFlag } from '@devp2p/appkit/cli';

/** Commands of the program; `run` is the default. */
export type Command = 'run' | 'import' | 'export' | 'status';

export const groups = [
  'Chain',
  'Network',
  'Discovery',
  'Peers',
  'Sync',
  'Operator',
  'Consensus client',
  'Export',
  'Program',
] as const;

/** One flag. The command line, the environment, the configuration file and `--help` are read with it. */
export interface Flag<T> extends BaseFlag {
  readonly group: (typeof groups)[number];
  /** Commands that accept the flag. @default all of them */
  readonly commands?: readonly Command[];
  /** Whether its value is left out of errors. @default false */
  readonly secret?: true;
  /** Whether it is a flag of the command line only. @default false */
  readonly commandLineOnly?: true;
  /** Throws an `Error` with the expected form. */
  parse(text: string): T;
}

export const runs: readonly Command[] = ['run'];
/** Commands that add blocks. */
export const checks: readonly Command[] = ['run', 'import'];
/** The command that serves JSON-RPC, and the one that calls it. */
export const asks: readonly Command[] = ['run', 'status'];

/** A table of flags by the names of their settings. */
export type FlagsOf<S> = { readonly [Name in keyof S]-?: Flag<NonNullable<S[Name]>> };
