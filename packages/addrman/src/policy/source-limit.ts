import { type AddrSource, sourceKey } from './group.ts';

/** How much one source may tell us. */
export interface SourceLimitOptions {
  /** Nodes a second. @default 0.1, as Bitcoin Core (`MAX_ADDR_RATE_PER_SECOND`) */
  readonly sourceRate: number;
  /** Nodes at once. @default 1000, as Bitcoin Core (`MAX_ADDR_PROCESSING_TOKEN_BUCKET`) */
  readonly sourceBurst: number;
}

/** At least so many sources are remembered, and at most twice as many; one that has been forgotten starts anew. */
const GENERATION = 4096;

interface Tokens {
  left: number;
  at: number;
}

/** A token bucket for each source: a list, an IPv4 address, an IPv6 /64. */
export class SourceLimit {
  readonly #options: SourceLimitOptions;
  /** Those used lately, and those used before; the latter are forgotten together. */
  #young = new Map<string, Tokens>();
  #old = new Map<string, Tokens>();

  constructor(options: SourceLimitOptions) {
    this.#options = options;
  }

  /** A function that takes one token each time, and says whether there was one. `now` is monotonic, in ms. */
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
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, tokens);
    return tokens;
  }
}

/** A node that contacts us has no fewer rights than one that passes on others, so the two share their tokens. */
function limitKey(source: AddrSource): string {
  const key = sourceKey(source.kind === 'inbound' ? { kind: 'peer', ip: source.ip } : source);
  return key.length === 17 ? key.slice(0, 9) : key;
}
