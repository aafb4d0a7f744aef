import { errorText } from '@devp2p/appkit';
import { onSignals, UsageError } from '@devp2p/appkit/cli';
import { systemClock } from '@devp2p/clock';
import { EnodeError } from '@devp2p/enr';
import { BlockError, ChainError } from '../errors/chain-error.ts';
import { DevError } from '../errors/dev-error.ts';
import { ExecutionError } from '../errors/execution-error.ts';
import { NodeError } from '../errors/node-error.ts';
import { StateError } from '../errors/state-error.ts';
import { SyncError } from '../errors/sync-error.ts';
import { createLogs } from '../logging/log.ts';
import { createProgress } from '../logging/progress.ts';
import { version } from '../version.ts';
import { adviseLogs, errorAdvice, withAdvice } from './advice.ts';
import { helpText } from './flags/help.ts';
import { type Invocation, readInvocation } from './flags/settings.ts';

/** Loaded on demand, so that a wrong flag is reported in half of the time that a node takes to load. */
const commands = {
  run: async () => (await import('./commands/run.ts')).run,
  dev: async () => (await import('./commands/dev.ts')).dev,
  import: async () => (await import('./commands/import.ts')).importChain,
  export: async () => (await import('./commands/export.ts')).exportChain,
  status: async () => (await import('./commands/status.ts')).showStatus,
};

/**
 * The whole program.
 *
 * Ends the process with code 0, 1 after an error, 2 after wrong usage. After a signal the code is 0
 * for a node that closed in order, and 128 + the signal's number for work that was left undone.
 */
export async function main(args: readonly string[]): Promise<void> {
  // The program continues when the log cannot be written, such as on a full disk.
  process.stderr.on('error', () => {});
  let outputError: NodeJS.ErrnoException | undefined;
  process.stdout.on('error', (error) => {
    outputError = error;
  });
  const exitCode = await runCommand(args);
  // An error of the last write is emitted one turn later.
  await new Promise(setImmediate);
  // A closed reader is not an error; a failed export has reported its own.
  if (exitCode !== 0 || outputError === undefined || outputError.code === 'EPIPE') {
    process.exit(exitCode);
  }
  process.exit(fail(`standard output cannot be written (${outputError.code})`));
}

async function runCommand(args: readonly string[]): Promise<number> {
  let invocation: Invocation;
  try {
    invocation = readInvocation(args, process.env);
  } catch (error) {
    return fail(error);
  }
  const { command, settings, file = '', warnings } = invocation;
  if (settings.help || settings.version) {
    process.stdout.write(settings.help ? helpText() : `${version}\n`);
    return 0;
  }

  const onTerminal = process.stderr.isTTY === true && !settings['log.json'];
  const progress = createProgress({
    clock: systemClock,
    stream: process.stderr,
    // Without a known width, a line could not be replaced by the next.
    bar: onTerminal && process.stderr.columns > 0,
    log: () => logs(command === 'run' || command === 'dev' ? 'sync' : 'chain'),
  });
  const logs = adviseLogs(
    createLogs({
      verbosity: settings.verbosity,
      json: settings['log.json'],
      color: onTerminal,
      destination: progress,
    }),
  );
  for (const warning of warnings) logs('node').warn({}, warning);

  const signals = onSignals({
    onSignal: (signal) => logs('node').info({ signal }, 'closing; a second signal exits at once'),
    onTimeout: (milliseconds) => logs('node').error({ milliseconds }, 'shutdown did not finish in time'),
    timeoutExitCode: 1,
  });
  try {
    const work = await commands[command]();
    await work({
      settings,
      file,
      logs,
      progress,
      print: (line) => process.stdout.write(`${line}\n`),
      signal: signals.signal,
    });
    return 0;
  } catch (error) {
    progress.close();
    const { exitCode } = signals;
    if (exitCode !== undefined && (error as Error).name === 'AbortError') return exitCode;
    logs('node').debug({ stack: error instanceof Error ? error.stack : undefined }, 'failed');
    return fail(error);
  } finally {
    signals.close();
  }
}

function fail(error: unknown): number {
  // Own messages are complete; messages of other errors may need their causes.
  const own = [
    UsageError,
    NodeError,
    DevError,
    ChainError,
    BlockError,
    StateError,
    ExecutionError,
    SyncError,
    EnodeError,
  ];
  const text = own.some((known) => error instanceof known) ? (error as Error).message : error;
  process.stderr.write(`devp2p-node: ${withAdvice(errorText(text), errorAdvice(error))}\n`);
  const isUsage = error instanceof UsageError || (error instanceof DevError && error.code === 'public-listener');
  return isUsage ? 2 : 1;
}
