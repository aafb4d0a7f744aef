import type { Clock } from '@devp2p/clock';

/** Options of {@link RateLimit}. */
export interface RateLimitOptions {
  readonly clock: Clock;
  /** Sustained packets per second and source. */
  readonly perSecond: number;
  /** Limit of tracked sources; above it the oldest one is dropped. */
  readonly maxSources: number;
}

interface Bucket {
  tokens: number;
  /** Time of the last update, monotonic. */
  time: number;
}

/** Burst size, as a multiple of the packets per second. */
const burst = 2;

/** Limits the packet rate of each source with a token bucket. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Counts a packet. Returns false if the source is above its limit. */
  take(source: string): boolean {
    const { clock, perSecond, maxSources } = this.#options;
    const capacity = perSecond * burst;
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
