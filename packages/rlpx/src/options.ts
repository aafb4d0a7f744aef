import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import {
  abortSignal,
  bytes,
  func,
  methods,
  object,
  positive,
  type Rules,
  required,
  secret,
} from '@devp2p/options';
import { maxFrameSize } from './frame/frame.ts';

/** Settings and collaborators of a stream. Times are in milliseconds, sizes in bytes. */
export interface RlpxOptions {
  /** Our static private key, 32 bytes. Its public key is what the remote knows us by. */
  readonly privateKey: Uint8Array;
  /**
   * The public key of `privateKey`, 64 bytes, for those who have it: it saves computing it for every connection.
   * @default computed
   */
  readonly publicKey?: Uint8Array | undefined;
  /** Ends connecting and the handshake; has no effect on the open stream. */
  readonly signal?: AbortSignal | undefined;
  /**
   * For the whole handshake.
   * @default 5000, as go-ethereum (`handshakeTimeout`)
   */
  readonly handshakeTimeout?: number | undefined;
  /**
   * How long the remote may take for a frame, counted from the end of the one before. Time in which we do not read
   * does not count.
   * @default 30000, as go-ethereum (`frameReadTimeout`)
   */
  readonly readTimeout?: number | undefined;
  /**
   * How long 64 KiB of what was written, or the rest, may take to get out.
   * @default 20000, as go-ethereum (`frameWriteTimeout`)
   */
  readonly writeTimeout?: number | undefined;
  /**
   * How long `close()` may take to get rid of what was accepted.
   * @default 2000, which devp2p gives a Disconnect (rlpx.md, "Disconnect")
   */
  readonly closeTimeout?: number | undefined;
  /**
   * Largest payload, decompressed, in either direction. A frame may be as much larger as Snappy can make it.
   * @default 16777215, the largest that the size of a frame can say
   */
  readonly maxMessageSize?: number | undefined;
  /**
   * `write` resolves once fewer bytes than this are buffered.
   * @default 1048576
   */
  readonly highWaterMark?: number | undefined;
  /**
   * `write` refuses what would make the buffered bytes pass this.
   * @default 33554432, so that a largest message always fits
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The transport is paused while this many bytes of frames, or more, wait for `read`.
   * @default 262144
   */
  readonly readAhead?: number | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` is about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** @default `randomBytes` of `@devp2p/crypto` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** {@link RlpxOptions} with nothing left open. */
export type Settings = {
  readonly [K in Exclude<keyof RlpxOptions, 'signal'>]-?: NonNullable<RlpxOptions[K]>;
};

/** The rules of {@link RlpxOptions}. */
export const rlpxRules: Rules<RlpxOptions> = {
  privateKey: required(secret(bytes(32))),
  publicKey: bytes(64),
  signal: abortSignal,
  handshakeTimeout: positive,
  readTimeout: positive,
  writeTimeout: positive,
  closeTimeout: positive,
  maxMessageSize: positive,
  highWaterMark: positive,
  maxBuffered: positive,
  readAhead: positive,
  crypto: methods('keccak256'),
  random: func,
  clock: methods('monotonic', 'setTimeout'),
};

/** The rules of what a transport knows of its ends. */
export const addressRules: Rules<{ remoteAddress?: unknown; localAddress?: unknown }> = {
  remoteAddress: object,
  localAddress: object,
};

/** Fills in what is left open; the options are checked by then. */
export function withDefaults(options: RlpxOptions): Settings {
  const { privateKey, crypto = nobleCrypto } = options;
  return {
    privateKey,
    publicKey: options.publicKey ?? crypto.secp256k1.publicKey(privateKey),
    handshakeTimeout: options.handshakeTimeout ?? 5_000,
    readTimeout: options.readTimeout ?? 30_000,
    writeTimeout: options.writeTimeout ?? 20_000,
    closeTimeout: options.closeTimeout ?? 2_000,
    maxMessageSize: Math.min(options.maxMessageSize ?? maxFrameSize, maxFrameSize),
    highWaterMark: options.highWaterMark ?? 1024 * 1024,
    maxBuffered: options.maxBuffered ?? 32 * 1024 * 1024,
    readAhead: options.readAhead ?? 256 * 1024,
    crypto,
    random: options.random ?? randomBytes,
    clock: options.clock ?? systemClock,
  };
}
