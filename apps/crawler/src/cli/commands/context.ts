import type { Terminal } from '../terminal/terminal.ts';

/** Input and output of a command. */
export interface CommandContext {
  /** Writes results to standard output. Resolves when the text was flushed. */
  readonly print: (text: string) => Promise<void>;
  /** For messages, on standard error. */
  readonly terminal: Terminal;
  /** Aborts at a request to end. */
  readonly signal: AbortSignal;
}
