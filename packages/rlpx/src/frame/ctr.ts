import { type Cipher, createCipheriv } from 'node:crypto';

/** How much key stream is made in one call for the short pieces, in bytes. */
const keyStreamLength = 1024;
const zeros: Uint8Array = new Uint8Array(keyStreamLength);
/** RLPx uses a fresh key for every connection, with an initial counter of zero. */
const zeroIv: Uint8Array = new Uint8Array(16);
/** Up to this many bytes are combined here; a call into OpenSSL costs as much as about this many. */
const maxShort = 1024;

/**
 * AES-256-CTR, which encrypts and decrypts alike, as one endless stream. A call into OpenSSL costs a microsecond
 * whatever its length, more than all else that a small frame needs, so key stream for many of those is fetched at once.
 */
export class Ctr {
  readonly #cipher: Cipher;
  #ahead: Uint8Array = zeros;
  /** Where the unused part of `#ahead` begins. */
  #at = keyStreamLength;

  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-256-ctr', key, zeroIv);
  }

  /** Puts `input[start, end)`, combined with the key stream, into `output` from `at` on. They may be the same place. */
  apply(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): void {
    let from = start;
    let to = at;
    while (from < end) {
      if (this.#at === this.#ahead.length) {
        if (end - from > maxShort) {
          output.set(this.#cipher.update(input.subarray(from, end)), to);
          return;
        }
        this.#ahead = this.#cipher.update(zeros);
        this.#at = 0;
      }
      const length = Math.min(end - from, this.#ahead.length - this.#at);
      xor(input, from, this.#ahead, this.#at, output, to, length);
      this.#at += length;
      from += length;
      to += length;
    }
  }
}

function xor(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  out: Uint8Array,
  outAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    out[outAt + i] = (a[aAt + i] as number) ^ (b[bAt + i] as number);
  }
}
