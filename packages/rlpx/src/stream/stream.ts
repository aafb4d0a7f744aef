import type { Duplex } from 'node:stream';
import { toHex } from '@devp2p/bytes';
import type { Timer } from '@devp2p/clock';
import { abortSignal, bytes, integer } from '@devp2p/options';
import { check } from '../check-options.ts';
import { publish } from '../diagnostics.ts';
import { errorMessage, RlpxError } from '../error.ts';
import { type Frame, maxFrameSize } from '../frame/frame.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import { FrameEncoder } from '../frame/frame-encoder.ts';
import { maxMessageCode, messageCodeLength } from '../frame/message-code.ts';
import { compress, decompress, maxCompressedLength } from '../frame/snappy.ts';
import type { HandshakeSecrets } from '../handshake/handshake.ts';
import type { Settings } from '../options.ts';
import { FrameReader } from './frame-reader.ts';
import { FrameWriter } from './frame-writer.ts';
import { type Address, formatAddress, type Message } from './message.ts';

/** Disconnect of devp2p, which several clients send uncompressed although compression is on. */
const disconnectCode = 0x01;

/** Identity and addresses of the two ends of a stream. */
export interface Endpoints {
  readonly localId: Uint8Array;
  readonly inbound: boolean;
  readonly remoteAddress?: Address | undefined;
  readonly localAddress?: Address | undefined;
}

type State = 'open' | 'closing' | 'closed';

/** Stream of messages to and from one authenticated node. Reading and writing never wait for each other. */
export class RlpxStream {
  /** Public key of this node, 64 bytes. */
  readonly localId: Uint8Array;
  /** Public key of the remote, 64 bytes. Every message of the stream was sent by its owner. */
  readonly remoteId: Uint8Array;
  /** Whether the remote dialed. */
  readonly inbound: boolean;
  readonly remoteAddress?: Address;
  readonly localAddress?: Address;
  /** Resolves when the transport is closed. Never rejects. */
  readonly closed: Promise<void>;

  readonly #duplex: Duplex;
  readonly #settings: Settings;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  #state: State = 'open';
  #compression = false;
  #closeTimer: Timer | undefined;
  /** Error that ended the stream; absent when either side closed it. */
  #error: Error | undefined;

