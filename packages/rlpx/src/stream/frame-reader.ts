import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';
import { RlpxError } from '../error.ts';
import type { Frame } from '../frame/frame.ts';
import type { FrameDecoder } from '../frame/frame-decoder.ts';
import type { Message } from './message.ts';
import { Watchdog } from './watchdog.ts';

/** Settings of a {@link FrameReader}. */
export interface FrameReaderOptions {
  readonly clock: Clock;
  readonly readTimeout: number;
  readonly readAhead: number;
}

/** Stream that owns a {@link FrameReader}. */
export interface FrameReaderHost {
  /** @throws RlpxError when the payload is invalid. */
  decode(frame: Frame): Message;
  /** Called when reading fails. The owner then calls {@link FrameReader.fail}. */
  onError(error: Error): void;
  /** Called when the remote has ended its side between two frames. */
  onEnd(): void;
}

interface PendingRead {
  readonly resolve: (message: Message | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Receiving half of a stream: bytes in, messages out. Frames are decoded as they arrive, up to `readAhead` bytes ahead
 * of the reader; then the transport is paused until the reader has caught up. Payloads are decompressed only when they
 * are read, since a message may change the compression of the next one.
 */
export class FrameReader {
  readonly #duplex: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #readAhead: number;
  readonly #owner: FrameReaderHost;
  readonly #watchdog: Watchdog;

  /** Decoded frames that are not read, and their length on the wire. */
  #frames: Frame[] = [];
  #unread = 0;
  #reader: PendingRead | undefined;
  #paused = false;
  /** Set when no further frame follows: with the error, or without one when the remote has ended. */
  #finished: { readonly error?: () => Error } | undefined;

  constructor(duplex: Duplex, decoder: FrameDecoder, options: FrameReaderOptions, owner: FrameReaderHost) {
    this.#duplex = duplex;
    this.#decoder = decoder;
    this.#readAhead = options.readAhead;
    this.#owner = owner;
    const { clock, readTimeout } = options;
    this.#watchdog = new Watchdog(clock, readTimeout, () =>
      owner.onError(new RlpxError('read-timeout', `no frame within ${readTimeout} ms`)),
    );
  }

  /** Starts to receive. `first` are the bytes that arrived after the handshake. */
  start(first: Uint8Array): void {
    this.#watchdog.start();
    this.#duplex.on('data', this.#onData);
    this.#duplex.on('end', this.#onEnd);
    if (first.length > 0) this.#onData(first);
    if (!this.#paused) this.#duplex.resume();
  }

  /** Resolves with the next message; undefined when the remote has ended and all messages are read. */
  read(signal: AbortSignal | undefined): Promise<Message | undefined> {
    if (this.#reader) return Promise.reject(new RlpxError('busy', 'another read is pending'));
    const frame = this.#shift();
    if (frame !== undefined) return this.#decodePayload(frame);
    if (this.#finished?.error) return Promise.reject(this.#finished.error());
    if (this.#finished) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reader.reject(signal?.reason);
      const settle = (): void => {
        this.#reader = undefined;
        signal?.removeEventListener('abort', onAbort);
      };
      const reader: PendingRead = {
        resolve: (message) => {
          settle();
          resolve(message);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#reader = reader;
    });
  }

  /** Ends reading with an error. Messages that were complete before can still be read. */
  fail(error: Error): void {
    if (this.#finished) return;
    this.#finish({ error: () => error });
    this.#reader?.reject(error);
  }

  /**
   * Ends reading on this side and drops unread messages.
   *
   * @param error makes the error of later reads. It is rarely needed, and a stack trace is expensive.
   */
  discard(error: () => Error): void {
    this.#drop();
    if (this.#finished?.error) return;
    this.#finish({ error });
    this.#reader?.reject(error());
  }

  #finish(finished: { readonly error?: () => Error }): void {
    this.#finished = finished;
    this.#watchdog.close();
    this.#decoder.close();
    this.#duplex.off('data', this.#onData);
    this.#duplex.off('end', this.#onEnd);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#decoder.push(chunk);
    this.#decodeFrames(this.#readAhead);
  };

  readonly #onEnd = (): void => {
    // Sockets also end while they are paused. At most a part of one chunk is not decoded yet.
    this.#decodeFrames(Number.POSITIVE_INFINITY);
    if (this.#finished) return;
    if (this.#decoder.midFrame) {
      this.#owner.onError(new RlpxError('truncated', 'the remote ended in the middle of a frame'));
      return;
    }
    this.#finish({});
    this.#reader?.resolve(undefined);
    this.#owner.onEnd();
  };

  #decodeFrames(limit: number): void {
    try {
      while (this.#unread < limit) {
        if (this.#finished) return;
        const frame = this.#decoder.next();
        if (frame === undefined) {
          this.#resume();
          return;
        }
        this.#watchdog.touch();
        this.#deliver(frame);
      }
    } catch (error) {
      this.#owner.onError(error as Error);
      return;
    }
    this.#pause();
  }

  #deliver(frame: Frame): void {
    if (this.#reader) {
      const { resolve } = this.#reader;
      try {
        resolve(this.#owner.decode(frame));
      } catch (error) {
        // Also rejects the pending read.
        this.#failPayload(error as Error);
      }
      return;
    }
    this.#frames.push(frame);
    this.#unread += frame.wireSize;
  }

  #shift(): Frame | undefined {
    const frame = this.#frames.shift();
    if (frame === undefined) return undefined;
    this.#unread -= frame.wireSize;
    // Resumes only when half of the buffer is free, so that the transport is not paused and resumed for every message.
    if (this.#paused && this.#unread <= this.#readAhead / 2) this.#decodeFrames(this.#readAhead);
    return frame;
  }

  #decodePayload(frame: Frame): Promise<Message> {
    try {
      return Promise.resolve(this.#owner.decode(frame));
    } catch (error) {
      this.#failPayload(error as Error);
      return Promise.reject(error);
    }
  }

  #failPayload(error: Error): void {
    this.#drop();
    this.#owner.onError(error);
  }

  #drop(): void {
    this.#frames = [];
    this.#unread = 0;
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    // Time in which this side does not read does not count against the remote.
    this.#watchdog.pause();
    this.#duplex.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#watchdog.start();
    this.#duplex.resume();
  }
}
