import { equalBytes } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { decodeBody, type EthPeer, RawList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { Turns } from '../chain/turns.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { ReportProgress } from '../logging/progress.ts';
import { emptyListHash, emptyTrieRoot } from '../validation/empty-roots.ts';
import type { CompleteBlock, SyncChain } from './chain.ts';
import { drive, type Outcome } from './drive.ts';
import { Lane, type Work } from './lane.ts';
import type { Missing } from './missing.ts';
import type { SyncPeers } from './peers.ts';

/** @see downloadBlocks */
export interface BlockDownloadOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  /** The first and last block to download; their headers are in the syncProgress. */
  readonly first: number;
  readonly last: number;
  readonly signal: AbortSignal;
  readonly report: ReportProgress;
  /** Called with what tells what is missing next. @default nobody */
  readonly onStage?: ((missing: () => Missing) => void) | undefined;
}

/** Blocks asked for in one request: go-ethereum asks for up to 1024 and serves as many. */
const paceLimits = { first: 32, most: 1024 };
/** Blocks that may be under way between the chain's head and the furthest that is asked for. */
const window = 4096;
/** Bytes of bodies and receipts that may wait for the blocks before them. */
const maxWaitingBytes = 32 * 1024 * 1024;
/** Blocks by which a peer's head may be beyond what it last said (EIP-7642: it speaks up every 32). */
const untold = 32;
/** One batch of the store. */
const maxBatchBlocks = 512;
const maxBatchBytes = 4 * 1024 * 1024;

/**
 * Downloads the bodies and receipts that the syncProgress's headers promise, proves them against the headers' roots, and
 * appends the blocks to the chain in their order.
 *
 * @returns how many bodies and receipt lists were downloaded; those of empty blocks need not be
 * @throws BlockError when the target's own chain is invalid
 */
export async function downloadBlocks(options: BlockDownloadOptions): Promise<void> {
  await drive<void>(options.signal, (outcome) => {
    const download = new BlockDownload(options, outcome);
    const lane = <Item>(part: Part<Item>): Lane<SealedHeader[]> =>
      new Lane({ ...options, work: part, limits: paceLimits, onError: outcome.reject });
    const lanes = [lane(download.bodies), lane(download.receipts)];
    download.onProgress = () => {
      for (const one of lanes) one.pump();
    };
    options.onStage?.(() => download.missing);
    void download.load();
    return lanes;
  });
}

