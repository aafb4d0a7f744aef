import type { Terminal } from '../terminal/terminal.ts';

/** What every command works with. */
export interface CommandContext {
  /** Writes to standard output, which has nothing but results. Resolves once there is room again. */
  readonly print: (text: string) => Promise<void>;
  /** What else there is to say. */
  readonly terminal: Terminal;
  /** Aborts when the program is asked to end. */
  readonly signal: AbortSignal;
}
