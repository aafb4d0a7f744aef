import { type AddrSource, sourceKey } from './group.ts';

/** How much one source may tell us. */
export interface SourceLimitOptions {
  /** Nodes a second. @default 0.1, as Bitcoin Core (`MAX_ADDR_RATE_PER_SECOND`) */
  readonly sourceRate: number;
  /** Nodes at once. @default 1000, as Bitcoin Core (`MAX_ADDR_PROCESSING_TOKEN_BUCKET`) */
  readonly sourceBurst: number;
}

/** Sources that are remembered; a source that has been forgotten starts anew. */
const MAX_SOURCES = 8192;

interface Tokens {
  left: number;
  at: number;
}

/** A token bucket for each source: a list, an IPv4 address, an IPv6 /64. */
export class SourceLimit {
  readonly #options: SourceLimitOptions;
  /** Oldest use first. */
  readonly #sources = new Map<string, Tokens>();

  constructor(options: SourceLimitOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sources.size;
  }

  /** A function that takes one token each time, and says whether there was one. `now` is monotonic, in ms. */
  open(source: AddrSource, now: number): () => boolean {
    const { sourceRate, sourceBurst } = this.#options;
    const key = limitKey(source);
    const known = this.#sources.get(key);
    const left = known
      ? Math.min(sourceBurst, known.left + (sourceRate * (now - known.at)) / 1000)
      : sourceBurst;
    const tokens: Tokens = { left, at: now };
    this.#sources.delete(key);
    this.#sources.set(key, tokens);
    if (this.#sources.size > MAX_SOURCES) {
      for (const oldest of this.#sources.keys()) {
        this.#sources.delete(oldest);
        break;
      }
    }
    return () => {
      if (tokens.left < 1) return false;
      tokens.left--;
      return true;
    };
  }
}

/** A node that contacts us has no fewer rights than one that passes on others, so the two share their tokens. */
function limitKey(source: AddrSource): string {
  const key = sourceKey(source.kind === 'inbound' ? { kind: 'peer', ip: source.ip } : source);
  return key.length === 17 ? key.slice(0, 9) : key;
}
