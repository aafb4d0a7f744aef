import { withTimeout } from '@devp2p/clock';
import type { Channel, Message, PeerHandle } from '@devp2p/peer';
import { decode, encode, RlpError } from '@devp2p/rlp';
import { Client } from '../client/client.ts';
import { deferred } from '../client/deferred.ts';
import type { HeadersRequest } from '../client/header-chain.ts';
import type { ReceiptsRequest } from '../client/receipts-download.ts';
import { EthError, errorMessage } from '../error.ts';
import type { PeerBlocks } from '../gossip/block-exchange.ts';
import type { PeerTransactions } from '../gossip/transactions/transaction-exchange.ts';
import type { EthContext } from '../options.ts';
import { hardLimit, serveBodies, serveHeaders, servePooled, serveReceipts } from '../server/serve.ts';
import { Server } from '../server/server.ts';
import { decodeBlock } from '../types/block.ts';
import type { SealedBody } from '../types/body.ts';
import type { SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import { hex, showFields } from '../types/show-fields.ts';
import { transactionsOf } from '../types/transaction.ts';
import { type EthVersion, formatOf, type MessageNames } from '../wire/eth-version.ts';
import type {
  BlockAnnouncement,
  BlockRange,
  Messages,
  NewBlock,
  Status,
  TransactionAnnouncement,
} from '../wire/messages.ts';
import { checkRange, checkStatus, localStatus } from '../wire/status.ts';
import type { EthPeer, PooledTransaction, RequestOptions, VerifyOptions } from './eth-peer.ts';
import { type EthPeerInfo, peerInfo } from './info.ts';
import type { TransactionFeed } from './transaction-feed.ts';
import { createListener, TransactionFeeds } from './transaction-feeds.ts';

/** Time for the remote's Status, in ms (go-ethereum). */
const statusTimeout = 5000;

/** Blocks between two BlockRangeUpdates (EIP-7642: an epoch). */
const rangeUpdateInterval = 32;

/** eth on one peer: the Status handshake, then requests in both directions until the peer ends. */
export class EthConnection implements EthPeer {
  readonly id: Uint8Array;
  readonly version: number;
  readonly #channel: Channel;
  readonly #eth: EthVersion;
  readonly #names: MessageNames;
  readonly #context: EthContext;
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #server: Server;
  readonly #status = deferred<Status>();
  readonly #failure = deferred<never>();
  #handshakeDone = false;
  #range: BlockRange | undefined;
  /** Absent before the handshake, and when blocks are not exchanged. */
  #blocks: PeerBlocks | undefined;
  /** Absent before the handshake, and when transactions are not exchanged. */
  #transactions: PeerTransactions | undefined;
  readonly #feeds: TransactionFeeds;
  #isOver = false;
  /** Range that was last sent to the remote. */
  #announced = { earliest: 0, latest: 0 };

  constructor(
    channel: Channel,
    peer: PeerHandle,
    { eth, names }: { readonly eth: EthVersion; readonly names: MessageNames },
    context: EthContext,
  ) {
    this.id = peer.id;
    this.version = eth.version;
    this.#channel = channel;
    this.#eth = eth;
    this.#names = names;
    this.#context = context;
    this.#signal = peer.signal;
    this.#feeds = new TransactionFeeds(context.crypto, () => this.#endListening());
    this.#server = new Server(channel, eth, context.reads, this.#failure.reject);
    this.#client = new Client({
      ...context,
      channel,
      eth,
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
    return this.#client.requests.responseTime;
  }

  info(): EthPeerInfo | 'handshake' {
    return this.#handshakeDone ? peerInfo(this.version, this.#range) : 'handshake';
  }

  /** Summary for `JSON.stringify` and logs, with bytes as hex. */
  toJSON(): Record<string, unknown> {
    const range = this.#range;
    return {
      id: hex(this.id).slice(2),
      version: this.version,
      handshakeDone: this.#handshakeDone,
      ...(range && { range: { ...range, latestHash: hex(range.latestHash) } }),
    };
  }

  getHeaders(request: HeadersRequest, options: RequestOptions = {}): Promise<SealedHeader[]> {
    return this.#client.getHeaders(request, options);
  }

  getBodies(hashes: readonly Uint8Array[], options: VerifyOptions<SealedBody> = {}): Promise<SealedBody[]> {
    return this.#client.getBodies(hashes, options);
  }

  getReceipts(blocks: readonly ReceiptsRequest[], options: VerifyOptions<RawList> = {}): Promise<RawList[]> {
    return this.#client.getReceipts(blocks, options);
  }

  async getPooledTransactions(
    hashes: readonly Uint8Array[],
    options: RequestOptions = {},
  ): Promise<PooledTransaction[]> {
    const transactions = await this.#client.getPooledTransactions(hashes, options);
    this.#feeds.delivered(transactions);
    return transactions;
  }

  transactions({ signal }: { readonly signal?: AbortSignal | undefined } = {}): TransactionFeed {
    const onAbort = (): void => feed.end({ reason: signal?.reason });
    const feed = this.#feeds.open(() => signal?.removeEventListener('abort', onAbort));
    if (signal?.aborted) onAbort();
    else if (this.#isOver) feed.end();
    else {
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#listen();
    }
    return feed;
  }

  sendNewBlock(block: NewBlock): Promise<void> {
    return this.#send('newBlock', block);
  }

  sendNewBlockHashes(blocks: readonly BlockAnnouncement[]): Promise<void> {
    return this.#send('newBlockHashes', [...blocks]);
  }

  async sendTransactions(transactions: readonly Uint8Array[]): Promise<void> {
    await this.#send('transactions', transactionsOf(transactions));
  }

  announceTransactions(announcement: TransactionAnnouncement): Promise<void> {
    return this.#send('newPooledTransactionHashes', announcement);
  }

  /** Runs eth until the peer ends. Rejects with the error that ends it. */
  async run(): Promise<void> {
    const unsubscribe = this.#context.chain.onHead(() => this.#announceRange());
    const onEnd = (): void => {
      unsubscribe();
      this.#server.close();
      this.#blocks?.disconnected();
      this.#blocks = undefined;
      this.#transactions?.disconnected();
      this.#transactions = undefined;
      this.#isOver = true;
      this.#feeds.end();
    };
    this.#signal.addEventListener('abort', onEnd, { once: true });
    let cause: unknown;
    try {
      await Promise.race([this.#serve(), this.#failure.promise]);
    } catch (error) {
      cause = error;
      throw error;
    } finally {
      this.#signal.removeEventListener('abort', onEnd);
      onEnd();
      const message =
        cause === undefined ? 'the peer is disconnected' : `the peer is disconnected: ${errorMessage(cause)}`;
      const disconnected = new EthError('disconnected', message, { cause });
      this.#status.reject(cause instanceof EthError ? cause : disconnected);
      this.#client.requests.close(disconnected);
    }
  }

  async #serve(): Promise<void> {
    await this.#handshake();
    for await (const message of this.#channel) {
      const busy = this.#receive(message);
      if (busy !== undefined) await busy;
    }
  }

  async #handshake(): Promise<void> {
    const { chain, clock } = this.#context;
    const range = chain.range();
    this.#announced = range;
    const { code, codec } = this.#eth.messages.status;
    void this.#channel.send(code, encode(codec, localStatus(chain, range, this.#eth)));

    const reason = new EthError('status-timeout', `no status within ${statusTimeout} ms`);
    const messages = this.#channel[Symbol.asyncIterator]();
    const first = await withTimeout(clock, statusTimeout, () => messages.next(), { reason });
    if (first.done) throw new EthError('disconnected', 'the peer disconnected before its status');
    if (first.value.code !== code) {
      throw new EthError('no-status', `message ${first.value.code} instead of a status`);
    }
    const remote = this.#read('status', first.value);
    checkStatus(remote, chain, range, this.version);
    if ('earliest' in remote) this.#setRange(remote);
    this.#handshakeDone = true;
    this.#status.resolve(showFields(remote));
    this.#blocks = this.#context.blocks?.connected(this, this.#failure.reject);
    this.#transactions = this.#context.transactions?.connected(this, this.#failure.reject);
    this.#listen();
    // The head may have moved during the handshake.
    this.#announceRange();
  }

  /** Fetches announced transactions for the readers, unless an exchange does. */
  #listen(): void {
    if (this.#transactions !== undefined || !this.#handshakeDone || !this.#feeds.isWanting) return;
    this.#transactions = createListener(this.#feeds, this.#context).connected(this, this.#failure.reject);
  }

  #endListening(): void {
    if (this.#context.transactions !== undefined) return;
    this.#transactions?.disconnected();
    this.#transactions = undefined;
  }

  async #send<Name extends keyof Messages>(name: Name, message: Messages[Name]): Promise<void> {
    await this.#status.promise;
    const { code, codec } = formatOf(this.#eth, name);
    await this.#channel.send(code, encode(codec, message));
  }

  #setRange({ earliest, latest, latestHash }: BlockRange): void {
    this.#range = showFields({ earliest, latest, latestHash });
  }

  /** Raises the range to a block that the remote has. */
  #raiseRange(latest: number, latestHash: Uint8Array): void {
    if (this.#range === undefined || latest <= this.#range.latest) return;
    this.#setRange({ earliest: this.#range.earliest, latest, latestHash: latestHash.slice() });
  }

  #announceRange(): void {
    const update = this.#eth.messages.blockRangeUpdate;
    if (update === undefined || !this.#handshakeDone) return;
    const { earliest, latest, latestHash } = this.#context.chain.range();
    const progress = latest - this.#announced.latest;
    const change = Math.abs(earliest - this.#announced.earliest);
    if (progress >= 0 && Math.max(progress, change) < rangeUpdateInterval) return;
    this.#announced = { earliest, latest };
    void this.#channel.send(update.code, encode(update.codec, { earliest, latest, latestHash }));
  }

  /** @returns resolves when the next message may be read; `undefined` when it may be read now. */
  #receive(message: Message): Promise<void> | void {
    const size = message.payload.length;
    const { chain, crypto } = this.#context;
    const name = this.#names.get(message.code);
    switch (name) {
      case 'getBlockHeaders': {
        const { requestId, query } = this.#read(name, message);
        return this.#server.respond(size, 'blockHeaders', {
          read: () => serveHeaders(chain, query),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'getBlockBodies': {
        const { requestId, hashes } = this.#read(name, message);
        return this.#server.respond(size, 'blockBodies', {
          read: () => serveBodies(chain, hashes),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'getReceipts': {
        const request = this.#read(name, message);
        return this.#server.respond(size, 'receipts', {
          read: () => serveReceipts(chain, request, this.#eth.receipts, crypto),
          message: (result) => ({ requestId: request.requestId, ...result }),
        });
      }
      case 'getPooledTransactions': {
        const { requestId, hashes } = this.#read(name, message);
        return this.#server.respond(size, 'pooledTransactions', {
          read: () => servePooled(this.#transactions, hashes),
          message: (items) => ({ requestId, items }),
        });
      }
      case 'blockHeaders':
      case 'blockBodies':
      case 'receipts':
      case 'pooledTransactions': {
        const response = this.#read(name, message);
        const { requestId, items } = response;
        return this.#client.requests.receive(name, requestId, response, items.length);
      }
      case 'newBlock': {
        if (this.#blocks === undefined) throw this.#unexpected(message);
        const { block, totalDifficulty } = this.#read(name, message);
        const sealed = this.#decode(message, () => decodeBlock(block, crypto));
        // A block is passed on before its import, after which the remote has its parent for certain.
        this.#raiseRange(sealed.header.number - 1, sealed.header.parentHash);
        return this.#blocks.received(sealed, totalDifficulty);
      }
      case 'newBlockHashes': {
        if (this.#blocks === undefined) throw this.#unexpected(message);
        const announced = this.#read(name, message);
        for (const { number, hash } of announced) this.#raiseRange(number, hash);
        return this.#blocks.announced(announced);
      }
      case 'transactions': {
        const transactions = this.#read(name, message);
        this.#feeds.received(transactions);
        return this.#transactions?.received(transactions);
      }
      case 'newPooledTransactionHashes': {
        const announcement = this.#read(name, message);
        return this.#transactions?.announced(announcement);
      }
      case 'blockRangeUpdate': {
        const range = this.#read(name, message);
        checkRange(range);
        this.#setRange(range);
        this.#context.onRange?.(this);
        return;
      }
      case 'status':
        throw new EthError('unexpected-message', 'a second status');
      case undefined:
        throw this.#unexpected(message);
    }
  }

  #unexpected({ code }: Message): EthError {
    return new EthError('unexpected-message', `code ${code} on eth/${this.version}`);
  }

  /** @throws EthError `message-too-large` or `malformed-message` */
  #read<Name extends keyof Messages>(name: Name, message: Message): Messages[Name] {
    const { code, payload } = message;
    const { codec, maxLength = hardLimit } = formatOf(this.#eth, name);
    if (payload.length > maxLength) {
      const size = `${payload.length} bytes, more than ${maxLength}`;
      throw new EthError('message-too-large', `message ${code} of ${size}`);
    }
    return this.#decode(message, () => decode(codec, payload));
  }

  /** @throws EthError `malformed-message` */
  #decode<T>({ code }: Message, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RlpError)) throw error;
      const problem = `message ${code} of eth/${this.version}: ${error.message}`;
      throw new EthError('malformed-message', problem, { cause: error });
    }
  }
}

/** Form of a connection in `console.log`. */
Object.defineProperty(EthConnection.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: EthConnection, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
    return `EthPeer ${inspect(this.toJSON(), options)}`;
  },
});
