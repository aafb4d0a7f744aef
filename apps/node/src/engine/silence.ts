import type { Clock } from '@devp2p/clock';
import type { Log } from '../logging/log.ts';

/** Time without a call, in ms; a consensus client calls every 12 s (go-ethereum, `beaconUpdateConsensusTimeout`). */
const silentTime = 120_000;
/** Time between two warnings, in ms (go-ethereum, `beaconUpdateWarnFrequency`). */
const warnInterval = 300_000;
/** Time between two checks, in ms. */
const checkInterval = 5_000;

/** Warns when the consensus client does not call. */
export interface SilenceWatch {
  /** Records a call with a payload or a fork choice. */
  onCall(): void;
  close(): void;
}

/** @param isExpected whether to warn before the first call */
export function watchSilence(clock: Clock, log: Log, isExpected: boolean): SilenceWatch {
  const started = clock.monotonic();
  let lastCall: number | undefined;
  let warned: number | undefined;
  const check = (): void => {
    timer = clock.setTimeout(check, checkInterval);
    const now = clock.monotonic();
    if (now - (lastCall ?? started) < silentTime) return;
    if (lastCall === undefined && !isExpected) return;
    if (warned !== undefined && now - warned < warnInterval) return;
    warned = now;
    if (lastCall === undefined) {
      log.warn({ code: 'consensus-client-missing' }, 'no consensus client has called yet');
    } else {
      const seconds = Math.floor((now - lastCall) / 1_000);
      log.warn({ seconds }, 'the consensus client has stopped calling: check that it runs');
    }
  };
  let timer = clock.setTimeout(check, checkInterval);
  return {
    onCall() {
      lastCall = clock.monotonic();
      warned = undefined;
    },
    close: () => timer.cancel(),
  };
}
