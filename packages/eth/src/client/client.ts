import { abortable, type Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { abortSignal, array, boolean, bytes, func, integer, positive, type Rules, required } from '@devp2p/options';
import { type Channel, createRequestTracker, type RequestTracker } from '@devp2p/peer';
import type { RandomBytes } from '@devp2p/random';
import { encode, RlpError } from '@devp2p/rlp';
import { checkRequest } from '../check.ts';
import { EthError, type EthErrorCode, errorMessage } from '../error.ts';
import type { PooledTransaction, RequestOptions, VerifyOptions } from '../peer/eth-peer.ts';
import { decodeBody, type SealedBody } from '../types/body.ts';
import { decodeHeader, type SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import { type EthVersion, formatOf } from '../wire/eth-version.ts';
import { type Messages, maxBlocks, type RequestName, type Responses, responses } from '../wire/messages.ts';
import { checkHeaders, type HeadersRequest } from './header-chain.ts';
import { checkPooledTransactions } from './pooled-transactions.ts';
import { ReceiptsDownload, type ReceiptsRequest } from './receipts-download.ts';

/** Settings and collaborators of a {@link Client}. */
export interface ClientOptions {
  readonly channel: Channel;
  readonly eth: EthVersion;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Resolves when requests may be sent. */
  readonly ready: Promise<unknown>;
  /** Called when the remote breaks the protocol, with the error that ends the peer. */
  readonly onBreach: (error: EthError) => void;
}

/** Sends requests to one peer and checks its responses before they are returned. */
export class Client {
  readonly requests: RequestTracker<Responses>;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.requests = createRequestTracker({
      createError: (failure, message) => new EthError(failure, message),
      clock: options.clock,
      random: options.random,
    });
  }

  async getHeaders(request: HeadersRequest, options: RequestOptions): Promise<SealedHeader[]> {
    checkRequest.options('getHeaders', request, headersRules);
    checkRequest.options('getHeaders', options, requestRules);
    const { origin, amount, skip = 0, reverse = false } = request;
    const query = {
      origin: typeof origin === 'number' ? BigInt(origin) : origin,
      amount: BigInt(amount),
      skip: BigInt(skip),
      reverse,
    };
    const { items } = await this.#request('getBlockHeaders', (requestId) => ({ requestId, query }), amount, options);
    return this.#check(() => {
      const headers = items.map((raw) => decodeHeader(raw, this.#options.crypto));
      checkHeaders(headers, request);
      return headers;
    });
  }

  async getBodies(hashes: readonly Uint8Array[], options: VerifyOptions<SealedBody>): Promise<SealedBody[]> {
    checkHashes('blocks', hashes);
    checkRequest.options('getBodies', options, verifyRules);
    const { items } = await this.#request(
      'getBlockBodies',
      (requestId) => ({ requestId, hashes: [...hashes] }),
      hashes.length,
      options,
    );
    const bodies = this.#check(() => items.map(decodeBody));
    await this.#verify(bodies, options);
    return bodies;
  }

  async getReceipts(blocks: readonly ReceiptsRequest[], options: VerifyOptions<RawList>): Promise<RawList[]> {
    checkBlocks(blocks);
    checkRequest.options('getReceipts', options, verifyRules);
    const { receipts: format } = this.#options.eth;
    const download = new ReceiptsDownload(blocks);
    for (let more = true; more; ) {
      const { missing: hashes, firstReceipt: firstBlockReceiptIndex } = download;
      const response = await this.#request(
        'getReceipts',
        (requestId) => ({ requestId, firstBlockReceiptIndex, hashes }),
        hashes.length,
        options,
      );
      more = this.#check(() => {
        const lists = response.items.map((item) => format.decode(item));
        return download.add(lists, response.lastBlockIncomplete);
      });
    }
    await this.#verify(download.done, options);
    return download.done;
  }

  async getPooledTransactions(hashes: readonly Uint8Array[], options: RequestOptions): Promise<PooledTransaction[]> {
    checkHashes('transactions', hashes);
    checkRequest.options('getPooledTransactions', options, requestRules);
    const { items } = await this.#request(
      'getPooledTransactions',
      (requestId) => ({ requestId, hashes: [...hashes] }),
      hashes.length,
      options,
    );
    return this.#check(() => checkPooledTransactions(items, hashes, this.#options.crypto));
  }

  async #request<Name extends RequestName>(
    name: Name,
    message: (requestId: bigint) => Messages[Name],
    maxItems: number,
    options: RequestOptions,
  ): Promise<Responses[(typeof responses)[Name]]> {
    const { channel, eth, ready } = this.#options;
    await abortable(ready, options.signal);
    const { code, codec } = formatOf(eth, name);
    const kind = responses[name];
    const { requestId, response } = this.requests.track(kind, maxItems, options.signal, options.timeout);
    const cancel = (code: EthErrorCode, problem: string, cause: unknown): void =>
      this.requests.cancel(requestId, new EthError(code, `${problem}: ${errorMessage(cause)}`, { cause }));
    try {
      const payload = encode(codec, message(requestId));
      // Not awaited: the response may arrive before the send queue has room again.
      channel.send(code, payload).catch((error) => cancel('disconnected', 'not sent', error));
    } catch (error) {
      cancel('invalid-request', `${name} cannot be encoded`, error);
    }
    return response;
  }

  /** Runs a check of a response. When it throws, the remote's fault ends the peer. */
  #check<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      throw this.#breach(error, 'malformed-message');
    }
  }

  async #verify<T>(items: readonly T[], { verify }: VerifyOptions<T>): Promise<void> {
    if (verify === undefined) return;
    for (const [index, item] of items.entries()) {
      let fits: boolean;
      try {
        const verdict = verify(item, index);
        fits = typeof verdict === 'boolean' ? verdict : await verdict;
      } catch (error) {
        throw this.#breach(error, 'invalid-response');
      }
      if (!fits) {
        const problem = `item ${index} of the response does not belong to its block`;
        throw this.#breach(new EthError('invalid-response', problem), 'invalid-response');
      }
    }
  }

  /** Ends the peer if the error is the remote's fault. @returns the error to throw. */
  #breach(error: unknown, code: EthErrorCode): unknown {
    if (error instanceof RlpError) {
      return this.#breach(new EthError(code, error.message, { cause: error }), code);
    }
    if (error instanceof EthError) this.#options.onBreach(error);
    return error;
  }
}

