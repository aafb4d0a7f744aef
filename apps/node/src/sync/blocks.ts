import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { decodeBody, type EthPeer, RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { Turns } from '../chain/turns.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { ReportProgress } from '../logging/progress.ts';
import { emptyListHash, emptyTrieRoot } from '../validation/empty-roots.ts';
import type { DownloadedBlock, SyncChain } from './chain.ts';
import type { Missing } from './missing.ts';
import type { SyncPeers } from './peers.ts';
import { type Outcome, runDownload } from './run-download.ts';
import { TaskScheduler, type TaskSource } from './task-scheduler.ts';

/** @see downloadBlocks */
export interface BlockDownloadOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** The first and last block to download; their headers are in the sync progress. */
  readonly first: number;
  readonly last: number;
  readonly signal: AbortSignal;
  readonly report: ReportProgress;
  /** Called with a function that returns the data needed next. @default not called */
  readonly onStage?: ((missing: () => Missing | undefined) => void) | undefined;
}

/** Blocks of one request: go-ethereum requests and serves up to 1024. */
const requestSize = { first: 32, max: 1024 };
/** Blocks after the head of the chain that may be in progress. */
const window = 4096;
/** Bytes of bodies and receipts that may wait for earlier blocks. */
const maxWaitingBytes = 32 * 1024 * 1024;
/** Blocks by which a peer's head may exceed the range that it announced: it announces every 32 blocks (EIP-7642). */
const unannounced = 32;
/** One batch of the store. */
const maxBatchBlocks = 512;
const maxBatchBytes = 4 * 1024 * 1024;
/** Limits the time of the execution of a batch to seconds. */
const maxBatchGas = 300_000_000;

/**
 * Downloads the bodies and receipts of the stored headers, checks them against the roots in the headers, and appends the
 * blocks to the chain in order. Bodies and receipts of empty blocks are not requested, and no receipts when the blocks are
 * executed, which makes them.
 *
 * @throws BlockError when the chain of the target is invalid
 */
export async function downloadBlocks(options: BlockDownloadOptions): Promise<void> {
  await runDownload<void>(options.signal, (outcome) => {
    const download = new BlockDownload(options, outcome);
    const schedule = <Item>(tasks: Part<Item>): TaskScheduler<SealedHeader[]> =>
      new TaskScheduler({ ...options, tasks, requestSize, onError: outcome.reject });
    const schedulers = [schedule(download.bodies), schedule(download.receipts)];
    download.onProgress = () => {
      for (const scheduler of schedulers) scheduler.run();
    };
    options.onStage?.(() => download.missing);
    void download.load();
    return schedulers;
  });
}

/** A block whose parts are being downloaded. */
interface Incomplete {
  readonly header: SealedHeader;
  body?: SealedBody;
  receipts?: RawList;
}

class BlockDownload {
  onProgress = (): void => {};
  readonly bodies: Part<SealedBody>;
  readonly receipts: Part<RawList>;
  readonly #options: BlockDownloadOptions;
  readonly #outcome: Outcome<void>;
  readonly #blocks = new Map<number, Incomplete>();
  /** Number of the next block to append, and of the next header to load. */
  #next: number;
  #unloaded: number;
  #waitingBytes = 0;
  /** Gas of the appended blocks. */
  #gas = 0;
  #loading = false;
  #appending = false;

  constructor(options: BlockDownloadOptions, outcome: Outcome<void>) {
    this.#options = options;
    this.#outcome = outcome;
    this.#next = options.first;
    this.#unloaded = options.first;
    const { chain } = options;
    // The next blocks are requested in any case, since the others wait for them.
    const mayTake = ({ number }: SealedHeader): boolean =>
      this.#waitingBytes < maxWaitingBytes || number < this.#next + maxBatchBlocks;
    this.bodies = new Part<SealedBody>({
      request: (peer, headers, options) =>
        peer.getBodies(
          headers.map(({ hash }) => hash),
          options,
        ),
      check: (header, body) => chain.checkBody(header, body),
      sizeOf: (body) => body.raw.length,
      received: (header, body) => this.#received(header, { body }, body.raw.length),
      mayTake,
    });
    this.receipts = new Part<RawList>({
      request: (peer, headers, options) => peer.getReceipts(headers, options),
      check: (header, receipts) => chain.checkReceipts(header, receipts),
      sizeOf: (receipts) => receipts.raw.length,
      received: (header, receipts) => this.#received(header, { receipts }, receipts.raw.length),
      mayTake,
    });
  }

