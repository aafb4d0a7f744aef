import { randomBytes } from '@devp2p/random';

/** A value of {@link SlotMap}. */
export interface Slot {
  readonly slot: bigint;
}

const slotBytes = 32;
/** Whole 32-bit numbers that V8 keeps without a heap object. */
const hashMask = 0x3fffffff;
const twoPow64 = 1n << 64n;

const table = hashTable(new Uint32Array(Uint8Array.from(randomBytes(slotBytes * 256 * 4)).buffer));
const words = new BigUint64Array(4);
const bytes = new Uint8Array(words.buffer);

/**
 * A map from the number of a storage slot to an object of it, in the order of insertion.
 *
 * A `Map` with `bigint` keys is not for keys that others choose: V8 hashes the low 64 bits only, and without a secret, so
 * that slots which differ in their high bits turn every look-up into a search. Here the hash is a tabulation hash with a
 * random table: collisions cannot be chosen.
 */
export class SlotMap<T extends Slot> {
  readonly #buckets = new Map<number, T | T[]>();
  readonly #entries: T[] = [];

  get size(): number {
    return this.#entries.length;
  }

  get(slot: bigint): T | undefined {
    const bucket = this.#buckets.get(slotHash(slot));
    if (bucket === undefined) return undefined;
    if (Array.isArray(bucket)) return bucket.find((entry) => entry.slot === slot);
    return bucket.slot === slot ? bucket : undefined;
  }

  /** Adds an entry whose slot the map does not have. */
  add(entry: T): void {
    const hash = slotHash(entry.slot);
    const bucket = this.#buckets.get(hash);
    if (bucket === undefined) this.#buckets.set(hash, entry);
    else if (Array.isArray(bucket)) bucket.push(entry);
    else this.#buckets.set(hash, [bucket, entry]);
    this.#entries.push(entry);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#entries[Symbol.iterator]();
  }
}

function slotHash(slot: bigint): number {
  words[0] = slot;
  let hash = 0;
  let length = 8;
  if (slot >= twoPow64) {
    words[1] = slot >> 64n;
    words[2] = slot >> 128n;
    words[3] = slot >> 192n;
    length = slotBytes;
  }
  for (let i = 0; i < length; i++) hash ^= table[(i << 8) | (bytes[i] as number)] as number;
  return hash & hashMask;
}

/** Makes the entries of zero bytes 0, so that the hash of a small number needs its low bytes only. */
function hashTable(random: Uint32Array): Uint32Array {
  for (let i = 0; i < slotBytes; i++) random[i << 8] = 0;
  return random;
}
