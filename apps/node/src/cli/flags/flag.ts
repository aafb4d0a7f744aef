import type { BaseFlag } from '@devp2p/appkit/cli';

/** Commands of the program; `run` is the default. */
export type Command = 'run' | 'dev' | 'import' | 'export' | 'status';

export const groups = [
  'Chain',
  'Network',
  'Discovery',
  'Peers',
  'Sync',
  'Transaction pool',
  'Operator',
  'Consensus client',
  'Development chain',
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

/** Commands that run a node. */
export const runs: readonly Command[] = ['run', 'dev'];
/** The command whose node follows a chain that others make. */
export const follows: readonly Command[] = ['run'];
/** The command whose node makes its own chain. */
export const develops: readonly Command[] = ['dev'];
/** Commands that add blocks. */
export const checks: readonly Command[] = ['run', 'import'];
/** The command that serves JSON-RPC, and the one that calls it. */
export const asks: readonly Command[] = ['run', 'dev', 'status'];

/** A table of flags by the names of their settings. */
export type FlagsOf<S> = { readonly [Name in keyof S]-?: Flag<NonNullable<S[Name]>> };
