import { printable } from '../../model/client-name.ts';

/** Where a person is told what goes on. */
export interface Terminal {
  /** Whether {@link show} shows something. */
  readonly isLive: boolean;
  /** Says something on a line of its own. What cannot be seen in it is replaced. */
  say(line: string): void;
  /** Has one line at the end of what was said, which each call replaces; nothing if that cannot be done. */
  show(line: string): void;
  /** Takes that line away. */
  clear(): void;
}

/** A stream such as `process.stderr`. */
interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** Characters in a line; absent or 0 when that is not known. */
  readonly columns?: number | undefined;
}

const clearLine = '\r\u001b[2K';

export function createTerminal(output: Output): Terminal {
  // Without a known width, a line could not be replaced by the next.
  const { columns = 0 } = output;
  const isLive = output.isTTY === true && columns > 0;
  let shown = '';
  return {
    isLive,
    say(line) {
      output.write(`${shown && clearLine}${printable(line)}\n${shown}`);
    },
    show(line) {
      if (!isLive) return;
      shown = printable(line).slice(0, (output.columns || columns) - 1);
      output.write(clearLine + shown);
    },
    clear() {
      if (shown !== '') output.write(clearLine);
      shown = '';
    },
  };
}
