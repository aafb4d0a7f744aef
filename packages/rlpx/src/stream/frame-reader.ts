import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';
import { RlpxError } from '../error.ts';
import type { Frame } from '../frame/frame.ts';
import type { FrameDecoder } from '../frame/frame-decoder.ts';
import type { Message } from './message.ts';
import { Watchdog } from './watchdog.ts';

/** Settings of an {@link FrameReader}. */
export interface FrameReaderOptions {
  readonly clock: Clock;
  readonly readTimeout: number;
  readonly readAhead: number;
}

/** The stream that an {@link FrameReader} belongs to. */
export interface FrameReaderHost {
  /** @throws RlpxError when the payload is not what it should be. */
  decode(frame: Frame): Message;
  /** Nothing more can be read. The owner is to call {@link FrameReader.fail}. */
  onError(error: Error): void;
  /** The remote has ended its side, between two frames. */
  onEnd(): void;
}

interface Reader {
  readonly resolve: (message: Message | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The receiving half of a stream: bytes in, messages out. Frames are opened as they come in, up to `readAhead` bytes
 * ahead of the reader; then the transport is paused until the reader has caught up. Payloads are decoded only as they
 * are handed out: what a message says may change how the next one is to be read.
 */
export class FrameReader {
  readonly #duplex: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #readAhead: number;
  readonly #owner: FrameReaderHost;
  readonly #watchdog: Watchdog;

  /** Opened and not read, and how many bytes they took on the wire. */
  #frames: Frame[] = [];
  #unread = 0;
  #reader: Reader | undefined;
  #paused = false;
  /** No further frame will come: because of an error, or without one since the remote has ended. */
  #over: { readonly why?: () => Error } | undefined;

  constructor(
    duplex: Duplex,
    decoder: FrameDecoder,
    options: FrameReaderOptions,
    owner: FrameReaderHost,
  ) {
    this.#duplex = duplex;
    this.#decoder = decoder;
    this.#readAhead = options.readAhead;
    this.#owner = owner;
    const { clock, readTimeout } = options;
    this.#watchdog = new Watchdog(clock, readTimeout, () =>
      owner.onError(new RlpxError('read-timeout', `no frame within ${readTimeout} ms`)),
    );
  }

  /** Begins to receive; `first` are bytes that came behind the handshake. */
  start(first: Uint8Array): void {
    this.#watchdog.start();
    this.#duplex.on('data', this.#onData);
    this.#duplex.on('end', this.#onEnd);
    if (first.length > 0) this.#onData(first);
    if (!this.#paused) this.#duplex.resume();
  }

  /** The next message; undefined when the remote has ended and all was read. */
  read(signal: AbortSignal | undefined): Promise<Message | undefined> {
    if (this.#reader) return Promise.reject(new RlpxError('busy', 'another read is waiting'));
    const frame = this.#shift();
    if (frame !== undefined) return this.#decoded(frame);
    if (this.#over?.why) return Promise.reject(this.#over.why());
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reader.reject(signal?.reason);
      const settle = (): void => {
        this.#reader = undefined;
        signal?.removeEventListener('abort', onAbort);
      };
      const reader: Reader = {
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

  /** Ends reading with an error. Messages that were whole before it can still be read. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#finish({ why: () => error });
    this.#reader?.reject(error);
  }

  /**
   * Ends reading at the wish of this side: what was not read is dropped.
   *
   * @param why makes the error for those who read nevertheless. Mostly there are none, and a stack trace takes long.
   */
  discard(why: () => Error): void {
    this.#drop();
    if (this.#over?.why) return;
    this.#finish({ why });
    this.#reader?.reject(why());
  }

  #finish(over: { readonly why?: () => Error }): void {
    this.#over = over;
    this.#watchdog.close();
    this.#decoder.close();
    this.#duplex.off('data', this.#onData);
    this.#duplex.off('end', this.#onEnd);
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#decoder.push(chunk);
    this.#open(this.#readAhead);
  };

  readonly #onEnd = (): void => {
    // Sockets say so while they are paused, too. What is not opened by now is part of one chunk at most.
    this.#open(Number.POSITIVE_INFINITY);
    if (this.#over) return;
    if (this.#decoder.midFrame) {
      this.#owner.onError(new RlpxError('truncated', 'the remote ended in the middle of a frame'));
      return;
    }
    this.#finish({});
    this.#reader?.resolve(undefined);
    this.#owner.onEnd();
  };

  #open(limit: number): void {
    try {
      while (this.#unread < limit) {
        if (this.#over) return;
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
        // Rejects the reader, too.
        this.#undecodable(error as Error);
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
    // Only once there is room for a good deal, so as not to switch the transport on and off for every message.
    if (this.#paused && this.#unread <= this.#readAhead / 2) this.#open(this.#readAhead);
    return frame;
  }

  #decoded(frame: Frame): Promise<Message> {
    try {
      return Promise.resolve(this.#owner.decode(frame));
    } catch (error) {
      this.#undecodable(error as Error);
      return Promise.reject(error);
    }
  }

  #undecodable(error: Error): void {
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
    // The remote is not to blame for the time that we do not listen.
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
