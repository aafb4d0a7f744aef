import { sha256 } from '@noble/hashes/sha2.js';

/** Number and size of the buckets. */
export interface Layout {
  readonly newBuckets: number;
  readonly triedBuckets: number;
  readonly bucketSize: number;
}

/** New buckets for all addresses from one group of sources (Bitcoin Core, `addrman_impl.h`). */
const newBucketsPerSourceGroup = 64;
/** Tried buckets for all addresses of one group (Bitcoin Core, `addrman_impl.h`). */
const triedBucketsPerGroup = 8;

const blankHasher = sha256.create();

const newTag = 0x4e; // N
const triedTag = 0x4b; // K

/**
 * Bucket and position of an address: Bitcoin Core's formulas, keyed with a secret so that an attacker cannot choose a
 * slot. The node id is not an input, since ids cost nothing.
 *
 * Groups and addresses are strings of bytes; a slot is bucket · size + position.
 */
export class Buckets {
  readonly key: Uint8Array;
  readonly #layout: Layout;
  readonly #input = new Uint8Array(32 + 128);
  readonly #view = new DataView(this.#input.buffer);
  /** Views of the input by length, so that each is created once. */
  readonly #prefixes: Uint8Array[] = [];
  readonly #hasher = sha256.create();
  readonly #digest = new Uint8Array(32);
  readonly #words = new DataView(this.#digest.buffer);
  #length = 0;

  /** @param key 32 secret bytes */
  constructor(key: Uint8Array, layout: Layout) {
    this.key = key;
    this.#layout = layout;
    this.#input.set(key);
  }

  /** Returns the bucket of the new table for an address of `group` from a source of `sourceGroup`. */
  newBucket(group: string, sourceGroup: string): number {
    const spread = this.#begin().#text(group).#text(sourceGroup).#modulo(newBucketsPerSourceGroup);
    return this.#begin().#text(sourceGroup).#uint64(spread).#modulo(this.#layout.newBuckets);
  }

  /** Returns the bucket of the tried table for an address of `group`. */
  triedBucket(group: string, ip: string, port: number): number {
    const spread = this.#begin().#address(ip, port).#modulo(triedBucketsPerGroup);
    return this.#begin().#text(group).#uint64(spread).#modulo(this.#layout.triedBuckets);
  }

  /** Returns the slot of an address in a bucket of the new table. */
  newSlot(bucket: number, ip: string, port: number): number {
    return this.#slot(newTag, bucket, ip, port);
  }

  /** Returns the slot of an address in a bucket of the tried table. */
  triedSlot(bucket: number, ip: string, port: number): number {
    return this.#slot(triedTag, bucket, ip, port);
  }

  #slot(table: number, bucket: number, ip: string, port: number): number {
    const { bucketSize } = this.#layout;
    const position = this.#begin().#byte(table).#int32(bucket).#address(ip, port);
    return bucket * bucketSize + position.#modulo(bucketSize);
  }

  #begin(): this {
    this.#length = this.key.length;
    return this;
  }

  #byte(value: number): this {
    this.#input[this.#length++] = value;
    return this;
  }

  #int32(value: number): this {
    this.#view.setInt32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  #uint64(value: number): this {
    return this.#int32(value).#int32(0);
  }

  #text(text: string): this {
    this.#byte(text.length);
    for (let i = 0; i < text.length; i++) this.#byte(text.charCodeAt(i));
    return this;
  }

  /** Appends the length, the address as IPv6, and the port. */
  #address(ip: string, port: number): this {
    this.#byte(18);
    if (ip.length === 4) {
      this.#input.fill(0, this.#length, this.#length + 10);
      this.#length += 10;
      this.#byte(0xff).#byte(0xff);
    }
    for (let i = 0; i < ip.length; i++) this.#byte(ip.charCodeAt(i));
    return this.#byte(port >>> 8).#byte(port & 0xff);
  }

  /** Returns the first eight bytes of a double SHA-256, as a little-endian number, modulo `count`. */
  #modulo(count: number): number {
    this.#prefixes[this.#length] ??= this.#input.subarray(0, this.#length);
    this.#hash(this.#prefixes[this.#length] as Uint8Array);
    this.#hash(this.#digest);
    const high = this.#words.getUint32(4, true) % count;
    return (high * (2 ** 32 % count) + this.#words.getUint32(0, true)) % count;
  }

  /** Faster than `sha256(…)`, which creates all its state anew and takes twice as long for one or two blocks. */
  #hash(input: Uint8Array): void {
    blankHasher._cloneInto(this.#hasher).update(input).digestInto(this.#digest);
  }
}