  /** The missing part of the next block; `undefined` while blocks are appended. */
  get missing(): Missing | undefined {
    if (this.#appending) return undefined;
    const lacksBody = this.#blocks.get(this.#next)?.body === undefined;
    const what = lacksBody || this.#options.chain.isExecuting ? 'bodies' : 'receipts';
    return { what, number: this.#next };
  }

  /** Loads headers up to the end of the window. */
  async load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const { chain, last, report, first } = this.#options;
    try {
      while (this.#unloaded <= last && this.#unloaded < this.#next + window) {
        const count = Math.min(maxBatchBlocks, last - this.#unloaded + 1);
        const headers = await chain.syncProgress.headers(this.#unloaded, count);
        if (headers.length === 0) {
          throw new Error(`header ${this.#unloaded} is missing from the sync progress`);
        }
        for (const header of headers) this.#start(header);
        this.#unloaded += headers.length;
        report('blocks', this.#next - first, last - first + 1);
        this.onProgress();
        await this.#append();
      }
    } catch (error) {
      this.#outcome.reject(error);
    } finally {
      this.#loading = false;
    }
  }

  #start(header: SealedHeader): void {
    const block: Incomplete = { header };
    this.#blocks.set(header.number, block);
    if (isBodyEmpty(header)) block.body = emptyBody(header);
    else this.bodies.add(header);
    if (this.#options.chain.isExecuting) return;
    if (equalBytes(header.receiptsRoot, emptyTrieRoot)) block.receipts = RawList.of([]);
    else this.receipts.add(header);
  }

  #received(header: SealedHeader, part: Partial<Incomplete>, bytes: number): void {
    const block = this.#blocks.get(header.number);
    if (block === undefined) return;
    Object.assign(block, part);
    this.#waitingBytes += bytes;
    if (header.number === this.#next) void this.#append();
  }

  /** Appends complete blocks from the next one on; one call at a time. */
  async #append(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    const { chain, first, last, report, signal } = this.#options;
    try {
      // The head may belong to another branch once the download has been aborted.
      while (!signal.aborted) {
        const batch = this.#takeBatch();
        if (batch.length === 0) break;
        await chain.append(batch);
        this.#next += batch.length;
        for (const { header } of batch) this.#gas += header.gasUsed;
        const amounts = chain.isExecuting ? { gas: this.#gas } : undefined;
        report('blocks', this.#next - first, last - first + 1, amounts);
        this.onProgress();
        void this.load();
      }
      if (this.#next > last) this.#outcome.resolve();
    } catch (error) {
      this.#outcome.reject(error);
    } finally {
      this.#appending = false;
    }
  }

  #takeBatch(): DownloadedBlock[] {
    const batch: DownloadedBlock[] = [];
    const { isExecuting } = this.#options.chain;
    let [bytes, gas] = [0, 0];
    while (batch.length < maxBatchBlocks && bytes < maxBatchBytes && gas < maxBatchGas) {
      const number = this.#next + batch.length;
      const { header, body, receipts } = this.#blocks.get(number) ?? {};
      if (header === undefined || body === undefined || (receipts === undefined && !isExecuting)) break;
      batch.push({ header, body, receipts });
      this.#blocks.delete(number);
      bytes += body.raw.length + (receipts?.raw.length ?? 0);
      gas += header.gasUsed;
      if (!isBodyEmpty(header)) this.#waitingBytes -= body.raw.length;
      if (receipts !== undefined && !equalBytes(header.receiptsRoot, emptyTrieRoot)) {
        this.#waitingBytes -= receipts.raw.length;
      }
    }
    return batch;
  }
}

/** The operations of a {@link Part} on items of its kind. */
interface PartOptions<Item> {
  request(
    peer: EthPeer,
    headers: readonly SealedHeader[],
    options: {
      signal: AbortSignal;
      verify: (item: Item, index: number) => boolean | Promise<boolean>;
    },
  ): Promise<Item[]>;
  /** @throws BlockError */
  check(header: SealedHeader, item: Item): void;
  /** In bytes. */
  sizeOf(item: Item): number;
  received(header: SealedHeader, item: Item): void;
  mayTake(header: SealedHeader): boolean;
}

/** One part of all blocks, bodies or receipts: the blocks that lack it, and its requests. */
class Part<Item> implements TaskSource<SealedHeader[]> {
  /** Headers of blocks that were not requested yet, the lowest last. */
  #wanted: SealedHeader[] = [];
  readonly #options: PartOptions<Item>;

  constructor(options: PartOptions<Item>) {
    this.#options = options;
  }

  add(header: SealedHeader): void {
    this.#wanted.unshift(header);
  }

  take(limit: number, peer: EthPeer): SealedHeader[] | undefined {
    const lowest = this.#wanted.at(-1);
    if (lowest === undefined || !this.#options.mayTake(lowest)) return undefined;
    const { range } = peer;
    if (range !== undefined) {
      const { earliest, latest } = range;
      if (lowest.number < earliest || lowest.number > latest + unannounced) return undefined;
    }
    return this.#wanted.splice(-limit).reverse();
  }

  putBack(headers: SealedHeader[]): void {
    this.#wanted.push(...headers);
    this.#wanted.sort((a, b) => b.number - a.number);
  }

  async run(peer: EthPeer, headers: SealedHeader[], signal: AbortSignal): Promise<number> {
    const turns = new Turns();
    const verify = (item: Item, index: number): boolean | Promise<boolean> => {
      const header = headers[index];
      const isValid = header !== undefined && this.#matches(header, item);
      return turns.checked(this.#options.sizeOf(item))?.then(() => isValid) ?? isValid;
    };
    const items = await this.#options.request(peer, headers, { signal, verify });
    if (items.length < headers.length) this.putBack(headers.slice(items.length));
    for (const [index, item] of items.entries()) {
      this.#options.received(headers[index] as SealedHeader, item);
    }
    return items.length;
  }

  /**
   * Whether an item matches the roots in the header.
   *
   * @throws BlockError when it does but violates a rule: then the block is invalid, independent of the peer
   */
  #matches(header: SealedHeader, item: Item): boolean {
    try {
      this.#options.check(header, item);
      return true;
    } catch (error) {
      if (error instanceof BlockError && mismatches.has(error.code)) return false;
      throw error;
    }
  }
}

/** Errors of an item that does not belong to the header. */
const mismatches: ReadonlySet<string> = new Set([
  'malformed',
  'transactions-root',
  'uncles-hash',
  'withdrawals-root',
  'receipts-root',
]);

function isBodyEmpty({ transactionsRoot, unclesHash, withdrawalsRoot }: SealedHeader): boolean {
  return (
    equalBytes(transactionsRoot, emptyTrieRoot) &&
    equalBytes(unclesHash, emptyListHash) &&
    (withdrawalsRoot === undefined || equalBytes(withdrawalsRoot, emptyTrieRoot))
  );
}

/** RLP of two or three empty lists. */
function emptyBody({ withdrawalsRoot }: SealedHeader): SealedBody {
  const lists = withdrawalsRoot === undefined ? 2 : 3;
  return decodeBody(Uint8Array.from([0xc0 + lists, ...new Array<number>(lists).fill(0xc0)]));
}
