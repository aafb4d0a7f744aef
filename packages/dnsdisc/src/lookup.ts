import { withTimeout } from '@devp2p/clock';
import {
  type Entry,
  hashMatches,
  looksLikeEntry,
  looksLikeRoot,
  MAX_ENTRY_LENGTH,
  parseEntry,
  parseRoot,
  type Root,
  verifyRoot,
} from './entry.ts';
import { DnsdiscError, quote } from './error.ts';
import { Lru } from './lru.ts';
import type { Settings } from './options.ts';
import { RateLimit } from './rate-limit.ts';
import type { TreeUrl } from './tree-url.ts';

/** An entry, and whether it was known before. */
export interface Found {
  readonly entry: Entry;
  readonly cached: boolean;
}

/** A name with more roots than this is not worth the curve work of looking for the one that is signed. */
const MAX_ROOTS = 8;

/** Asks the resolver, slowly, and believes nothing that the tree's signer has not signed. */
export class Lookup {
  requests = 0;
  cacheHits = 0;
  readonly #settings: Settings;
  readonly #limit: RateLimit;
  /** By hash, and so for all trees: the same hash is the same text wherever it stands. */
  readonly #entries: Lru<string, Entry>;
  /** The highest sequence number seen, by URL. */
  readonly #seqs: Lru<string, bigint>;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#limit = new RateLimit(settings.clock, settings.requestsPerSecond);
    this.#entries = new Lru(settings.cacheSize);
    this.#seqs = new Lru(settings.cacheSize);
  }

  /**
   * The root of a tree, signed, and not older than any seen before.
   *
   * @param id - the tree's URL.
   */
  async root(id: string, url: TreeUrl, signal: AbortSignal | undefined): Promise<Root> {
    await this.#limit.take(signal);
    const root = this.#selectRoot(await this.#resolve(url.domain, signal), url);
    const seen = this.#seqs.get(id);
    if (seen !== undefined && root.seq < seen) {
      throw new DnsdiscError('stale-root', `sequence number fell from ${seen} to ${root.seq}`);
    }
    this.#seqs.set(id, root.seq);
    return root;
  }

  /** The entry below `domain` that a hash stands for. */
  async entry(domain: string, hash: string, signal: AbortSignal | undefined): Promise<Found> {
    await this.#limit.take(signal);
    const known = this.#entries.get(hash);
    if (known) {
      this.cacheHits++;
      return { entry: known, cached: true };
    }
    const entry = this.#selectEntry(await this.#resolve(`${hash}.${domain}`, signal), hash);
    this.#entries.set(hash, entry);
    return { entry, cached: false };
  }

  async #resolve(name: string, signal: AbortSignal | undefined): Promise<string[]> {
    const { clock, timeout, resolveTxt } = this.#settings;
    this.requests++;
    try {
      return await withTimeout(
        clock,
        timeout,
        async (inner) => (await resolveTxt(name, { signal: inner })).map(join),
        { signal },
      );
    } catch (cause) {
      signal?.throwIfAborted();
      const reason = cause instanceof Error ? cause.message : 'no reason given';
      throw new DnsdiscError('resolver-failed', `no answer for ${name}: ${quote(reason)}`, {
        cause,
      });
    }
  }

  /** While a zone is being changed, its name may have two roots. */
  #selectRoot(texts: readonly string[], url: TreeUrl): Root {
    const candidates = texts.filter(looksLikeRoot).slice(0, MAX_ROOTS);
    let fault = new DnsdiscError('no-root', `no root at ${url.domain}`);
    let newest: Root | undefined;
    for (const text of candidates) {
      try {
        const root = parseRoot(text);
        if (!verifyRoot(root, url.publicKey, this.#settings)) {
          throw new DnsdiscError(
            'invalid-signature',
            `not signed by the list's key: ${quote(text)}`,
          );
        }
        if (!newest || root.seq > newest.seq) newest = root;
      } catch (error) {
        fault = ours(error);
      }
    }
    if (!newest) throw fault;
    return newest;
  }

  /** Other records may stand under the name; only one text can be the right one. */
  #selectEntry(texts: readonly string[], hash: string): Entry {
    let fault = new DnsdiscError('no-entry', `no entry under ${hash}`);
    for (const text of texts.filter(looksLikeEntry)) {
      if (text.length > MAX_ENTRY_LENGTH) {
        fault = new DnsdiscError('too-large', `entry of ${text.length} characters: ${quote(text)}`);
      } else if (hashMatches(hash, text, this.#settings)) {
        return parseEntry(text, this.#settings);
      } else {
        fault = new DnsdiscError(
          'hash-mismatch',
          `under ${hash}, but not its text: ${quote(text)}`,
        );
      }
    }
    throw fault;
  }
}

/** Strings of one record belong together; none has more than 255 bytes. */
function join(strings: readonly string[]): string {
  return strings.join('');
}

function ours(error: unknown): DnsdiscError {
  if (error instanceof DnsdiscError) return error;
  throw error;
}
