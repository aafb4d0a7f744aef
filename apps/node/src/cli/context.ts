import type { Logs } from '../logging/log.ts';
import type { Progress } from '../logging/progress.ts';
import type { Settings } from './flags/flags.ts';

/** Collaborators of every command. */
export interface CommandContext {
  readonly settings: Settings;
  /** File that `import` reads or `export` writes. */
  readonly file: string;
  readonly logs: Logs;
  readonly progress: Progress;
  /** Writes one line to standard output, which has results only. */
  readonly print: (line: string) => void;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}
