import type { Clock } from '@devp2p/clock';
import type { Crypto, RandomBytes } from '@devp2p/crypto';
import {
  abortSignal,
  array,
  boolean,
  bytes,
  func,
  integer,
  type Rules,
  required,
} from '@devp2p/options';
import type { Channel } from '@devp2p/peer';
import { decode, encode, RlpError } from '@devp2p/rlp';
import { checkRequest } from '../check.ts';
import { EthError, type EthErrorCode, why } from '../error.ts';
import { abortable } from '../peer/abortable.ts';
import type { PooledTransaction, RequestOptions, VerifyOptions } from '../peer/eth-peer.ts';
import { decodeBody, type SealedBody } from '../types/body.ts';
import { decodeHeader, type SealedHeader } from '../types/header.ts';
import type { RawList } from '../types/raw-list.ts';
import { receiptList } from '../types/receipt.ts';
import { maxBlocks } from '../wire/messages.ts';
import { fromReceipts68 } from '../wire/receipt-forms.ts';
import { answers, type Messages, type Question, type Schema } from '../wire/schema.ts';
import { checkHeaders, type HeadersRequest } from './header-chain.ts';
import { checkPooledTransactions } from './pooled-transactions.ts';
import { ReceiptsDownload, type ReceiptsRequest } from './receipts-download.ts';
import { Requests } from './requests.ts';

/** What a {@link Client} is made of. */
export interface ClientParts {
  readonly channel: Channel;
  readonly schema: Schema;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Resolves when questions may be asked. */
  readonly ready: Promise<unknown>;
  /** The remote broke the protocol: the peer is to end with this error. */
  readonly onBreach: (error: EthError) => void;
}

/** Asks one peer, and checks what it answers before the caller sees it. */
export class Client {
  readonly requests: Requests;
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.requests = new Requests(parts.clock, parts.random);
  }

  async getHeaders(request: HeadersRequest, options: RequestOptions): Promise<SealedHeader[]> {
    checkCall(options);
    checkRequest.fields('request', request, headersRules);
    const { origin, amount, skip = 0, reverse = false } = request;
    const query = {
      origin: typeof origin === 'number' ? BigInt(origin) : origin,
      amount: BigInt(amount),
      skip: BigInt(skip),
      reverse,
    };
    const { items } = await this.#ask(
      'getBlockHeaders',
      (requestId) => ({ requestId, query }),
      amount,
      options,
    );
    return this.#check(() => {
      const headers = items.map((raw) => decodeHeader(raw, this.#parts.crypto));
      checkHeaders(headers, request);
      return headers;
    });
  }

  async getBodies(
    hashes: readonly Uint8Array[],
    options: VerifyOptions<SealedBody>,
  ): Promise<SealedBody[]> {
    checkHashes('blocks', hashes);
    checkCall(options);
    const { items } = await this.#ask(
      'getBlockBodies',
      (requestId) => ({ requestId, hashes: [...hashes] }),
      hashes.length,
      options,
    );
    const bodies = this.#check(() => items.map(decodeBody));
    await this.#verify(bodies, options);
    return bodies;
  }

  async getReceipts(
    blocks: readonly ReceiptsRequest[],
    options: VerifyOptions<RawList>,
  ): Promise<RawList[]> {
    checkBlocks(blocks);
    checkCall(options);
    const isOld = this.#parts.schema.version < 69;
    const download = new ReceiptsDownload(blocks);
    for (let more = true; more; ) {
      const { missing: hashes, firstReceipt: firstBlockReceiptIndex } = download;
      const answer = await this.#ask(
        'getReceipts',
        (requestId) => ({ requestId, firstBlockReceiptIndex, hashes }),
        hashes.length,
        options,
      );
      more = this.#check(() => {
        const lists = answer.items.map((item) =>
          isOld ? fromReceipts68(item) : decode(receiptList, item),
        );
        return download.add(lists, answer.lastBlockIncomplete);
      });
    }
    await this.#verify(download.done, options);
    return download.done;
  }

  async getPooledTransactions(
    hashes: readonly Uint8Array[],
    options: RequestOptions,
  ): Promise<PooledTransaction[]> {
    checkHashes('transactions', hashes);
    checkCall(options);
    const { items } = await this.#ask(
      'getPooledTransactions',
      (requestId) => ({ requestId, hashes: [...hashes] }),
      hashes.length,
      options,
    );
    return this.#check(() => checkPooledTransactions(items, hashes, this.#parts.crypto));
  }

  async #ask<Q extends Question>(
    question: Q,
    message: (requestId: bigint) => Messages[Q],
    maxItems: number,
    options: RequestOptions,
  ): Promise<Messages[(typeof answers)[Q]]> {
    const { channel, schema, ready } = this.#parts;
    await abortable(ready, options.signal);
    const { code, codec } = schema.messages[question];
    const { requestId, response } = this.requests.ask(answers[question], maxItems, options.signal);
    const giveUp = (code: EthErrorCode, problem: string, cause: unknown): void =>
      this.requests.abandon(requestId, new EthError(code, `${problem}: ${why(cause)}`, { cause }));
    try {
      const payload = encode(codec, message(requestId));
      // Not awaited: the answer may come before there is room for more questions.
      channel.send(code, payload).catch((error) => giveUp('disconnected', 'not sent', error));
    } catch (error) {
      giveUp('invalid-request', `${question} cannot be encoded`, error);
    }
    return response;
  }

  /** Runs what throws at a breach, and ends the peer then. */
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
        const problem = `item ${index} of the answer is not that of its block`;
        throw this.#breach(new EthError('invalid-response', problem), 'invalid-response');
      }
    }
  }

  /** Ends the peer if the error is the remote's fault. Returns the error to throw. */
  #breach(error: unknown, code: EthErrorCode): unknown {
    if (error instanceof RlpError) {
      return this.#breach(new EthError(code, error.message, { cause: error }), code);
    }
    if (error instanceof EthError) this.#parts.onBreach(error);
    return error;
  }
}

const hashRule = bytes(32);
const countRule = integer(1, maxBlocks);
const callRules = { signal: abortSignal, verify: func };

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

function checkCount(what: string, items: readonly unknown[]): void {
  checkRequest.value(what, items, array);
  checkRequest.value(`${what}.length`, items.length, countRule);
}

function checkHashes(what: string, hashes: readonly Uint8Array[]): void {
  checkCount(what, hashes);
  checkRequest.elements(what, hashes, hashRule);
}

function checkBlocks(blocks: readonly ReceiptsRequest[]): void {
  checkCount('blocks', blocks);
  for (const [i, block] of blocks.entries()) {
    checkRequest.fields(`blocks[${i}]`, block, receiptsRules);
  }
}

function checkCall(options: VerifyOptions<never>): void {
  checkRequest.fields('options', options, callRules);
}
