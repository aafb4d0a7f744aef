import { printable } from '../../model/client-name.ts';

/** Messages for the user, and a status line that is updated in place. */
export interface Terminal {
  /** Whether the status line can be shown. */
  readonly isLive: boolean;
  /** Writes a line. Invisible characters are replaced. */
  writeLine(line: string): void;
  /** Replaces the status line, below all other lines. Does nothing unless {@link isLive}. */
  setStatus(line: string): void;
  clearStatus(): void;
}

/** A stream such as `process.stderr`. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters per line; absent or 0 if unknown. */
  readonly columns?: number | undefined;
}

const clearLine = '\r\u001b[2K';

export function createTerminal(output: Output): Terminal {
  // A status line that wraps cannot be replaced, so the width must be known.
  const { columns = 0 } = output;
  const isLive = output.isTTY === true && columns > 0;
  let status = '';
  return {
    isLive,
    writeLine(line) {
      output.write(`${status && clearLine}${printable(line)}\n${status}`);
    },
    setStatus(line) {
      if (!isLive) return;
      status = printable(line).slice(0, (output.columns || columns) - 1);
      output.write(clearLine + status);
    },
    clearStatus() {
      if (status !== '') output.write(clearLine);
      status = '';
    },
  };
}
