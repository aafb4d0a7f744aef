import type { Clock } from '@devp2p/clock';
import type { Log } from '../logging/log.ts';

/** A consensus client calls every 12 s; it is missed after this, in ms (go-ethereum, `beaconUpdateConsensusTimeout`). */
const silentTime = 120_000;
/** From one warning to the next, in ms (go-ethereum, `beaconUpdateWarnFrequency`). */
const warnInterval = 300_000;
/** How often it is looked, in ms. */
const lookInterval = 5_000;

/** Misses a consensus client that does not call. */
export interface SilenceWatch {
  /** A call that tells of the chain has come. */
  heard(): void;
  close(): void;
}

/** @param isExpected whether the operator counts on a consensus client before one has ever called */
export function watchSilence(clock: Clock, log: Log, isExpected: boolean): SilenceWatch {
  const started = clock.monotonic();
  let heard: number | undefined;
  let warned: number | undefined;
  const look = (): void => {
    timer = clock.setTimeout(look, lookInterval);
    const now = clock.monotonic();
    if (now - (heard ?? started) < silentTime) return;
    if (heard === undefined && !isExpected) return;
    if (warned !== undefined && now - warned < warnInterval) return;
    warned = now;
    if (heard === undefined) {
      log.warn({ code: 'consensus-client-missing' }, 'no consensus client has called yet');
    } else {
      const seconds = Math.floor((now - heard) / 1_000);
      log.warn({ seconds }, 'the consensus client has stopped calling: check that it runs');
    }
  };
  let timer = clock.setTimeout(look, lookInterval);
  return {
    heard() {
      heard = clock.monotonic();
      warned = undefined;
    },
    close: () => timer.cancel(),
  };
}
