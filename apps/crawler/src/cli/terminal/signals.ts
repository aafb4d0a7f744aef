import { constants } from 'node:os';

/** @see onSignals */
export interface Signals {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** What a shell would say of a program that the signal ended; absent before there was one. */
  readonly exitCode: number | undefined;
  close(): void;
}

/** ms to end in order after a signal; the process may take 5 s in all. */
const closeTimeout = 4_500;

/** Turns SIGINT and SIGTERM into an abort. A second one, or taking too long, ends the process. */
export function onSignals(tell: (line: string) => void): Signals {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (name: 'SIGINT' | 'SIGTERM'): void => {
    exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(exitCode);
    tell('closing; a second signal exits at once');
    controller.abort();
    timer = setTimeout(() => process.exit(exitCode), closeTimeout);
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    close() {
      clearTimeout(timer);
      for (const name of names) process.off(name, onSignal);
    },
  };
}
