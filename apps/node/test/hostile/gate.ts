import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A socket between an honest stream and a node. The test holds written bytes back, changes and releases them. */
export class Gate extends Duplex {
  /** Resolves when the socket has closed. */
  readonly hasClosed: Promise<void>;
  readonly #socket: Socket;
  #held: Uint8Array[] | undefined;
  #heldLength = 0;
  #isPaused = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('error', () => {});
    this.hasClosed = new Promise((resolve) => {
      socket.on('close', () => {
        this.destroy();
        resolve();
      });
    });
  }

  /** Holds back all bytes written after this call. */
  shut(): void {
    this.#held = [];
    this.#heldLength = 0;
  }

  /** Number of bytes held back. */
  get held(): number {
    return this.#heldLength;
  }

  /** Sends the first `count` of the held bytes, after `change` was called with them. */
  release(count: number, change: (bytes: Uint8Array) => void = () => {}): void {
    const all = Buffer.concat(this.#held ?? []);
    const bytes = all.subarray(0, count);
    this.#held = [all.subarray(count)];
    this.#heldLength = all.length - bytes.length;
    change(bytes);
    this.#socket.write(bytes);
  }

  /** Stops reading from the node. */
  stopReading(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  /** Resumes reading, without which the end of the socket is not noticed. */
  resumeReading(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#held === undefined) this.#socket.write(chunk, done);
    else {
      this.#held.push(chunk);
      this.#heldLength += chunk.length;
      done();
    }
  }

  override _read(): void {
    if (!this.#isPaused) this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
