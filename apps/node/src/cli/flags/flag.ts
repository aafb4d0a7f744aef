/** What the program can be told to do; `run` is meant when no command is named. */
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

/** One flag. Command line, environment, configuration file and help are all read off this. */
export interface Flag<T> {
  readonly group: (typeof groups)[number];
  readonly help: string;
  /** What stands for the value in the help; a flag without it is a switch. */
  readonly value?: string;
  readonly short?: string;
  /** Commands that take the flag. @default all of them */
  readonly commands?: readonly Command[];
  /** In the form in which one would type it. @default the setting is absent */
  readonly default?: string;
  /** May be given several times; the values are joined with commas. */
  readonly many?: true;
  /** A switch that `--no-NAME` turns off. */
  readonly negatable?: true;
  /** Never echoed. */
  readonly secret?: true;
  /** Makes sense on the command line only. */
  readonly commandLineOnly?: true;
  /** Throws an `Error` that says what was expected. */
  parse(text: string): T;
}

export const runs: readonly Command[] = ['run'];
/** Where blocks are added. */
export const checks: readonly Command[] = ['run', 'import'];
/** Where a node is asked, and where to ask it. */
export const asks: readonly Command[] = ['run', 'status'];

/** A table of flags, by the names of their settings. */
export type FlagsOf<S> = { readonly [Name in keyof S]-?: Flag<NonNullable<S[Name]>> };
