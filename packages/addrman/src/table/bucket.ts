import { sha256 } from '@noble/hashes/sha2.js';

/** How many buckets there are, and how large they are. */
export interface Layout {
  readonly newBuckets: number;
  readonly triedBuckets: number;
  readonly bucketSize: number;
}

/** New buckets that addresses from one group of sources are spread over (Bitcoin Core, `addrman_impl.h`). */
const NEW_BUCKETS_PER_SOURCE_GROUP = 64;
/** Tried buckets that addresses of one group are spread over (ibid.). */
const TRIED_BUCKETS_PER_GROUP = 8;

const BLANK = sha256.create();

const NEW = 0x4e; // N
const TRIED = 0x4b; // K

/**
 * Where an address goes: Bitcoin Core's formulas, keyed with a secret so that nobody outside can aim. The node id is
 * no part of them, for ids cost nothing.
 *
 * Groups and addresses are strings of bytes; a slot is bucket · size + position.
 */
export class Buckets {
  readonly key: Uint8Array;
  readonly #layout: Layout;
  readonly #input = new Uint8Array(32 + 128);
  readonly #view = new DataView(this.#input.buffer);
  /** The input by its length, so that no view of it is made twice. */
  readonly #prefixes: Uint8Array[] = [];
  readonly #hasher = sha256.create();
  readonly #digest = new Uint8Array(32);
  readonly #words = new DataView(this.#digest.buffer);
  #length = 0;

  /** @param key - 32 secret bytes. */
  constructor(key: Uint8Array, layout: Layout) {
    this.key = key;
    this.#layout = layout;
    this.#input.set(key);
  }

  /** The bucket among the new ones of an address of `group` that came from `sourceGroup`. */
  newBucket(group: string, sourceGroup: string): number {
    const spread = this.#begin()
      .#text(group)
      .#text(sourceGroup)
      .#modulo(NEW_BUCKETS_PER_SOURCE_GROUP);
    return this.#begin().#text(sourceGroup).#uint64(spread).#modulo(this.#layout.newBuckets);
  }

  /** The bucket among the tried ones of an address of `group`. */
  triedBucket(group: string, ip: string, port: number): number {
    const spread = this.#begin().#address(ip, port).#modulo(TRIED_BUCKETS_PER_GROUP);
    return this.#begin().#text(group).#uint64(spread).#modulo(this.#layout.triedBuckets);
  }

  /** The slot of an address in one of the new buckets. */
  newSlot(bucket: number, ip: string, port: number): number {
    return this.#slot(NEW, bucket, ip, port);
  }

  /** The slot of an address in one of the tried buckets. */
  triedSlot(bucket: number, ip: string, port: number): number {
    return this.#slot(TRIED, bucket, ip, port);
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

  /** Length, the address as IPv6, and the port. */
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

  /** The first eight bytes of a double SHA-256, as a little-endian number, modulo `count`. */
  #modulo(count: number): number {
    this.#prefixes[this.#length] ??= this.#input.subarray(0, this.#length);
    this.#hash(this.#prefixes[this.#length] as Uint8Array);
    this.#hash(this.#digest);
    const high = this.#words.getUint32(4, true) % count;
    return (high * (2 ** 32 % count) + this.#words.getUint32(0, true)) % count;
  }

  /** In place of `sha256(…)`, which makes everything anew and takes twice as long for what is one or two blocks. */
  #hash(input: Uint8Array): void {
    BLANK._cloneInto(this.#hasher).update(input).digestInto(this.#digest);
  }
}
