import { withTimeout } from '@devp2p/clock';
import type { Channel, Message, PeerHandle } from '@devp2p/peer';
import { type Codec, decode, encode, RlpError } from '@devp2p/rlp';
import { Client } from '../client/client.ts';
import { deferred } from '../client/deferred.ts';
import type { HeadersRequest } from '../client/header-chain.ts';
import type { ReceiptsRequest } from '../client/receipts-download.ts';
import { EthError, why } from '../error.ts';
import type { EthParts } from '../options.ts';
import {
  hardLimit,
  serveBodies,
  serveHeaders,
  servePooled,
  serveReceipts,
} from '../server/serve.ts';
import { Server } from '../server/server.ts';
import type { SealedBody } from '../types/body.ts';
import type { SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import { showFields } from '../types/shown.ts';
import type { BlockRange, Status } from '../wire/messages.ts';
import { type Messages, nameOf, type Schema, schemaOf } from '../wire/schema.ts';
import { checkRange, checkStatus, localStatus } from '../wire/status.ts';
import type { EthPeer, PooledTransaction, RequestOptions, VerifyOptions } from './eth-peer.ts';
import { type EthPeerInfo, hex, peerInfo } from './info.ts';

/** How long the remote may take to send its Status, in ms (go-ethereum's figure). */
const statusTimeout = 5000;

/** Blocks from one BlockRangeUpdate of ours to the next (EIP-7642: an epoch). */
const rangeUpdateInterval = 32;

/**
 * Before eth/70 the receipts of one block come in one message, and go-ethereum sends it however long it is: what RLPx
 * can carry, in bytes.
 */
const longestReceipts = 16 * 1024 * 1024;

/** One peer's eth: the handshake, then whatever the remote sends, until the peer ends. */
export class EthConnection implements EthPeer {
  readonly id: Uint8Array;
  readonly version: number;
  readonly #channel: Channel;
  readonly #schema: Schema;
  readonly #parts: EthParts;
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #server: Server;
  readonly #status = deferred<Status>();
  readonly #failure = deferred<never>();
  #shaken = false;
  #range: BlockRange | undefined;
  /** The range that the remote was last told of. */
  #announced = { earliest: 0, latest: 0 };

  constructor(channel: Channel, peer: PeerHandle, parts: EthParts) {
    this.id = peer.id;
    this.version = channel.version;
    this.#channel = channel;
    this.#parts = parts;
    this.#signal = peer.signal;
    const schema = schemaOf(channel.version);
    this.#schema = schema;
    this.#server = new Server(channel, schema, parts.reads, this.#failure.reject);
    this.#client = new Client({
      ...parts,
      channel,
      schema,
      ready: this.#status.promise,
      onBreach: this.#failure.reject,
    });
  }

  get status(): Promise<Status> {
    return this.#status.promise;
  }

  get range(): BlockRange | undefined {
    return this.#range;
  }

  get responseTime(): number | undefined {
    return this.#client.requests.times.mean;
  }

  info(): EthPeerInfo | 'handshake' {
    return this.#shaken ? peerInfo(this.version, this.#range) : 'handshake';
  }

  /** What a person wants to know of it, for `JSON.stringify` and logs: bytes as hex. */
  toJSON(): Record<string, unknown> {
    const range = this.#range;
    return {
      ...{ id: hex(this.id).slice(2), version: this.version, handshakeDone: this.#shaken },
      ...(range && { range: { ...range, latestHash: hex(range.latestHash) } }),
    };
  }

  getHeaders(request: HeadersRequest, options: RequestOptions = {}): Promise<SealedHeader[]> {
    return this.#client.getHeaders(request, options);
  }

  getBodies(
    hashes: readonly Uint8Array[],
    options: VerifyOptions<SealedBody> = {},
  ): Promise<SealedBody[]> {
    return this.#client.getBodies(hashes, options);
  }

  getReceipts(
    blocks: readonly ReceiptsRequest[],
    options: VerifyOptions<RawList> = {},
  ): Promise<RawList[]> {
    return this.#client.getReceipts(blocks, options);
  }

  getPooledTransactions(
    hashes: readonly Uint8Array[],
    options: RequestOptions = {},
  ): Promise<PooledTransaction[]> {
    return this.#client.getPooledTransactions(hashes, options);
  }

  /** Speaks eth until the peer ends; rejects with the error because of which it has to. */
  async run(): Promise<void> {
    const unsubscribe = this.#parts.chain.onHead(() => this.#announceRange());
    const onEnd = (): void => {
      unsubscribe();
      this.#server.close();
    };
    this.#signal.addEventListener('abort', onEnd, { once: true });
    let cause: unknown;
    try {
      await Promise.race([this.#speak(), this.#failure.promise]);
    } catch (error) {
      cause = error;
      throw error;
    } finally {
      this.#signal.removeEventListener('abort', onEnd);
      onEnd();
      const over = new EthError(
        'disconnected',
        cause === undefined ? 'the peer is over' : `the peer is over: ${why(cause)}`,
        { cause },
      );
      this.#status.reject(cause instanceof EthError ? cause : over);
      this.#client.requests.close(over);
    }
  }

  async #speak(): Promise<void> {
    await this.#handshake();
    for await (const message of this.#channel) {
      const busy = this.#receive(message);
      if (busy !== undefined) await busy;
    }
  }

  async #handshake(): Promise<void> {
    const { chain, clock } = this.#parts;
    const range = chain.range();
    this.#announced = range;
    const { code, codec } = this.#schema.messages.status;
    void this.#channel.send(code, encode(codec, localStatus(chain, range, this.version)));

    const reason = new EthError('status-timeout', `no status within ${statusTimeout} ms`);
    const messages = this.#channel[Symbol.asyncIterator]();
    const first = await withTimeout(clock, statusTimeout, () => messages.next(), { reason });
    if (first.done) throw new EthError('disconnected', 'the peer ended before its status');
    if (first.value.code !== code) {
      throw new EthError('no-status', `message ${first.value.code} instead of a status`);
    }
    const remote = this.#decode(codec, first.value);
    checkStatus(remote, chain, range, this.version);
    if ('earliest' in remote) this.#setRange(remote);
    this.#shaken = true;
    this.#status.resolve(showFields(remote));
    // The head may have moved while the remote was silent.
    this.#announceRange();
  }

  #setRange({ earliest, latest, latestHash }: BlockRange): void {
    this.#range = showFields({ earliest, latest, latestHash });
  }

  #announceRange(): void {
    const update = this.#schema.blockRangeUpdate;
    if (update === undefined || !this.#shaken) return;
    const { earliest, latest, latestHash } = this.#parts.chain.range();
    const progress = latest - this.#announced.latest;
    const change = Math.abs(earliest - this.#announced.earliest);
    if (progress >= 0 && Math.max(progress, change) < rangeUpdateInterval) return;
    this.#announced = { earliest, latest };
    void this.#channel.send(update.code, encode(update.codec, { earliest, latest, latestHash }));
  }

  /** @returns when to read on; `undefined` for now. */
  #receive(message: Message): Promise<void> | void {
    const size = message.payload.length;
    const { chain, pool, crypto } = this.#parts;
    const { blockRangeUpdate } = this.#schema;
    if (blockRangeUpdate?.code === message.code) {
      const range = this.#decode(blockRangeUpdate.codec, message);
      checkRange(range);
      this.#setRange(range);
      this.#parts.onRange?.(this);
      return;
    }
    const name = nameOf(this.version, message.code);
    switch (name) {
      case 'getBlockHeaders': {
        const { requestId, query } = this.#read(name, message);
        return this.#server.answer(size, 'blockHeaders', {
          look: () => serveHeaders(chain, query),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'getBlockBodies': {
        const { requestId, hashes } = this.#read(name, message);
        return this.#server.answer(size, 'blockBodies', {
          look: () => serveBodies(chain, hashes),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'getReceipts': {
        const request = this.#read(name, message);
        return this.#server.answer(size, 'receipts', {
          look: () => serveReceipts(chain, request, this.version, crypto),
          message: (answer) => ({ requestId: request.requestId, ...answer }),
        });
      }
      case 'getPooledTransactions': {
        const { requestId, hashes } = this.#read(name, message);
        return this.#server.answer(size, 'pooledTransactions', {
          look: async () => (pool === undefined ? [] : servePooled(pool, hashes)),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'blockHeaders':
      case 'blockBodies':
      case 'receipts':
      case 'pooledTransactions':
        return this.#client.requests.answer(name, this.#read(name, message));
      case 'transactions': {
        const transactions = this.#read(name, message);
        return pool?.received?.(transactions, this);
      }
      case 'newPooledTransactionHashes': {
        const announcement = this.#read(name, message);
        return pool?.announced?.(announcement, this);
      }
      case 'status':
        throw new EthError('unexpected-message', 'a second status');
      case undefined:
        throw new EthError('unexpected-message', `code ${message.code} on eth/${this.version}`);
    }
  }

  #read<Name extends keyof Messages>(name: Name, message: Message): Messages[Name] {
    const isUncut = name === 'receipts' && this.version < 70;
    const limit = isUncut ? longestReceipts : hardLimit;
    return this.#decode(this.#schema.messages[name].codec, message, limit);
  }

  /** @throws EthError `message-too-large` or `malformed-message` */
  #decode<T>(codec: Codec<T>, { code, payload }: Message, limit: number = hardLimit): T {
    if (payload.length > limit) {
      throw new EthError('message-too-large', `message ${code} of ${payload.length} bytes`);
    }
    try {
      return decode(codec, payload);
    } catch (error) {
      if (!(error instanceof RlpError)) throw error;
      const problem = `message ${code} of eth/${this.version}: ${error.message}`;
      throw new EthError('malformed-message', problem, { cause: error });
    }
  }
}

/** How `console.log` shows it. */
Object.defineProperty(EthConnection.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(
    this: EthConnection,
    _depth: number,
    options: object,
    inspect: (value: unknown, o: object) => string,
  ) {
    return `EthPeer ${inspect(this.toJSON(), options)}`;
  },
});
