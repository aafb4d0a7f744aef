import { equalBytes } from '@devp2p/bytes';

interface Entry {
  readonly hash: Uint8Array;
  readonly record: Uint8Array;
}

/** Kinds of records that are cached. */
const kinds = { bodies: 0, receipts: 1 } as const;

export type CachedRecord = keyof typeof kinds;

/** What an entry takes besides its bytes: objects, a map's slot, the allocation. A generous guess. */
const entryOverhead = 256;

/**
 * Records that peers asked for of late, by block hash: nodes that catch up all ask for the same blocks. Entries are in
 * one of two generations; one that is found moves to the new one, and when that holds half of the limit, the old one is
 * dropped with all that was not asked for again.
 */
export class RecordCache {
  readonly #maxGeneration: number;
  #new = new Map<number, Entry>();
  #old = new Map<number, Entry>();
  /** Of the new generation. */
  #bytes = 0;

  /** @param maxBytes of all entries together */
  constructor(maxBytes: number) {
    this.#maxGeneration = maxBytes / 2;
  }

  get(kind: CachedRecord, hash: Uint8Array): Uint8Array | undefined {
    const key = keyOf(kind, hash);
    const young = this.#new.get(key);
    const entry = young ?? this.#old.get(key);
    if (entry === undefined || !equalBytes(entry.hash, hash)) return undefined;
    if (young === undefined) this.#add(key, entry);
    return entry.record;
  }

  /** @param record must not change later */
  set(kind: CachedRecord, hash: Uint8Array, record: Uint8Array): void {
    this.#add(keyOf(kind, hash), { hash: hash.slice(), record });
  }

  #add(key: number, entry: Entry): void {
    const size = entry.record.length + entryOverhead;
    if (size > this.#maxGeneration || this.#new.has(key)) return;
    if (this.#bytes + size > this.#maxGeneration) {
      this.#old = this.#new;
      this.#new = new Map();
      this.#bytes = 0;
    }
    this.#bytes += size;
    this.#new.set(key, entry);
  }
}

/** Of 48 bits of the hash, which are few enough for a number and enough to meet nobody. */
function keyOf(kind: CachedRecord, hash: Uint8Array): number {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
  return (view.getUint32(0) * 2 ** 16 + view.getUint16(4)) * 2 + kinds[kind];
}
