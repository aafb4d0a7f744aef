/** Hashes that are remembered for a peer (go-ethereum, `maxKnownTxs`). */
const maxHashes = 32_768;
const firstCapacity = 256;

/**
 * The transactions that a peer knows, the oldest ones forgotten. Each takes 16 bytes: eight bytes of its hash in a ring,
 * and two slots of a table that finds them. A collision of eight bytes is not sent to the peer, which then learns it from
 * others.
 */
export class KnownHashes {
  /** Mixed into the place of a hash in the table: a peer that chooses hashes does not know which ones collide. */
  readonly #salt: number;
  readonly #factor: number;
  #capacity = firstCapacity;
  #ring: Uint32Array = new Uint32Array(2 * firstCapacity);
  /** Index in the ring plus one, with linear probing; 0 for a free slot. */
  #slots: Uint32Array = new Uint32Array(2 * firstCapacity);
  #next = 0;
  #size = 0;

  /** @param secret 64 random bits */
  constructor(secret: readonly [number, number]) {
    this.#salt = secret[0] >>> 0;
    this.#factor = secret[1] | 1;
  }

  get size(): number {
    return this.#size;
  }

  has(hash: Uint8Array): boolean {
    return this.#slots[this.#find(word(hash, 0), word(hash, 4))] !== 0;
  }

  /** @returns whether it was not known before */
  add(hash: Uint8Array): boolean {
    const high = word(hash, 0);
    const low = word(hash, 4);
    if (this.#slots[this.#find(high, low)] !== 0) return false;
    if (this.#size === this.#capacity) {
      if (this.#capacity < maxHashes) this.#grow();
      else this.#removeOldest();
    }
    this.#put(high, low);
    return true;
  }

  #put(high: number, low: number): void {
    const index = this.#next;
    this.#ring[2 * index] = high;
    this.#ring[2 * index + 1] = low;
    this.#slots[this.#find(high, low)] = index + 1;
    this.#next = (index + 1) % this.#capacity;
    this.#size++;
  }

  /** The slot of a hash, or the free slot in which it would be. */
  #find(high: number, low: number): number {
    const slots = this.#slots;
    const ring = this.#ring;
    const mask = slots.length - 1;
    for (let at = this.#home(high, low); ; at = (at + 1) & mask) {
      const index = slots[at] as number;
      if (index === 0 || (ring[2 * index - 2] === high && ring[2 * index - 1] === low)) return at;
    }
  }

  #home(high: number, low: number): number {
    let mixed = Math.imul(high ^ this.#salt, this.#factor);
    mixed = Math.imul((mixed ^ (mixed >>> 15)) + low, this.#factor);
    return (mixed ^ (mixed >>> 16)) & (this.#slots.length - 1);
  }

  /** Removes the entry that the next one overwrites, and closes the gap in the table. */
  #removeOldest(): void {
    const index = this.#next;
    const slots = this.#slots;
    const ring = this.#ring;
    const mask = slots.length - 1;
    let gap = this.#find(ring[2 * index] as number, ring[2 * index + 1] as number);
    for (let at = (gap + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const other = slots[at] as number;
      const home = this.#home(ring[2 * other - 2] as number, ring[2 * other - 1] as number);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = other;
      gap = at;
    }
    slots[gap] = 0;
    this.#size--;
  }

  #grow(): void {
    const ring = this.#ring;
    const count = this.#size;
    this.#capacity *= 2;
    this.#ring = new Uint32Array(2 * this.#capacity);
    this.#slots = new Uint32Array(2 * this.#capacity);
    this.#next = 0;
    this.#size = 0;
    // Below the maximum nothing has been removed: the ring begins with the oldest.
    for (let i = 0; i < count; i++) this.#put(ring[2 * i] as number, ring[2 * i + 1] as number);
  }
}

function word(hash: Uint8Array, at: number): number {
  const [a, b, c, d] = [hash[at], hash[at + 1], hash[at + 2], hash[at + 3]] as [number, number, number, number];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