const hashRule = bytes(32);
const countRule = integer(1, maxBlocks);
const requestRules: Rules<RequestOptions> = { signal: abortSignal, timeout: positive };
const verifyRules: Rules<VerifyOptions<never>> = { ...requestRules, verify: func };

const headersRules: Rules<HeadersRequest> = {
  origin: required({
    expected: 'a block number or a hash of 32 bytes',
    fits: (value) => hashRule.fits(value) || integer(0).fits(value),
  }),
  amount: required(countRule),
  skip: integer(0),
  reverse: boolean,
};

const receiptsRules: Rules<ReceiptsRequest> = {
  hash: required(hashRule),
  gasUsed: required(integer(0)),
  blockAccessListHash: hashRule,
};

function checkCount(name: string, items: readonly unknown[]): void {
  checkRequest.value(name, items, array);
  checkRequest.value(`${name}.length`, items.length, countRule);
}

function checkHashes(name: string, hashes: readonly Uint8Array[]): void {
  checkCount(name, hashes);
  checkRequest.elements(name, hashes, hashRule);
}

function checkBlocks(blocks: readonly ReceiptsRequest[]): void {
  checkCount('blocks', blocks);
  for (const [i, block] of blocks.entries()) {
    checkRequest.fields(`blocks[${i}]`, block, receiptsRules);
  }
}
