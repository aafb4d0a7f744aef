/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash whose results cannot be foreseen without the key. 64-bit
 * words are pairs of 32-bit halves, since bigints are fifty times slower.
 */

/** Key of 16 bytes. */
export type SipKey = Uint8Array;

/** The state of the hash after a prefix of whole words, from which it continues with different ends. */
export class SipState {
  /** v0, v1, v2, v3, each as low and high half. */
  readonly #v: Int32Array;
  readonly #length: number;

  private constructor(v: Int32Array, length: number) {
    this.#v = v;
    this.#length = length;
  }

  /**
   * Begins a hash.
   *
   * @param prefix of a length that is a multiple of 8
   */
  static of(key: SipKey, prefix: Uint8Array): SipState {
    if (key.length !== 16 || prefix.length % 8 !== 0) throw new RangeError('invalid key or prefix of a SipHash');
    const [k0, k1, k2, k3] = [word(key, 0), word(key, 4), word(key, 8), word(key, 12)];
    const v = Int32Array.of(
      k0 ^ 0x70736575,
      k1 ^ 0x736f6d65,
      k2 ^ 0x6e646f6d,
      k3 ^ 0x646f7261,
      k0 ^ 0x6e657261,
      k1 ^ 0x6c796765,
      k2 ^ 0x79746573,
      k3 ^ 0x74656462,
    );
    for (let at = 0; at < prefix.length; at += 8) compress(v, word(prefix, at), word(prefix, at + 4));
    return new SipState(v, prefix.length);
  }

  /**
   * Ends the hash.
   *
   * @returns the 64 bits as high and low half, each from 0 to 2 ** 32 − 1
   */
  finish(end: Uint8Array): readonly [high: number, low: number] {
    const v = this.#v.slice();
    const whole = end.length & ~7;
    for (let at = 0; at < whole; at += 8) compress(v, word(end, at), word(end, at + 4));
    const last = new Uint8Array(8);
    last.set(end.subarray(whole));
    last[7] = this.#length + end.length;
    compress(v, word(last, 0), word(last, 4));
    v[4] = (v[4] as number) ^ 0xff;
    for (let i = 0; i < 4; i++) round(v);
    const [a0, a1, b0, b1, c0, c1, d0, d1] = v as unknown as Eight;
    return [(a1 ^ b1 ^ c1 ^ d1) >>> 0, (a0 ^ b0 ^ c0 ^ d0) >>> 0];
  }
}

type Eight = readonly [number, number, number, number, number, number, number, number];

function compress(v: Int32Array, low: number, high: number): void {
  v[6] = (v[6] as number) ^ low;
  v[7] = (v[7] as number) ^ high;
  round(v);
  round(v);
  v[0] = (v[0] as number) ^ low;
  v[1] = (v[1] as number) ^ high;
}

function round(v: Int32Array): void {
  half(v, 0, 2, 13);
  swap(v, 0);
  half(v, 4, 6, 16);
  half(v, 0, 6, 21);
  half(v, 4, 2, 17);
  swap(v, 4);
}

/** v[a] += v[b]; v[b] = rotl(v[b], bits) ^ v[a]. */
function half(v: Int32Array, a: number, b: number, bits: number): void {
  const low = (v[b] as number) >>> 0;
  const high = (v[b + 1] as number) >>> 0;
  const sum = ((v[a] as number) >>> 0) + low;
  v[a] = sum;
  v[a + 1] = (v[a + 1] as number) + high + (sum > 0xffff_ffff ? 1 : 0);
  v[b] = ((low << bits) | (high >>> (32 - bits))) ^ (v[a] as number);
  v[b + 1] = ((high << bits) | (low >>> (32 - bits))) ^ (v[a + 1] as number);
}

/** Rotation by 32 bits. */
function swap(v: Int32Array, a: number): void {
  const low = v[a] as number;
  v[a] = v[a + 1] as number;
  v[a + 1] = low;
}

function word(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number];
  return a | (b << 8) | (c << 16) | (d << 24);
}
