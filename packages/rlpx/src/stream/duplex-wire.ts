import type { Duplex } from 'node:stream';
import { concatBytes } from '@devp2p/bytes';
import { RlpxError } from '../error.ts';
import type { HandshakeWire } from '../handshake/handshake-packet.ts';
import { transportError } from './stream.ts';

interface Wait {
  readonly length: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Transport during the handshake. It is paused while the handshake waits for no bytes, so that it holds at most the bytes
 * that the handshake waits for, and the chunk that completes them.
 */
export class DuplexWire implements HandshakeWire {
  readonly #duplex: Duplex;
  readonly #advice: string;
  #held: Uint8Array = new Uint8Array(0);
  #unsent: Uint8Array = new Uint8Array(0);
  #wait: Wait | undefined;
  #error: unknown;
  #failed = false;

  /** @param advice hint for the end of the message when the remote ends the handshake */
  constructor(duplex: Duplex, advice = '') {
    this.#duplex = duplex;
    this.#advice = advice;
    duplex.pause();
    duplex.on('data', this.#onData);
    duplex.on('end', this.#onEnd);
    duplex.on('error', this.#onError);
    duplex.on('close', this.#onEnd);
    if (duplex.destroyed || duplex.readableEnded) this.#onEnd();
  }

  peek(length: number): Promise<Uint8Array> {
    this.#send();
    if (this.#held.length >= length) return Promise.resolve(this.#held.subarray(0, length));
    if (this.#failed) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#wait = { length, resolve, reject };
      this.#duplex.resume();
    });
  }

  async take(length: number): Promise<Uint8Array> {
    const bytes = await this.peek(length);
    this.#held = this.#held.subarray(length);
    return bytes;
  }

  /** Buffers the bytes until the next read. The last ones are sent together with the first frames. */
  write(bytes: Uint8Array): void {
    this.#unsent = concatBytes(this.#unsent, bytes);
  }

  /**
   * Detaches from the transport, which stays paused.
   *
   * @returns bytes that were received after the handshake, and bytes of the handshake that are not sent yet.
   * @throws the error with which it has failed.
   */
  release(): { received: Uint8Array; unsent: Uint8Array } {
    if (this.#failed) throw this.#error;
    this.#duplex.off('data', this.#onData);
    this.#duplex.off('end', this.#onEnd);
    this.#duplex.off('error', this.#onError);
    this.#duplex.off('close', this.#onEnd);
    return { received: this.#held, unsent: this.#unsent };
  }

  /** Drops all bytes and destroys the transport. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#error = error;
    this.#held = new Uint8Array(0);
    this.#wait?.reject(error);
    this.#wait = undefined;
    this.#duplex.off('data', this.#onData);
    this.#duplex.destroy();
  }

  #send(): void {
    if (this.#unsent.length === 0) return;
    this.#duplex.write(this.#unsent);
    this.#unsent = new Uint8Array(0);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#held = concatBytes(this.#held, chunk);
    if (this.#wait === undefined || this.#held.length < this.#wait.length) return;
    this.#duplex.pause();
    const { length, resolve } = this.#wait;
    this.#wait = undefined;
    resolve(this.#held.subarray(0, length));
  };

  readonly #onEnd = (): void => {
    this.fail(new RlpxError('truncated', `the remote ended the handshake${this.#advice}`));
  };

  readonly #onError = (error: Error): void => {
    this.fail(transportError(error, this.#advice));
  };
}
