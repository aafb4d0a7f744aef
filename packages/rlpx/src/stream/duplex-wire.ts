import type { Duplex } from 'node:stream';
import { concat } from '../bytes.ts';
import { RlpxError } from '../error.ts';
import type { HandshakeWire } from '../handshake/handshake-packet.ts';
import { transportError } from './stream.ts';

interface Wait {
  readonly length: number;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A transport during the handshake. It is paused whenever the handshake wants nothing, so that no more is held than
 * what the handshake waits for, or the chunk that brought the end of it until the turn is over.
 */
export class DuplexWire implements HandshakeWire {
  readonly #duplex: Duplex;
  readonly #advice: string;
  #held: Uint8Array = new Uint8Array(0);
  #unsent: Uint8Array = new Uint8Array(0);
  #wait: Wait | undefined;
  #error: unknown;
  #over = false;

  /** @param advice what to check when the remote ends the handshake, for the end of the message */
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
    if (this.#over) return Promise.reject(this.#error);
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

  /** Keeps the bytes until the remote's are asked for; what is last goes out with the frames behind it. */
  write(bytes: Uint8Array): void {
    this.#unsent = concat(this.#unsent, bytes);
  }

  /**
   * Lets go of the transport, which is left paused.
   *
   * @returns what came behind the handshake, and what of it is still to be sent.
   * @throws what it has failed with.
   */
  release(): { received: Uint8Array; unsent: Uint8Array } {
    if (this.#over) throw this.#error;
    this.#duplex.off('data', this.#onData);
    this.#duplex.off('end', this.#onEnd);
    this.#duplex.off('error', this.#onError);
    this.#duplex.off('close', this.#onEnd);
    return { received: this.#held, unsent: this.#unsent };
  }

  /** Forgets everything and destroys the transport. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
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
    this.#held = concat(this.#held, chunk);
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
