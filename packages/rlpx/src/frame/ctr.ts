import { type Cipher, createCipheriv } from 'node:crypto';

/** Length of the key stream that one call generates for short pieces, in bytes. */
const keyStreamLength = 1024;
const zeros: Uint8Array = new Uint8Array(keyStreamLength);
/** RLPx uses a fresh key for every connection, with an initial counter of zero. */
const zeroIv: Uint8Array = new Uint8Array(16);
/** Up to this many bytes are combined in JavaScript; a call into OpenSSL costs about as much as this many. */
const maxShort = 1024;

/**
 * AES-256-CTR as one continuous stream; encryption and decryption are the same. A call into OpenSSL costs a microsecond
 * at any length, more than the rest of the work on a small frame, so one call generates key stream for many of them.
 */
export class Ctr {
  readonly #cipher: Cipher;
  #keyStream: Uint8Array = zeros;
  /** Start of the unused part of `#keyStream`. */
  #at = keyStreamLength;

  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv('aes-256-ctr', key, zeroIv);
  }

  /** Writes `input[start, end)`, combined with the key stream, to `output` from `at` on. Both may be the same bytes. */
  apply(input: Uint8Array, start: number, end: number, output: Uint8Array, at: number): void {
    let from = start;
    let to = at;
    while (from < end) {
      if (this.#at === this.#keyStream.length) {
        if (end - from > maxShort) {
          output.set(this.#cipher.update(input.subarray(from, end)), to);
          return;
        }
        this.#keyStream = this.#cipher.update(zeros);
        this.#at = 0;
      }
      const length = Math.min(end - from, this.#keyStream.length - this.#at);
      xor(input, from, this.#keyStream, this.#at, output, to, length);
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
