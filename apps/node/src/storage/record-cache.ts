import { equalBytes } from '@devp2p/bytes';

interface Entry {
  readonly hash: Uint8Array;
  readonly record: Uint8Array;
}

/** Kinds of records that are cached. */
const kinds = { bodies: 0, receipts: 1 } as const;

export type CachedRecord = keyof typeof kinds;

/** Memory of an entry besides its bytes: objects, map slot and allocation, estimated high. */
const entryOverhead = 256;

/**
 * Recently requested records by block hash: syncing peers request the same blocks. There are two generations of entries.
 * An entry that is read moves to the new generation; when that has half of the limit, the old generation is dropped with
 * the entries that were not read again.
 */
export class RecordCache {
  readonly #maxGeneration: number;
  #new = new Map<number, Entry>();
  #old = new Map<number, Entry>();
  /** Size of the new generation. */
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

  /** @param record is not copied, so it must not change */
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

/** A key of 48 bits of the hash, which fit into a number and rarely collide. */
function keyOf(kind: CachedRecord, hash: Uint8Array): number {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength);
  return (view.getUint32(0) * 2 ** 16 + view.getUint16(4)) * 2 + kinds[kind];
}
