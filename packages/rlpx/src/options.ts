import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { abortSignal, bytes, func, methods, object, positive, type Rules, required, secret } from '@devp2p/options';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { maxFrameSize } from './frame/frame.ts';

/** Settings and collaborators of a stream. Times are in milliseconds, sizes in bytes. */
export interface RlpxOptions {
  /** Static private key of this node, 32 bytes. Its public key identifies the node. */
  readonly privateKey: Uint8Array;
  /**
   * Public key of `privateKey`, 64 bytes. Saves its computation for every connection.
   * @default computed
   */
  readonly publicKey?: Uint8Array | undefined;
  /** Ends dialing and the handshake; has no effect on the open stream. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Time for the whole handshake.
   * @default 5000, as go-ethereum (`handshakeTimeout`)
   */
  readonly handshakeTimeout?: number | undefined;
  /**
   * Time for the remote to send a frame, counted from the end of the previous one. Time in which this side does not read
   * does not count.
   * @default 30000, as go-ethereum (`frameReadTimeout`)
   */
  readonly readTimeout?: number | undefined;
  /**
   * Time for 64 KiB of written data, or the rest of it, to be sent.
   * @default 20000, as go-ethereum (`frameWriteTimeout`)
   */
  readonly writeTimeout?: number | undefined;
  /**
   * Time for `close()` to send the accepted messages.
   * @default 2000, as devp2p for a Disconnect (rlpx.md, "Disconnect")
   */
  readonly closeTimeout?: number | undefined;
  /**
   * Longest payload, decompressed, in either direction. A frame may be longer by the overhead of Snappy.
   * @default 16777215, the longest body of a frame
   */
  readonly maxMessageSize?: number | undefined;
  /**
   * `write` resolves once fewer bytes than this are buffered.
   * @default 1048576
   */
  readonly highWaterMark?: number | undefined;
  /**
   * `write` refuses a message with which the buffered bytes exceed this.
   * @default 33554432, so that a message of maximal length always fits
   */
  readonly maxBuffered?: number | undefined;
  /**
   * The transport is paused while this many bytes of frames or more wait for `read`.
   * @default 262144
   */
  readonly readAhead?: number | undefined;
  /** @default `nobleCrypto`; `fastCrypto` of `@devp2p/crypto/fast` is about twenty times as fast */
  readonly crypto?: Crypto | undefined;
  /** @default `randomBytes` of `@devp2p/random` */
  readonly random?: RandomBytes | undefined;
  /** @default `systemClock` */
  readonly clock?: Clock | undefined;
}

/** {@link RlpxOptions} with all defaults. */
export type Settings = {
  readonly [K in Exclude<keyof RlpxOptions, 'signal'>]-?: NonNullable<RlpxOptions[K]>;
};

/** Rules of {@link RlpxOptions}. */
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

/** Rules of the addresses of a transport. */
export const addressRules: Rules<{ remoteAddress?: unknown; localAddress?: unknown }> = {
  remoteAddress: object,
  localAddress: object,
};

/** Fills in the defaults of checked options. */
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
