import { type Clock, sleep } from '@devp2p/clock';
import type { Log } from '../log.ts';
import type { NodePeer } from './peers.ts';

/** Time to the first attempt to dial again, in ms; doubled by each attempt that comes to nothing. */
const firstDelay = 1_000;

/** The longest time between two attempts, in ms: go-ethereum takes none from one address sooner. */
const longestDelay = 35_000;

/** @see keepConnected */
export interface StaticNodeOptions {
  /** Resolves when no connection with the node is left; at once if there is none. */
  readonly gone: () => Promise<void>;
  /** Resolves with the peer that came of an attempt, or nothing. Throws when there was no connection. */
  readonly dial: () => Promise<NodePeer | undefined>;
  /** How the node is called in the log. */
  readonly name: string;
  readonly clock: Clock;
  /** Uniformly from 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** @see keepConnected */
export interface StaticNode {
  /** Resolves when the node was dialled for the first time, whatever came of it. */
  readonly tried: Promise<void>;
  /** Resolves when it will not be dialled any more. */
  readonly over: Promise<void>;
}

/**
 * Dials a node whenever there is no connection with it, until the signal aborts: soon when one was
 * lost that had lasted, else less and less often.
 */
export function keepConnected(options: StaticNodeOptions): StaticNode {
  let onTried = (): void => {};
  const tried = new Promise<void>((resolve) => {
    onTried = resolve;
  });
  return { tried, over: run(options, onTried) };
}

async function run(
  { gone, dial, name, clock, random, log, signal }: StaticNodeOptions,
  onTried: () => void,
): Promise<void> {
  let delay = firstDelay;
  while (!signal.aborted) {
    await gone();
    if (signal.aborted) return;
    const start = clock.monotonic();
    let failure: unknown;
    try {
      const peer = await dial();
      onTried();
      await peer?.closed;
    } catch (error) {
      onTried();
      failure = error;
    }
    if (signal.aborted) return;
    if (clock.monotonic() - start > longestDelay) delay = firstDelay;
    // Two nodes that dial each other at once refuse each other: they must not do so in step.
    const pause = Math.round(delay * (0.8 + 0.4 * random()));
    if (failure !== undefined) {
      log.info({ node: name, error: failure, retryIn: `${pause} ms` }, 'static node not reached');
    }
    await sleep(clock, pause, { signal }).catch(() => {});
    delay = Math.min(2 * delay, longestDelay);
  }
}
