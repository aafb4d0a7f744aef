import { constants } from 'node:os';

/** @see onSignals */
export interface Signals {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** 128 + the number of the signal; absent before a signal. */
  readonly exitCode: number | undefined;
  close(): void;
}

/** Milliseconds for an orderly end after a signal; the process has to exit within 5 s. */
const closeTimeout = 4_500;

/**
 * Aborts at SIGINT and SIGTERM. A second signal, or an end that takes too long, exits the process.
 *
 * @param notify writes a message at the first signal
 */
export function onSignals(notify: (line: string) => void): Signals {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (name: 'SIGINT' | 'SIGTERM'): void => {
    exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(exitCode);
    notify('closing; a second signal exits immediately');
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
