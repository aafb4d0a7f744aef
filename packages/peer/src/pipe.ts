/// <reference types="node" preserve="true" />

import { array, bytes, positive, type Rules } from '@devp2p/options';
import { check } from './check-options.ts';
import { PeerError } from './error.ts';
import { wrongPayload } from './protocol/channel.ts';
import { Queue } from './session/queue.ts';
import type { Address, Message, MessageStream } from './stream.ts';

export type { Address, Message, MessageStream } from './stream.ts';

/** Options of {@link streamPair}. Sizes in bytes of payload. */
export interface StreamPairOptions {
  /** Public keys of the first and the second end, 64 bytes each. @default 64 times 1, 64 times 2 */
  readonly ids?: readonly [Uint8Array, Uint8Array];
  /** Addresses of the first and the second end. @default none */
  readonly addresses?: readonly [Address, Address];
  /** Unread bytes from which on the writer is `congested` and `write` waits. @default 1_048_576 */
  readonly highWaterMark?: number;
  /** Unread bytes above which `write` is refused. @default 16_777_216 */
  readonly hardLimit?: number;
}

const rules: Rules<StreamPairOptions> = {
  ids: array,
  addresses: array,
  highWaterMark: positive,
  hardLimit: positive,
};

/**
 * Creates the two ends of a connection in memory: messages of one end are read at the other at once,
 * in order, without copies. The first end dialed. For tests of protocols and for simulations.
 *
 * When one end is closed or destroyed, the other ends cleanly after the written messages. When it is
 * destroyed with an error, the other end fails like after a reset: it drops unread messages and fails
 * with `stream`, with the error as its `cause`.
 */
export function streamPair(options: StreamPairOptions = {}): [MessageStream, MessageStream] {
  check.options('streamPair', options, rules);
  if (options.ids !== undefined) check.elements('ids', options.ids, bytes(64));
  const { ids = [new Uint8Array(64).fill(1), new Uint8Array(64).fill(2)], addresses } = options;
  const { highWaterMark = 1_048_576, hardLimit = 16_777_216 } = options;
  const forward = new Direction(highWaterMark, hardLimit);
  const backward = new Direction(highWaterMark, hardLimit);
  return [
    pipeEnd(backward, forward, {
      inbound: false,
      localId: ids[0],
      remoteId: ids[1],
      ...(addresses && { localAddress: addresses[0], remoteAddress: addresses[1] }),
    }),
    pipeEnd(forward, backward, {
      inbound: true,
      localId: ids[1],
      remoteId: ids[0],
      ...(addresses && { localAddress: addresses[1], remoteAddress: addresses[0] }),
    }),
  ];
}

type Endpoints = 'inbound' | 'localId' | 'remoteId' | 'localAddress' | 'remoteAddress';

function pipeEnd(incoming: Direction, outgoing: Direction, endpoints: Pick<MessageStream, Endpoints>): MessageStream {
  const destroy = (error?: Error): void => {
    if (error === undefined) outgoing.finish();
    else outgoing.fail(new PeerError('stream', 'the remote end of the pipe failed', { cause: error }));
    incoming.fail(new PeerError('closed', 'this end of the pipe is closed'));
  };
  return {
    ...endpoints,
    get congested() {
      return outgoing.congested;
    },
    read: ({ signal } = {}) => incoming.read(signal),
    write: (code, payload) => outgoing.write(code, payload),
    enableCompression: () => {}, // Compression saves nothing in memory.
    close: async () => destroy(), // Written messages stay readable without a flush.
    destroy,
    closed: incoming.closed,
  };
}

interface Pending<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** One direction of a pipe. */
class Direction {
  /** Resolves when no further message can be read. */
  readonly closed: Promise<void>;
  readonly #highWaterMark: number;
  readonly #hardLimit: number;
  readonly #unread = new Queue<Message>();
  #unreadBytes = 0;
  #reader: Pending<Message | undefined> | undefined;
  #writers: (Pending<number> & { readonly bytes: number })[] = [];
  #state: 'open' | 'finished' | PeerError = 'open';
  #resolveClosed: (() => void) | undefined;

  constructor(highWaterMark: number, hardLimit: number) {
    this.#highWaterMark = highWaterMark;
    this.#hardLimit = hardLimit;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get congested(): boolean {
    return this.#unreadBytes >= this.#highWaterMark;
  }

  read(signal: AbortSignal | undefined): Promise<Message | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const message = this.#unread.shift();
    if (message !== undefined) {
      this.#unreadBytes -= message.payload.length;
      if (!this.congested) {
        for (const writer of this.#writers.splice(0)) writer.resolve(writer.bytes);
      }
      return Promise.resolve(message);
    }
    if (this.#state === 'finished') this.#resolveClosed?.();
    if (this.#state === 'finished') return Promise.resolve(undefined);
    if (this.#state !== 'open') return Promise.reject(this.#state);
    return this.#waitForMessage(signal);
  }

  write(code: number, payload: Uint8Array): Promise<number> {
    if (!(payload instanceof Uint8Array)) return Promise.reject(wrongPayload(payload));
    const bytes = payload.length;
    if (this.#state === 'finished') {
      return Promise.reject(new PeerError('closed', 'this end of the pipe is closed'));
    }
    if (this.#state !== 'open') return Promise.reject(this.#state);
    if (this.#unreadBytes + bytes > this.#hardLimit) {
      return Promise.reject(
        new PeerError('overflow', `${this.#unreadBytes} bytes are buffered, ${bytes} more exceed ${this.#hardLimit}`),
      );
    }
    const message = { code, payload, wireSize: bytes };
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(message);
      return Promise.resolve(bytes);
    }
    this.#unread.push(message);
    this.#unreadBytes += bytes;
    if (!this.congested) return Promise.resolve(bytes);
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject, bytes }));
  }

  /** Ends writing. Unread messages can still be read. */
  finish(): void {
    if (this.#state !== 'open') return;
    this.#state = 'finished';
    // Written messages stay readable, so pending writes resolve.
    for (const writer of this.#writers.splice(0)) writer.resolve(writer.bytes);
    if (this.#reader === undefined) return;
    this.#resolveClosed?.();
    this.#reader.resolve(undefined);
    this.#reader = undefined;
  }

  /** Fails both sides and drops unread messages. */
  fail(error: PeerError): void {
    if (this.#state instanceof PeerError) return;
    this.#state = error;
    this.#unread.clear();
    this.#unreadBytes = 0;
    this.#resolveClosed?.();
    for (const writer of this.#writers.splice(0)) writer.reject(error);
    this.#reader?.reject(error);
    this.#reader = undefined;
  }

  #waitForMessage(signal: AbortSignal | undefined): Promise<Message | undefined> {
    if (this.#reader !== undefined) {
      return Promise.reject(new PeerError('invalid-option', 'another read is pending'));
    }
    return new Promise((resolve, reject) => {
      if (signal === undefined) {
        this.#reader = { resolve, reject };
        return;
      }
      const onAbort = (): void => {
        this.#reader = undefined;
        reject(signal.reason);
      };
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#reader = {
        resolve: (message) => {
          settle();
          resolve(message);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
    });
  }
}
