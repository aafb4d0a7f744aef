import { type Cipher, createCipheriv } from 'node:crypto';
import type { Crypto, Keccak256 } from '@devp2p/crypto';
import { messageCodeLength } from './message-code.ts';

/** Largest body of a frame in bytes: its size is written in 24 bits. Every limit on messages comes from here. */
export const maxFrameSize: number = 2 ** 24 - 1;

export const headerLength = 16;
export const tagLength = 16;
/** A header and its tag. */
export const taggedHeaderLength: number = headerLength + tagLength;

/** One frame is one message. */
export interface Frame {
  readonly code: number;
  /** The caller's own. */
  readonly payload: Uint8Array;
  /** Length on the wire, in bytes. */
  readonly wireSize: number;
}

/** Length on the wire of a message, in bytes. */
export function frameLength(code: number, payloadLength: number): number {
  return encodedLength(messageCodeLength(code) + payloadLength);
}

/** Length on the wire of a frame with a body of this size. */
export function encodedLength(size: number): number {
  return taggedHeaderLength + paddedLength(size) + tagLength;
}

/** Bodies are filled up with zeros to whole blocks of AES. */
export function paddedLength(size: number): number {
  return (size + 15) & ~15;
}

/** The MAC of one direction: a sponge that runs on over all frames, with AES mixed in. */
export class FrameMac {
  readonly #sponge: Keccak256;
  readonly #cipher: Cipher;

  constructor(crypto: Crypto, key: Uint8Array, start: Uint8Array) {
    this.#sponge = crypto.createKeccak256().update(start);
    this.#cipher = createCipheriv('aes-256-ecb', key, null);
  }

  absorb(data: Uint8Array): void {
    this.#sponge.update(data);
  }

  /** Mixes in an encrypted header and returns its tag in the first 16 bytes. */
  header(sealed: Uint8Array): Uint8Array {
    return this.#mix(this.#sponge.digest(), sealed);
  }

  /** Returns the tag of the body that was absorbed, in the first 16 bytes. */
  body(): Uint8Array {
    const state = this.#sponge.digest();
    return this.#mix(state, state);
  }

  close(): void {
    this.#sponge.close();
  }

  #mix(state: Uint8Array, data: Uint8Array): Uint8Array {
    const seed = this.#cipher.update(state.subarray(0, tagLength));
    for (let i = 0; i < tagLength; i++) seed[i] = (seed[i] as number) ^ (data[i] as number);
    return this.#sponge.update(seed).digest();
  }
}
