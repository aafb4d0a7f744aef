import { constants } from 'node:os';
import { type Clock, systemClock, type Timer } from '@devp2p/clock';

/** @see onSignals */
export interface OnSignalsOptions {
  /** Called at the first signal. */
  readonly onSignal: (name: 'SIGINT' | 'SIGTERM') => void;
  /** Called before the process exits because closing took longer than 4.5 s; its argument is that limit in milliseconds. */
  readonly onTimeout?: (milliseconds: number) => void;
  /** Exit code after that. @default 128 + the number of the signal */
  readonly timeoutExitCode?: number;
  /** @default systemClock */
  readonly clock?: Clock;
}

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

/** Aborts at SIGINT and SIGTERM. A second signal, or an end that takes too long, exits the process. */
export function onSignals(options: OnSignalsOptions): Signals {
  const { onSignal, onTimeout, timeoutExitCode, clock = systemClock } = options;
  const controller = new AbortController();
  let exitCode: number | undefined;
  let timer: Timer | undefined;
  const listener = (name: 'SIGINT' | 'SIGTERM'): void => {
    exitCode = 128 + constants.signals[name];
    if (controller.signal.aborted) process.exit(exitCode);
    onSignal(name);
    controller.abort();
    timer = clock.setTimeout(() => {
      onTimeout?.(closeTimeout);
      process.exit(timeoutExitCode ?? exitCode);
    }, closeTimeout);
  };
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    close() {
      timer?.cancel();
      for (const name of names) process.off(name, listener);
    },
  };
}
