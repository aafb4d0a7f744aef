import type { Logs } from '../logging/log.ts';
import type { Progress } from '../logging/progress.ts';
import type { Settings } from './flags/flags.ts';

/** What every command works with. */
export interface CommandContext {
  readonly settings: Settings;
  /** What `import` and `export` read or write. */
  readonly file: string;
  readonly logs: Logs;
  readonly progress: Progress;
  /** Writes one line to standard output, which has nothing but results. */
  readonly print: (line: string) => void;
  /** Aborts when the program is asked to end. */
  readonly signal: AbortSignal;
}
