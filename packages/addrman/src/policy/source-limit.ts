import { type AddrSource, sourceKey } from './group.ts';

/** Rate limit of one source. */
export interface SourceLimitOptions {
  /** Nodes per second. @default 0.1, as Bitcoin Core (`MAX_ADDR_RATE_PER_SECOND`) */
  readonly sourceRate: number;
  /** Burst: nodes accepted at once. @default 1000, as Bitcoin Core (`MAX_ADDR_PROCESSING_TOKEN_BUCKET`) */
  readonly sourceBurst: number;
}

/** Between one and two generations of sources are remembered; a forgotten source starts with a full bucket. */
const generationSize = 4096;

interface Tokens {
  left: number;
  at: number;
}

/** Token buckets by source: a list, an IPv4 address, an IPv6 /64. */
export class SourceLimit {
  readonly #options: SourceLimitOptions;
  /** Buckets used recently, and buckets used before; the latter are dropped together. */
  #young = new Map<string, Tokens>();
  #old = new Map<string, Tokens>();

  constructor(options: SourceLimitOptions) {
    this.#options = options;
  }

  /**
   * Returns a function that takes one token and returns whether there was one.
   *
   * @param now monotonic time in ms
   */
  open(source: AddrSource, now: number): () => boolean {
    const tokens = this.#tokens(limitKey(source), now);
    const { sourceRate, sourceBurst } = this.#options;
    tokens.left = Math.min(sourceBurst, tokens.left + (sourceRate * (now - tokens.at)) / 1000);
    tokens.at = now;
    return () => {
      if (tokens.left < 1) return false;
      tokens.left--;
      return true;
    };
  }

  #tokens(key: string, now: number): Tokens {
    const young = this.#young.get(key);
    if (young) return young;
    const tokens = this.#old.get(key) ?? { left: this.#options.sourceBurst, at: now };
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, tokens);
    return tokens;
  }
}

/** A node that contacts us and a node that relays others share one bucket if they have the same address. */
function limitKey(source: AddrSource): string {
  const key = sourceKey(source.kind === 'inbound' ? { kind: 'peer', ip: source.ip } : source);
  return key.length === 17 ? key.slice(0, 9) : key;
}
