// Runs a component with an injected clock for one hour of virtual time.
import { type Clock, sleep, systemClock } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';

/** Polls every ten minutes until the signal aborts. */
async function poll(
  request: () => void,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal },
): Promise<void> {
  while (!signal?.aborted) {
    request();
    await sleep(clock, 600_000, { signal });
  }
}

const clock = createVirtualClock({ now: Date.UTC(2026, 0, 1) });
const stop = new AbortController();
const times: string[] = [];

const polling = poll(() => times.push(new Date(clock.now()).toISOString().slice(11, 16)), {
  clock,
  signal: stop.signal,
});
await clock.advance(3_600_000);
stop.abort('done');
await polling.catch((reason: unknown) => console.log(`stopped: ${reason}`));

console.log(times.join(' ')); // 00:00 00:10 00:20 00:30 00:40 00:50 01:00
console.log(`timers left: ${clock.pending}`); // 0
