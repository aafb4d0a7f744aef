import { constants } from 'node:os';
import type { Log } from '../logging/log.ts';

/** @see onSignals */
export interface Signals {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** What a shell would say of a program that the signal ended; absent before there was one. */
  readonly exitCode: number | undefined;
  close(): void;
}

/** Time to end in order after a signal, in ms; the process may take 5 s in all. */
const closeTimeout = 4_500;

/** Turns SIGINT and SIGTERM into an abort. A second one, or taking too long, ends the process. */
export function onSignals(log: Log): Signals {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (name: 'SIGINT' | 'SIGTERM'): void => {
    exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(exitCode);
    log.info({ signal: name }, 'closing; a second signal exits at once');
    controller.abort();
    timer = setTimeout(() => {
      log.error({ milliseconds: closeTimeout }, 'closing took too long');
      process.exit(1);
    }, closeTimeout);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    close() {
      clearTimeout(timer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
