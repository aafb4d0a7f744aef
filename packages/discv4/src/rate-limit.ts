import type { Clock } from '@devp2p/clock';

/** What {@link RateLimit} is made with. */
export interface RateLimitOptions {
  readonly clock: Clock;
  /** Packets per second that a source may send for good. */
  readonly perSecond: number;
  /** Sources that are kept account of; the oldest is forgotten for one more. */
  readonly maxSources: number;
}

interface Bucket {
  tokens: number;
  /** When the tokens were last counted; monotonic. */
  time: number;
}

/** Seconds' worth of packets that may come at once. */
const BURST = 2;

/** A token bucket for each source of packets. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Whether one more packet of this source is to be processed. */
  take(source: string): boolean {
    const { clock, perSecond, maxSources } = this.#options;
    const capacity = perSecond * BURST;
    const now = clock.monotonic();
    let bucket = this.#buckets.get(source);
    if (bucket) {
      const earned = ((now - bucket.time) / 1000) * perSecond;
      bucket.tokens = Math.min(capacity, bucket.tokens + earned);
      bucket.time = now;
    } else {
      bucket = { tokens: capacity, time: now };
      this.#buckets.set(source, bucket);
      if (this.#buckets.size > maxSources) {
        for (const oldest of this.#buckets.keys()) {
          this.#buckets.delete(oldest);
          break;
        }
      }
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
