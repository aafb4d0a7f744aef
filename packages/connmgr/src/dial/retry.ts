import type { RandomSource } from '@devp2p/random';

/** Settings of {@link retryDelay}. */
export interface RetrySettings {
  readonly retryDelay: number;
  readonly maxRetryDelay: number;
  readonly retryJitter: number;
  readonly random: RandomSource;
}

/**
 * Returns the time to the next attempt after a number of failures in a row, in ms: btcd's linear back-off, with jitter.
 */
export function retryDelay(retries: number, settings: RetrySettings): number {
  const { retryJitter, random } = settings;
  const delay = Math.min(retries * settings.retryDelay, settings.maxRetryDelay);
  return retryJitter === 0 ? delay : delay * (1 + retryJitter * (2 * random.fraction() - 1));
}
