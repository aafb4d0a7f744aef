import { CrawlerError } from '../model/error.ts';
import { check } from './commands/check.ts';
import type { CommandContext } from './commands/context.ts';
import { crawl } from './commands/crawl.ts';
import { exportCrawl } from './commands/export.ts';
import { type Invocation, readArguments } from './flags/arguments.ts';
import { helpText } from './flags/help.ts';
import { UsageError } from './flags/usage-error.ts';
import { errorText } from './terminal/error-text.ts';
import { onSignals } from './terminal/signals.ts';
import { createTerminal } from './terminal/terminal.ts';
import { version } from './version.ts';

/**
 * The whole program.
 *
 * Ends the process with code 0, 1 for what went wrong or is not so, 2 for wrong use, and 128 + the number of a signal
 * that left work undone.
 */
export async function main(args: readonly string[]): Promise<void> {
  const terminal = createTerminal(process.stderr);
  const signals = onSignals((line) => terminal.say(line));
  // Whoever is told what goes on may have gone; what is done goes on.
  process.stderr.on('error', () => {});
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // Whoever reads our output may have had enough of it.
    if (code === 'EPIPE') process.exit(0);
    terminal.say(`devp2p-crawler: standard output cannot be written (${code})`);
    process.exit(1);
  });
  let exitCode: number;
  try {
    const isDone = await run(readArguments(args), { terminal, print, signal: signals.signal });
    exitCode = isDone ? 0 : (signals.exitCode ?? 1);
  } catch (error) {
    terminal.clear();
    const isOwn = error instanceof UsageError || error instanceof CrawlerError;
    if (signals.exitCode === undefined) {
      terminal.say(`devp2p-crawler: ${isOwn ? error.message : errorText(error)}`);
    }
    exitCode = signals.exitCode ?? (error instanceof UsageError ? 2 : 1);
  }
  process.exit(exitCode);
}

async function run(invocation: Invocation, context: CommandContext): Promise<boolean> {
  switch (invocation.command) {
    case 'crawl':
      return crawl(invocation.settings, context);
    case 'export':
      return exportCrawl(invocation.settings, context);
    case 'check':
      return check(invocation.node, invocation.settings, context);
    case 'help':
      await context.print(helpText());
      return true;
    case 'version':
      await context.print(`${version}\n`);
      return true;
  }
}

function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}