  /** Takes ownership of the transport, which must be paused. Receives nothing before {@link start}. */
  constructor(duplex: Duplex, secrets: HandshakeSecrets, endpoints: Endpoints, settings: Settings) {
    this.localId = endpoints.localId;
    this.remoteId = secrets.remoteId;
    this.inbound = endpoints.inbound;
    if (endpoints.remoteAddress) this.remoteAddress = endpoints.remoteAddress;
    if (endpoints.localAddress) this.localAddress = endpoints.localAddress;
    this.#duplex = duplex;
    this.#settings = settings;
    const { crypto, maxMessageSize } = settings;
    const maxFrame = Math.min(maxFrameSize, messageCodeLength(maxMessageCode) + maxCompressedLength(maxMessageSize));
    this.#reader = new FrameReader(duplex, new FrameDecoder(crypto, secrets, maxFrame), settings, {
      decode: (frame) => this.#decode(frame),
      onError: (error) => this.#fail(error),
      onEnd: () => this.#shutDown(),
    });
    this.#writer = new FrameWriter(duplex, new FrameEncoder(crypto, secrets), settings, () =>
      this.#fail(new RlpxError('write-timeout', `nothing was sent within ${settings.writeTimeout} ms`)),
    );
    duplex.on('error', (error) => this.#fail(transportError(error)));
    this.closed = new Promise((resolve) => {
      duplex.on('close', () => {
        if (this.#state !== 'closed') {
          this.#fail(new RlpxError('connection-reset', 'the transport was closed'));
        }
        publish(() => ({ ...this.#describe(), type: 'closed', error: this.#error }));
        resolve();
      });
    });
  }

  /**
   * Starts to receive.
   *
   * @param rest bytes that were received after the handshake, and bytes of the handshake that are not sent yet
   */
  start(rest: { received: Uint8Array; unsent: Uint8Array }): void {
    this.#writer.start(rest.unsent);
    this.#reader.start(rest.received);
  }

  /**
   * Reads the next message. Not calling it applies back-pressure. One call at a time; an aborted call loses no message.
   *
   * @returns undefined once the remote has ended the stream cleanly and all messages are read.
   * @throws RlpxError when the stream failed, after all earlier messages are read; the transport is destroyed then.
   */
  read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Message | undefined> {
    const signal = options?.signal;
    if (signal !== undefined) {
      try {
        check.value('signal', signal, abortSignal);
      } catch (error) {
        return Promise.reject(error);
      }
      if (signal.aborted) return Promise.reject(signal.reason);
    }
    return this.#reader.read(signal);
  }

  /** Whether `highWaterMark` bytes or more are buffered, so that {@link write} waits. Optional messages are best left out then. */
  get congested(): boolean {
    return this.#writer.congested;
  }

  /**
   * Sends a message. Calls keep their order without being awaited.
   *
   * @param code 0 to 2³² − 1.
   * @returns bytes on the wire, framing included, once fewer than `highWaterMark` bytes are buffered. An abort ends
   * only this wait: an accepted message is sent.
   * @throws RlpxError `overflow`, `message-too-large` or `invalid-option`, without any effect on the stream; or the error
   * that ended it.
   */
  write(code: number, payload: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<number> {
    const signal = options?.signal;
    try {
      checkWrite(code, payload, signal);
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state !== 'open') return Promise.reject(this.#error ?? closedLocally());
    if (payload.length > this.#settings.maxMessageSize) {
      return Promise.reject(tooLarge(payload.length, this.#settings.maxMessageSize));
    }
    const body = this.#compression ? compress(payload) : payload;
    if (messageCodeLength(code) + body.length > maxFrameSize) {
      return Promise.reject(tooLarge(body.length, maxFrameSize - messageCodeLength(code)));
    }
    return this.#writer.write(code, body, signal);
  }

  /** Enables Snappy (EIP-706) from the next `read` and the next `write` on. */
  enableCompression(): void {
    this.#compression = true;
  }

  /**
   * Sends the accepted messages, ends this side, and waits until the remote has closed: a socket that is closed with
   * unread data is reset, and data that the remote has not read yet is lost. After `closeTimeout` the transport is
   * destroyed in any case. Idempotent.
   */
  close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#reader.discard(closedLocally);
      this.#shutDown();
      this.#duplex.resume();
    }
    return this.closed;
  }

  /** Ends the stream at once. Unsent and unread messages are lost; pending calls reject with `error`. Idempotent. */
  destroy(error?: Error): void {
    if (this.#state === 'open') this.#error = error;
    const reason = error === undefined ? closedLocally : () => error;
    this.#reader.discard(reason);
    this.#end(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Summary for `JSON.stringify` and logs, without secrets. */
  toJSON(): Record<string, unknown> {
    const { remoteId, remoteAddress, inbound } = this;
    return {
      remoteId: toHex(remoteId),
      ...(remoteAddress && { address: formatAddress(remoteAddress) }),
      inbound,
      compression: this.#compression,
      state: this.#state,
    };
  }

  #decode({ code, payload, wireSize }: Frame): Message {
    const { maxMessageSize } = this.#settings;
    if (this.#compression) {
      try {
        return { code, payload: decompress(payload, maxMessageSize), wireSize };
      } catch (error) {
        if (code !== disconnectCode) throw error;
      }
    }
    if (payload.length > maxMessageSize) {
      throw new RlpxError('frame-too-large', `message of ${payload.length} bytes, more than ${maxMessageSize}`);
    }
    return { code, payload, wireSize };
  }

  #shutDown(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    const { clock, closeTimeout } = this.#settings;
    this.#closeTimer = clock.setTimeout(() => this.#end(closedLocally), closeTimeout);
    void this.#writer.empty().then(() => this.#duplex.end());
  }

  #fail(error: Error): void {
    if (this.#state === 'open') this.#error = error;
    this.#reader.fail(error);
    this.#end(() => error);
  }

  #end(error: () => Error): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeTimer?.cancel();
    this.#writer.fail(error);
    this.#duplex.destroy();
  }

  #describe(): Pick<RlpxStream, 'localId' | 'remoteId' | 'inbound'> & {
    remoteAddress: Address | undefined;
  } {
    return {
      localId: this.localId,
      inbound: this.inbound,
      remoteId: this.remoteId,
      remoteAddress: this.remoteAddress,
    };
  }
}

/** Form of a stream in `console.log`. */
Object.defineProperty(RlpxStream.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: RlpxStream, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `RlpxStream ${inspect(this.toJSON(), options)}`;
  },
});

const codeRule = integer(0, maxMessageCode);
const payloadRule = bytes();

/** @throws RlpxError `invalid-option` */
function checkWrite(code: number, payload: Uint8Array, signal: AbortSignal | undefined): void {
  check.value('code', code, codeRule);
  check.value('payload', payload, payloadRule);
  if (signal !== undefined) check.value('signal', signal, abortSignal);
}

function closedLocally(): RlpxError {
  return new RlpxError('closed', 'the stream was closed');
}

function tooLarge(length: number, limit: number): RlpxError {
  return new RlpxError('message-too-large', `message of ${length} bytes, more than ${limit}`);
}

const resetCodes: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/**
 * Makes the error of a transport: `connection-reset` when the remote has reset it, `transport` otherwise.
 *
 * @param advice hint for the end of the message of `connection-reset`
 */
export function transportError(cause: Error, advice = ''): RlpxError {
  const reset = 'code' in cause && resetCodes.has(cause.code);
  const message = errorMessage(cause);
  if (!reset) return new RlpxError('transport', message, { cause });
  return new RlpxError('connection-reset', message + advice, { cause });
}
