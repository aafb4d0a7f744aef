import { onSignals, UsageError } from '@devp2p/appkit/cli';
import { CrawlerError } from '../model/error.ts';
import { errorAdvice } from './advice.ts';
import { check } from './commands/check.ts';
import type { CommandContext } from './commands/context.ts';
import { crawl } from './commands/crawl.ts';
import { exportCrawl } from './commands/export.ts';
import { type Invocation, readArguments } from './flags/arguments.ts';
import { helpText } from './flags/help.ts';
import { errorText } from './terminal/error-text.ts';
import { createTerminal } from './terminal/terminal.ts';
import { version } from './version.ts';

/**
 * Runs the program.
 *
 * Ends the process with code 0; 1 after an error or a negative result; 2 after wrong usage; 128 + the number of a
 * signal that ended it early.
 */
export async function main(args: readonly string[]): Promise<void> {
  const terminal = createTerminal(process.stderr);
  const signals = onSignals({
    onSignal: () => terminal.writeLine('closing; a second signal exits immediately'),
  });
  // Standard error may be closed; the program continues without messages.
  process.stderr.on('error', () => {});
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // The reader of a pipe may close it early, such as `head`.
    if (code === 'EPIPE') process.exit(0);
    terminal.writeLine(`devp2p-crawler: standard output cannot be written (${code})`);
    process.exit(1);
  });
  let exitCode: number;
  try {
    const isDone = await run(readArguments(args), { terminal, print, signal: signals.signal });
    exitCode = isDone ? 0 : (signals.exitCode ?? 1);
  } catch (error) {
    terminal.clearStatus();
    if (signals.exitCode === undefined) terminal.writeLine(`devp2p-crawler: ${message(error)}`);
    exitCode = signals.exitCode ?? (error instanceof UsageError ? 2 : 1);
  }
  process.exit(exitCode);
}

function run(invocation: Invocation, context: CommandContext): Promise<boolean> {
  switch (invocation.command) {
    case 'crawl':
      return crawl(invocation.settings, context);
    case 'export':
      return exportCrawl(invocation.settings, context);
    case 'check':
      return check(invocation.node, invocation.settings, context);
    case 'help':
      return context.print(helpText()).then(() => true);
    case 'version':
      return context.print(`${version}\n`).then(() => true);
  }
}

/** Returns an error and the advice for it, on one line. */
function message(error: unknown): string {
  const isOwn = error instanceof UsageError || error instanceof CrawlerError;
  const text = isOwn ? error.message : errorText(error);
  const hint = errorAdvice(error);
  return hint === undefined ? text : `${text}; ${hint}`;
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
