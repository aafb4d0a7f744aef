import { type Clock, sleep } from '@devp2p/clock';
import type { Incoming, Listener } from '../connection.ts';

/** First and longest wait after a failure to accept, in ms: those of Go's `net/http`. */
const BACK_OFF = { first: 5, longest: 1_000 };

/** @see acceptAll */
export interface AcceptOptions<I extends Incoming> {
  readonly onIncoming: (incoming: I) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Takes whoever comes in until the signal aborts. Failures make it wait, longer each time, and never end it. */
export async function acceptAll<I extends Incoming>(
  listener: Listener<I>,
  { onIncoming, onError, clock, signal }: AcceptOptions<I>,
): Promise<void> {
  let delay = BACK_OFF.first;
  while (!signal.aborted) {
    try {
      const incoming = await listener.accept();
      delay = BACK_OFF.first;
      onIncoming(incoming);
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      await sleep(clock, delay, { signal }).catch(() => {});
      delay = Math.min(2 * delay, BACK_OFF.longest);
    }
  }
}
