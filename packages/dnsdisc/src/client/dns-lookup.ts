import { withTimeout } from '@devp2p/clock';
import { DnsdiscError, quote } from '../error.ts';
import {
  type Entry,
  hashMatches,
  looksLikeEntry,
  looksLikeRoot,
  maxEntryLength,
  parseEntry,
  parseRoot,
  type Root,
  verifyRoot,
} from '../tree/entry.ts';
import type { TreeUrl } from '../tree/tree-url.ts';
import { Lru } from './lru.ts';
import type { Settings } from './options.ts';
import { RateLimit } from './rate-limit.ts';

/** Result of an entry lookup. */
export interface Found {
  readonly entry: Entry;
  readonly cached: boolean;
}

/** Limit of root records per name whose signatures are verified. */
const maxRoots = 8;

/** Looks up roots and entries of trees, at a limited rate, and verifies signatures and hashes. */
export class DnsLookup {
  requests = 0;
  cacheHits = 0;
  readonly #settings: Settings;
  readonly #limit: RateLimit;
  /** By hash, shared by all trees: a hash has the same text in each of them. */
  readonly #entries: Lru<string, Entry>;
  /** Greatest sequence number seen, by URL. */
  readonly #seqs: Lru<string, bigint>;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#limit = new RateLimit(settings.clock, settings.requestsPerSecond);
    this.#entries = new Lru(settings.cacheSize);
    this.#seqs = new Lru(settings.cacheSize);
  }

  /**
   * Returns the root of a tree. Its signature is valid, and it is not older than any seen before.
   *
   * @param id URL of the tree
   * @throws DnsdiscError; the reason of the signal
   */
  async root(id: string, url: TreeUrl, signal: AbortSignal | undefined): Promise<Root> {
    await this.#limit.take(signal);
    const root = this.#selectRoot(await this.#resolve(url.domain, signal), url);
    const seen = this.#seqs.get(id);
    if (seen !== undefined && root.seq < seen) {
      throw new DnsdiscError('stale-root', `sequence number ${root.seq} is below ${seen}`);
    }
    this.#seqs.set(id, root.seq);
    return root;
  }

  /**
   * Returns the entry with a hash.
   *
   * @throws DnsdiscError; the reason of the signal
   */
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
      return await withTimeout(clock, timeout, async (inner) => (await resolveTxt(name, { signal: inner })).map(join), {
        signal,
      });
    } catch (cause) {
      signal?.throwIfAborted();
      const reason = cause instanceof Error ? cause.message : 'unknown error';
      throw new DnsdiscError('resolver-failed', `cannot resolve ${name}: ${quote(reason)}`, {
        cause,
      });
    }
  }

  /** Selects the newest valid root: a name may have two roots while its zone changes. */
  #selectRoot(texts: readonly string[], url: TreeUrl): Root {
    const candidates = texts.filter(looksLikeRoot).slice(0, maxRoots);
    let fault = new DnsdiscError('no-root', `no root record at ${url.domain}`);
    let newest: Root | undefined;
    for (const text of candidates) {
      try {
        const root = parseRoot(text);
        if (!verifyRoot(root, url.publicKey, this.#settings)) {
          throw new DnsdiscError('invalid-signature', `invalid signature of the root: ${quote(text)}`);
        }
        if (!newest || root.seq > newest.seq) newest = root;
      } catch (error) {
        fault = asDnsdiscError(error);
      }
    }
    if (!newest) throw fault;
    return newest;
  }

  /** Selects the record with the hash: the name may have other records. */
  #selectEntry(texts: readonly string[], hash: string): Entry {
    let fault = new DnsdiscError('no-entry', `no entry record at ${hash}`);
    for (const text of texts.filter(looksLikeEntry)) {
      if (text.length > maxEntryLength) {
        fault = new DnsdiscError(
          'too-large',
          `entry of ${text.length} characters is above the limit of ${maxEntryLength}: ${quote(text)}`,
        );
      } else if (hashMatches(hash, text, this.#settings)) {
        return parseEntry(text, this.#settings);
      } else {
        fault = new DnsdiscError('hash-mismatch', `entry at ${hash} has another hash: ${quote(text)}`);
      }
    }
    throw fault;
  }
}

/** Joins the strings of one record, each of up to 255 bytes. */
function join(strings: readonly string[]): string {
  return strings.join('');
}

function asDnsdiscError(error: unknown): DnsdiscError {
  if (error instanceof DnsdiscError) return error;
  throw error;
}
