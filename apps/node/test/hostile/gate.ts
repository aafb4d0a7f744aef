import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A socket between a stream that means well and a node: what goes through, and what becomes of it, is another's to say. */
export class Gate extends Duplex {
  /** Resolves when the socket has closed. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  #held: Uint8Array[] | undefined;
  #heldLength = 0;
  #deaf = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('error', () => {});
    this.gone = new Promise((resolve) => {
      socket.on('close', () => {
        this.destroy();
        resolve();
      });
    });
  }

  /** Keeps what is written from now on. */
  shut(): void {
    this.#held = [];
    this.#heldLength = 0;
  }

  /** How much is kept. */
  get held(): number {
    return this.#heldLength;
  }

  /** Lets so many bytes of it through, changed if need be. */
  release(count: number, change: (bytes: Uint8Array) => void = () => {}): void {
    const all = Buffer.concat(this.#held ?? []);
    const bytes = all.subarray(0, count);
    this.#held = [all.subarray(count)];
    this.#heldLength = all.length - bytes.length;
    change(bytes);
    this.#socket.write(bytes);
  }

  /** Reads no more from the node. */
  deafen(): void {
    this.#deaf = true;
    this.#socket.pause();
  }

  /** Reads again: whether the socket has ended is only seen by those who do. */
  hear(): void {
    this.#deaf = false;
    this.#socket.resume();
  }

  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    if (this.#held === undefined) this.#socket.write(chunk, done);
    else {
      this.#held.push(chunk);
      this.#heldLength += chunk.length;
      done();
    }
  }

  override _read(): void {
    if (!this.#deaf) this.#socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
