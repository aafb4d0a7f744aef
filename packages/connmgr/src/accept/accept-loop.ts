import { type Clock, sleep } from '@devp2p/clock';
import type { Incoming, Listener } from '../connection.ts';

/** First and longest wait after a failed accept, in ms, as Go's `net/http`. */
const backOff = { first: 5, longest: 1_000 };

/** Options of {@link runAcceptLoop}. */
export interface AcceptOptions<I extends Incoming> {
  readonly onIncoming: (incoming: I) => void;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Accepts connections until the signal aborts. After a failure it waits, longer after each further one, and continues.
 */
export async function runAcceptLoop<I extends Incoming>(
  listener: Listener<I>,
  { onIncoming, onError, clock, signal }: AcceptOptions<I>,
): Promise<void> {
  let delay = backOff.first;
  while (!signal.aborted) {
    try {
      const incoming = await listener.accept();
      delay = backOff.first;
      onIncoming(incoming);
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      await sleep(clock, delay, { signal }).catch(() => {});
      delay = Math.min(2 * delay, backOff.longest);
    }
  }
}
