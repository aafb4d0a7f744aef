// A component that takes its time from a clock, and an hour of its life in no time.
import { type Clock, sleep, systemClock } from '@devp2p/clock';
import { virtualClock } from '@devp2p/clock/virtual';

/** Asks again every ten minutes, until told to stop. */
async function poll(
  ask: () => void,
  { clock = systemClock, signal }: { clock?: Clock; signal?: AbortSignal },
): Promise<void> {
  while (!signal?.aborted) {
    ask();
    await sleep(clock, 600_000, { signal });
  }
}

const clock = virtualClock({ now: Date.UTC(2026, 0, 1) });
const stop = new AbortController();
const asked: string[] = [];

const polling = poll(() => asked.push(new Date(clock.now()).toISOString().slice(11, 16)), {
  clock,
  signal: stop.signal,
});
await clock.advance(3_600_000);
stop.abort('seen enough');
await polling.catch((reason: unknown) => console.log(`stopped: ${reason}`));

console.log(asked.join(' ')); // 00:00 00:10 00:20 00:30 00:40 00:50 01:00
console.log(`timers left: ${clock.pending}`); // 0
