import { nextTick } from 'node:process';
import type { Duplex } from 'node:stream';
import type { Clock } from '@devp2p/clock';
import { RlpxError } from '../error.ts';
import { frameLength } from '../frame/frame.ts';
import type { FrameEncoder } from '../frame/frame-encoder.ts';
import { Watchdog } from './watchdog.ts';

/** Small frames share blocks of this many bytes. */
const blockSize = 8 * 1024;
/**
 * Most bytes that the transport is given at a time. It reports only when all of them are sent, so this is also the
 * amount that must be sent within the write timeout.
 */
const windowSize = 64 * 1024;

/** Settings of a {@link FrameWriter}. */
export interface FrameWriterOptions {
  readonly clock: Clock;
  readonly writeTimeout: number;
  readonly highWaterMark: number;
  readonly maxBuffered: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sending half of a stream: messages in, bytes out. All frames of one turn of the event loop are sent with one write to
 * the transport, which speeds up small messages more than any other measure.
 */
export class FrameWriter {
  readonly #duplex: Duplex;
  readonly #encoder: FrameEncoder;
  readonly #options: FrameWriterOptions;
  readonly #watchdog: Watchdog;

  /** Encoded bytes that wait for the transport. A large frame is a piece of its own. */
  readonly #queue: Uint8Array[] = [];
  /** A block with room for further frames, used up to `#blockEnd`; its bytes from `#blockStart` on are not queued. */
  #block: Uint8Array | undefined;
  #blockStart = 0;
  #blockEnd = 0;
  /** Accepted bytes that are not known to be sent. */
  #buffered = 0;
  /** Those of them that the transport has. */
  #inFlight = 0;
  #scheduled = false;
  #failed = false;
  /** Writers waiting for room. */
  readonly #waiting = new Set<Waiter>();
  #onEmpty: (() => void) | undefined;

  constructor(duplex: Duplex, encoder: FrameEncoder, options: FrameWriterOptions, onStall: () => void) {
    this.#duplex = duplex;
    this.#encoder = encoder;
    this.#options = options;
    this.#watchdog = new Watchdog(options.clock, options.writeTimeout, onStall);
  }

  /** Whether {@link write} waits for room. */
  get congested(): boolean {
    return this.#buffered >= this.#options.highWaterMark;
  }

  /** Sends `first`, which is short, ahead of all frames, together with those of this turn. */
  start(first: Uint8Array): void {
    if (first.length === 0) return;
    const { block, at } = this.#reserve(first.length);
    block.set(first, at);
    this.#accepted(first.length);
  }

  /** Accepts a message. Resolves with its length on the wire once there is room for another. */
  write(code: number, payload: Uint8Array, signal: AbortSignal | undefined): Promise<number> {
    const length = frameLength(code, payload.length);
    if (this.#buffered + length > this.#options.maxBuffered) {
      const detail = `${this.#buffered} bytes are buffered, ${length} more exceed ${this.#options.maxBuffered}`;
      return Promise.reject(new RlpxError('overflow', detail));
    }
    this.#encode(code, payload, length);
    this.#accepted(length);
    if (!this.congested) return Promise.resolve(length);
    return this.#waitForRoom(signal).then(() => length);
  }

  /** Resolves when all accepted bytes are sent, or sending has failed. */
  empty(): Promise<void> {
    if (this.#buffered === 0 || this.#failed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /**
   * Drops all unsent bytes.
   *
   * @param error makes the error of each pending write
   */
  fail(error: () => Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#watchdog.close();
    this.#encoder.close();
    this.#queue.length = 0;
    this.#block = undefined;
    for (const waiter of this.#waiting) waiter.reject(error());
    this.#waiting.clear();
    this.#onEmpty?.();
  }

  #encode(code: number, payload: Uint8Array, length: number): void {
    if (length > blockSize) {
      this.#queueBlock();
      const piece = new Uint8Array(length);
      this.#encoder.encode(code, payload, piece, 0);
      this.#queue.push(piece);
      return;
    }
    const { block, at } = this.#reserve(length);
    this.#encoder.encode(code, payload, block, at);
  }

  /** Reserves `length` bytes after all accepted ones. */
  #reserve(length: number): { block: Uint8Array; at: number } {
    if (this.#block === undefined || this.#blockEnd + length > blockSize) {
      this.#queueBlock();
      this.#block = new Uint8Array(blockSize);
      this.#blockStart = 0;
      this.#blockEnd = 0;
    }
    const at = this.#blockEnd;
    this.#blockEnd += length;
    return { block: this.#block, at };
  }

  #accepted(length: number): void {
    this.#buffered += length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTick(this.#flush);
  }

  #queueBlock(): void {
    if (this.#block === undefined || this.#blockStart === this.#blockEnd) return;
    this.#queue.push(this.#block.subarray(this.#blockStart, this.#blockEnd));
    this.#blockStart = this.#blockEnd;
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#failed || this.#inFlight > 0) return;
    this.#queueBlock();
    const pieces = this.#nextWindow();
    const last = pieces.pop();
    if (last === undefined) return;
    this.#watchdog.start();
    this.#duplex.cork();
    for (const piece of pieces) this.#duplex.write(piece);
    this.#duplex.write(last, this.#onWritten);
    this.#duplex.uncork();
  };

  #nextWindow(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    while (this.#inFlight < windowSize) {
      const piece = this.#queue[0];
      if (piece === undefined) break;
      const room = windowSize - this.#inFlight;
      if (piece.length > room) this.#queue[0] = piece.subarray(room);
      else this.#queue.shift();
      const part = piece.subarray(0, room);
      pieces.push(part);
      this.#inFlight += part.length;
    }
    return pieces;
  }

  readonly #onWritten = (error?: Error | null): void => {
    // The transport also emits the error.
    if (error || this.#failed) return;
    this.#buffered -= this.#inFlight;
    this.#inFlight = 0;
    this.#watchdog.pause();
    if (!this.congested) {
      for (const waiter of this.#waiting) waiter.resolve();
      this.#waiting.clear();
    }
    if (this.#buffered > 0) this.#flush();
    else this.#onEmpty?.();
  };

  #waitForRoom(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => signal?.removeEventListener('abort', onAbort);
      const waiter = {
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error: unknown) => {
          settle();
          reject(error);
        },
      };
      const onAbort = (): void => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }
}
