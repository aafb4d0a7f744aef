import { type Cipher, createCipheriv } from 'node:crypto';
import type { Crypto, Keccak256 } from '@devp2p/crypto';
import { messageCodeLength } from './message-code.ts';

/** Longest body of a frame in bytes: its size has 24 bits. */
export const maxFrameSize: number = 2 ** 24 - 1;

export const headerLength = 16;
export const tagLength = 16;
/** A header and its tag. */
export const taggedHeaderLength: number = headerLength + tagLength;

/** A decoded frame: one message. */
export interface Frame {
  readonly code: number;
  /** Owned by the caller. */
  readonly payload: Uint8Array;
  /** Length on the wire, in bytes. */
  readonly wireSize: number;
}

/** Length on the wire of a message, in bytes. */
export function frameLength(code: number, payloadLength: number): number {
  return encodedLength(messageCodeLength(code) + payloadLength);
}

/** Length on the wire of a frame with a body of this length. */
export function encodedLength(size: number): number {
  return taggedHeaderLength + paddedLength(size) + tagLength;
}

/** Length of a body after padding with zeros to whole AES blocks. */
export function paddedLength(size: number): number {
  return (size + 15) & ~15;
}

/** MAC of one direction: a keccak state that continues over all frames, mixed with AES. */
export class FrameMac {
  readonly #keccak: Keccak256;
  readonly #cipher: Cipher;

  constructor(crypto: Crypto, key: Uint8Array, start: Uint8Array) {
    this.#keccak = crypto.createKeccak256().update(start);
    this.#cipher = createCipheriv('aes-256-ecb', key, null);
  }

  absorb(data: Uint8Array): void {
    this.#keccak.update(data);
  }

  /** Mixes in an encrypted header. @returns its tag in the first 16 bytes. */
  header(sealed: Uint8Array): Uint8Array {
    return this.#mix(this.#keccak.digest(), sealed);
  }

  /** @returns the tag of the absorbed body in the first 16 bytes. */
  body(): Uint8Array {
    const state = this.#keccak.digest();
    return this.#mix(state, state);
  }

  close(): void {
    this.#keccak.close();
  }

  #mix(state: Uint8Array, data: Uint8Array): Uint8Array {
    const seed = this.#cipher.update(state.subarray(0, tagLength));
    for (let i = 0; i < tagLength; i++) seed[i] = (seed[i] as number) ^ (data[i] as number);
    return this.#keccak.update(seed).digest();
  }
}