/** A block on its way. */
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
  /** The next block to append, and the next whose header is to be loaded. */
  #next: number;
  #unloaded: number;
  #waitingBytes = 0;
  #loading = false;
  #appending = false;

  constructor(options: BlockDownloadOptions, outcome: Outcome<void>) {
    this.#options = options;
    this.#outcome = outcome;
    this.#next = options.first;
    this.#unloaded = options.first;
    const { chain } = options;
    // Ahead of others, the next block is always asked for: it is what lets go of those that wait.
    const mayTake = ({ number }: SealedHeader): boolean =>
      this.#waitingBytes < maxWaitingBytes || number < this.#next + maxBatchBlocks;
    this.bodies = new Part<SealedBody>({
      ask: (peer, headers, request) =>
        peer.getBodies(
          headers.map(({ hash }) => hash),
          request,
        ),
      check: (header, body) => chain.checkBody(header, body),
      sizeOf: (body) => body.raw.length,
      arrived: (header, body) => this.#arrived(header, { body }, body.raw.length),
      mayTake,
    });
    this.receipts = new Part<RawList>({
      ask: (peer, headers, request) => peer.getReceipts(headers, request),
      check: (header, receipts) => chain.checkReceipts(header, receipts),
      sizeOf: (receipts) => receipts.raw.length,
      arrived: (header, receipts) => this.#arrived(header, { receipts }, receipts.raw.length),
      mayTake,
    });
  }

  /** Of the next block, which lets go of those that wait. */
  get missing(): Missing {
    const lacksBody = this.#blocks.get(this.#next)?.body === undefined;
    return { what: lacksBody ? 'bodies' : 'receipts', number: this.#next };
  }

  /** Keeps the window full of headers. */
  async load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const { chain, last, report, first } = this.#options;
    try {
      while (this.#unloaded <= last && this.#unloaded < this.#next + window) {
        const count = Math.min(maxBatchBlocks, last - this.#unloaded + 1);
        const headers = await chain.syncProgress.headers(this.#unloaded, count);
        if (headers.length === 0) {
          throw new Error(`header ${this.#unloaded} is missing from the skeleton`);
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
    if (equalBytes(header.receiptsRoot, emptyTrieRoot)) block.receipts = RawList.of([]);
    else this.receipts.add(header);
  }

  #arrived(header: SealedHeader, part: Partial<Incomplete>, bytes: number): void {
    const block = this.#blocks.get(header.number);
    if (block === undefined) return;
    Object.assign(block, part);
    this.#waitingBytes += bytes;
    if (header.number === this.#next) void this.#append();
  }

  /** Appends what is complete from the next block on; one call at a time. */
  async #append(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    const { chain, first, last, report } = this.#options;
    try {
      for (;;) {
        const batch = this.#takeBatch();
        if (batch.length === 0) break;
        await chain.append(batch);
        this.#next += batch.length;
        report('blocks', this.#next - first, last - first + 1);
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

  #takeBatch(): CompleteBlock[] {
    const batch: CompleteBlock[] = [];
    for (let bytes = 0; batch.length < maxBatchBlocks && bytes < maxBatchBytes; ) {
      const number = this.#next + batch.length;
      const { header, body, receipts } = this.#blocks.get(number) ?? {};
      if (header === undefined || body === undefined || receipts === undefined) break;
      batch.push({ header, body, receipts });
      this.#blocks.delete(number);
      bytes += body.raw.length + receipts.raw.length;
      if (!isBodyEmpty(header)) this.#waitingBytes -= body.raw.length;
      if (!equalBytes(header.receiptsRoot, emptyTrieRoot)) {
        this.#waitingBytes -= receipts.raw.length;
      }
    }
    return batch;
  }
}

/** What {@link Part} does with items of its kind. */
interface PartOptions<Item> {
  ask(
    peer: EthPeer,
    headers: readonly SealedHeader[],
    request: {
      signal: AbortSignal;
      verify: (item: Item, index: number) => boolean | Promise<boolean>;
    },
  ): Promise<Item[]>;
  /** @throws BlockError */
  check(header: SealedHeader, item: Item): void;
  /** In bytes. */
  sizeOf(item: Item): number;
  arrived(header: SealedHeader, item: Item): void;
  mayTake(header: SealedHeader): boolean;
}

/** One half of every block, bodies or receipts: which blocks lack it, and how a peer is asked for it. */
class Part<Item> implements Work<SealedHeader[]> {
  /** Blocks that no peer was asked for, the lowest last. */
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
      if (lowest.number < earliest || lowest.number > latest + untold) return undefined;
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
      const fits = header !== undefined && this.#belongs(header, item);
      return turns.checked(this.#options.sizeOf(item))?.then(() => fits) ?? fits;
    };
    const items = await this.#options.ask(peer, headers, { signal, verify });
    if (items.length < headers.length) this.putBack(headers.slice(items.length));
    for (const [index, item] of items.entries()) {
      this.#options.arrived(headers[index] as SealedHeader, item);
    }
    return items.length;
  }

  /**
   * Whether the peer gave what the header's roots promise. When it did and the block breaks a rule all the same, no
   * other peer can help.
   */
  #belongs(header: SealedHeader, item: Item): boolean {
    try {
      this.#options.check(header, item);
      return true;
    } catch (error) {
      if (error instanceof BlockError && peersFault.has(error.code)) return false;
      throw error;
    }
  }
}

const peersFault: ReadonlySet<string> = new Set([
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
