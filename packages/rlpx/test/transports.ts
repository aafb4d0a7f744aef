import { Duplex, duplexPair } from 'node:stream';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { accept, initiate, type RlpxOptions, type RlpxStream } from '../src/index.ts';
import { newKey } from './raw.ts';

export const keyA: Uint8Array = newKey();
export const keyB: Uint8Array = newKey();
export const idA: Uint8Array = crypto.secp256k1.publicKey(keyA);
export const idB: Uint8Array = crypto.secp256k1.publicKey(keyB);

export interface Connected {
  readonly clock: VirtualClock;
  readonly a: RlpxStream;
  readonly b: RlpxStream;
  readonly transportA: Duplex;
  readonly transportB: Duplex;
}

type Settings = Partial<RlpxOptions>;

/** Two streams over an in-memory transport, on a virtual clock. */
export async function connected(
  optionsA: Settings = {},
  optionsB: Settings = {},
  [transportA, transportB]: [Duplex, Duplex] = duplexPair(),
): Promise<Connected> {
  const clock = createVirtualClock();
  const [a, b] = await Promise.all([
    initiate(transportA, idB, { privateKey: keyA, clock, crypto, ...optionsA }),
    accept(transportB, { privateKey: keyB, clock, crypto, ...optionsB }),
  ]);
  return { clock, a, b, transportA, transportB };
}

/** A transport that records every write and can be stalled. */
export class Probe extends Duplex {
  /** Lengths of the chunks of each call of `write` or `writev`. */
  readonly writes: number[] = [];
  readonly #other: () => Probe;
  #stalled: (() => void)[] | undefined;

  constructor(other: () => Probe) {
    super({ readableHighWaterMark: 2 ** 20 });
    this.#other = other;
  }

  static pair(): [Probe, Probe] {
    const a: Probe = new Probe(() => b);
    const b: Probe = new Probe(() => a);
    return [a, b];
  }

  /** Stops the completion of writes. */
  stall(): void {
    this.#stalled = [];
  }

  /** Completes the writes that are stalled now. */
  proceed(): void {
    const stalled = this.#stalled ?? [];
    this.#stalled = [];
    for (const complete of stalled) complete();
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: unknown, callback: () => void): void {
    this.#pass([chunk], callback);
  }

  override _writev(chunks: { chunk: Uint8Array }[], callback: () => void): void {
    this.#pass(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: () => void): void {
    this.#other().push(null);
    callback();
  }

  #pass(chunks: Uint8Array[], callback: () => void): void {
    this.writes.push(chunks.reduce((sum, { length }) => sum + length, 0));
    for (const chunk of chunks) this.#other().push(Buffer.from(chunk));
    if (this.#stalled) this.#stalled.push(callback);
    else callback();
  }
}

/** A transport that delivers bytes in pieces of other sizes. */
export function rechunking(lengths: readonly number[]): [Duplex, Duplex] {
  let turn = 0;
  const side = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Uint8Array, _encoding, callback) {
        for (let at = 0; at < chunk.length; ) {
          const length = lengths[turn++ % lengths.length] as number;
          other().push(chunk.subarray(at, at + length));
          at += length;
        }
        callback();
      },
      final(callback) {
        other().push(null);
        callback();
      },
    });
  const a: Duplex = side(() => b);
  const b: Duplex = side(() => a);
  return [a, b];
}

/** Code of the error with which the work rejects. */
export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: Error & { code?: string }) => error.code ?? error,
  );
}
