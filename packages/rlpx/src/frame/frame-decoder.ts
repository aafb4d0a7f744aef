import { concatBytes } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { check } from '../check-options.ts';
import { RlpxError } from '../error.ts';
import { type FrameSecrets, secretsRules } from '../handshake/handshake.ts';
import { Ctr } from './ctr.ts';
import {
  encodedLength,
  type Frame,
  FrameMac,
  headerLength,
  maxFrameSize,
  paddedLength,
  taggedHeaderLength,
  tagLength,
} from './frame.ts';
import { messageCodeLength, readMessageCode } from './message-code.ts';

/**
 * Most bytes that are allocated for a body ahead of its data, since a size in a header costs the remote nothing. The
 * figure of Bitcoin Core for the payload of a message.
 */
const maxPreallocation = 256 * 1024;
const emptyBytes: Uint8Array = new Uint8Array(0);

type State = 'header' | 'body' | 'tag' | 'broken';

/**
 * Decodes frames from chunks of any length. Work and memory are linear in the received bytes: at most 256 KiB are
 * allocated ahead of them. Holds a keccak state until {@link close}.
 */
export class FrameDecoder {
  readonly #maxSize: number;
  readonly #ctr: Ctr;
  readonly #mac: FrameMac;
  #state: State = 'header';

  /** Bytes to consume: `#chunk` from `#at` on, then the queued chunks. */
  #chunk: Uint8Array = emptyBytes;
  #at = 0;
  readonly #queue: Uint8Array[] = [];

  /** Start of an incomplete header or tag. */
  readonly #part: Uint8Array = new Uint8Array(taggedHeaderLength);
  #partLength = 0;

  /** The current body: its length without padding, the bytes that are missing, and the decrypted bytes. */
  #size = 0;
  #missing = 0;
  #blocks: Uint8Array[] = [];
  /** End of the filled part of the last block. */
  #filled = 0;

  /**
   * @param maxSize longest accepted body, message code included, in bytes
   * @throws RlpxError `invalid-option`
   */
  constructor(crypto: Crypto, secrets: FrameSecrets, maxSize: number = maxFrameSize) {
    this.#maxSize = maxSize;
    check.fields('secrets', secrets, secretsRules);
    this.#ctr = new Ctr(secrets.aes);
    this.#mac = new FrameMac(crypto, secrets.mac, secrets.ingress);
  }

  /** Whether a frame is incomplete. The end of the stream is clean only between frames. */
  get midFrame(): boolean {
    return this.#state !== 'header' || this.#partLength > 0;
  }

  /** Adds received bytes. They must not change until they are consumed. */
  push(chunk: Uint8Array): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = chunk;
      this.#at = 0;
    } else {
      this.#queue.push(chunk);
    }
  }

  /**
   * Decodes the next frame.
   *
   * @returns undefined when more bytes are needed.
   * @throws RlpxError `mac-mismatch`, `frame-too-large` or `malformed-frame`; no further frame can be decoded then.
   */
  next(): Frame | undefined {
    for (;;) {
      switch (this.#state) {
        case 'header': {
          const header = this.#take(taggedHeaderLength);
          if (header === undefined) return undefined;
          this.#decodeHeader(header);
          break;
        }
        case 'body':
          if (!this.#receiveBody()) return undefined;
          this.#state = 'tag';
          break;
        case 'tag': {
          const tag = this.#take(tagLength);
          if (tag === undefined) return undefined;
          return this.#decodeBody(tag);
        }
        case 'broken':
          throw new RlpxError('mac-mismatch', 'no frame can be decoded after an invalid one');
      }
    }
  }

  close(): void {
    this.#state = 'broken';
    this.#mac.close();
    this.#chunk = emptyBytes;
    this.#at = 0;
    this.#queue.length = 0;
    this.#blocks = [];
  }

  #decodeHeader(header: Uint8Array): void {
    // The size is trusted only after the tag is verified.
    this.#check(this.#mac.header(header), header.subarray(headerLength));
    this.#ctr.apply(header, 0, headerLength, this.#part, 0);
    const [high = 0, middle = 0, low = 0] = this.#part;
    const size = (high << 16) | (middle << 8) | low;
    if (size > this.#maxSize) {
      this.#state = 'broken';
      throw new RlpxError('frame-too-large', `frame of ${size} bytes, more than ${this.#maxSize}`);
    }
    this.#size = size;
    this.#missing = paddedLength(size);
    this.#state = 'body';
  }

  #receiveBody(): boolean {
    while (this.#missing > 0) {
      if (!this.#advance()) return false;
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#filled === block.length) {
        block = new Uint8Array(Math.min(this.#missing, maxPreallocation));
        this.#blocks.push(block);
        this.#filled = 0;
      }
      const length = Math.min(block.length - this.#filled, this.#chunk.length - this.#at);
      const end = this.#at + length;
      this.#mac.absorb(this.#chunk.subarray(this.#at, end));
      this.#ctr.apply(this.#chunk, this.#at, end, block, this.#filled);
      this.#at = end;
      this.#filled += length;
      this.#missing -= length;
    }
    return true;
  }

  #decodeBody(tag: Uint8Array): Frame {
    this.#check(this.#mac.body(), tag);
    const blocks = this.#blocks;
    const padded = blocks.length === 1 ? (blocks[0] as Uint8Array) : concatBytes(...blocks);
    const body = padded.subarray(0, this.#size);
    this.#blocks = [];
    this.#state = 'broken';
    const code = readMessageCode(body);
    this.#state = 'header';
    return {
      code,
      payload: body.subarray(messageCodeLength(code)),
      wireSize: encodedLength(this.#size),
    };
  }

  /** Compares the first 16 bytes in constant time. */
  #check(expected: Uint8Array, tag: Uint8Array): void {
    let difference = 0;
    for (let i = 0; i < tagLength; i++) {
      difference |= (expected[i] as number) ^ (tag[i] as number);
    }
    if (difference === 0) return;
    this.#state = 'broken';
    this.#blocks = [];
    throw new RlpxError('mac-mismatch', 'frame does not authenticate');
  }

  /** The next `length` bytes, if all have arrived. Valid until the next call. */
  #take(length: number): Uint8Array | undefined {
    if (this.#partLength === 0 && this.#chunk.length - this.#at >= length) {
      const from = this.#at;
      this.#at += length;
      return this.#chunk.subarray(from, this.#at);
    }
    while (this.#partLength < length) {
      if (!this.#advance()) return undefined;
      const end = Math.min(this.#at + length - this.#partLength, this.#chunk.length);
      this.#part.set(this.#chunk.subarray(this.#at, end), this.#partLength);
      this.#partLength += end - this.#at;
      this.#at = end;
    }
    this.#partLength = 0;
    return this.#part.subarray(0, length);
  }

  /** Takes the next chunk when the current one is consumed. @returns whether there are bytes to consume. */
  #advance(): boolean {
    while (this.#at === this.#chunk.length) {
      const next = this.#queue.shift();
      if (next === undefined) {
        // Releases the consumed chunk.
        this.#chunk = emptyBytes;
        this.#at = 0;
        return false;
      }
      this.#chunk = next;
      this.#at = 0;
    }
    return true;
  }
}
