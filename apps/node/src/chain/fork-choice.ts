import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockRef } from '../storage/schema.ts';
import { ancestorOf } from './ancestry.ts';
import { type BadBlock, BadBlocks } from './bad-blocks.ts';
import type { BlockImporter, CanonicalChain, FinalizedStore, HeaderReader } from './interfaces.ts';
import { createQueue, type Queue } from './queue.ts';

/** Headers of payloads that are kept for the sync (go-ethereum, `maxTrackedHeaders`). */
const maxHeaders = 96;

/** A fork choice as the consensus client requests it. Blocks that it does not name are absent. */
export interface RequestedForkChoice {
  readonly head: Uint8Array;
  readonly safe?: Uint8Array | undefined;
  readonly finalized?: Uint8Array | undefined;
}

/** A fork choice whose blocks are stored. Replaced as a whole, so that its blocks are consistent. */
export interface AppliedForkChoice {
  readonly head: BlockRef;
  readonly safe?: BlockRef | undefined;
  readonly finalized?: BlockRef | undefined;
}

/** The parts of the chain that the fork choice uses. */
export type ForkChoiceChain = Pick<CanonicalChain, 'head' | 'numberOf' | 'onHead'> &
  HeaderReader &
  FinalizedStore &
  Pick<BlockImporter, 'setHead'>;

/** The blocks of the three tags. */
interface Tags {
  readonly latest: SealedHeader;
  readonly safe: SealedHeader | undefined;
  readonly finalized: SealedHeader | undefined;
}

/**
 * The head, safe and finalized block that the consensus layer has chosen, and the blocks that it must not choose. The
 * Engine API requests a fork choice. If its head is stored, the chain moves to it; otherwise the sync downloads the chain
 * up to it, and the fork choice applies once the chain has that head.
 */
export class ForkChoice {
  readonly badBlocks: BadBlocks = new BadBlocks();
  /** Changes of the fork choice, one after another. */
  readonly inTurn: Queue = createQueue();
  readonly #chain: ForkChoiceChain;
  readonly #unsubscribe: () => void;
  #requested: RequestedForkChoice | undefined;
  #applied: AppliedForkChoice | undefined;
  /** The finalized block of an earlier run, until a fork choice has been applied. */
  readonly #restored: BlockRef | undefined;
  /** The tags while the head moves, so that they change together. */
  #held: Tags | undefined;
  /** Whether the sync has rejected the requested head. */
  #isRefused = false;
  readonly #headers = new Map<string, SealedHeader>();
  readonly #listeners = new Set<() => void>();
  #settling = false;

  /** @param restored the finalized block of an earlier run. @default none */
  constructor(chain: ForkChoiceChain, restored?: BlockRef) {
    this.#chain = chain;
    this.#restored = restored;
    this.#unsubscribe = chain.onHead(() => this.#onHead());
  }

  /**
   * Creates the fork choice of a chain, with the finalized block of the last run.
   *
   * @throws ChainError
   */
  static async open(chain: ForkChoiceChain): Promise<ForkChoice> {
    return new ForkChoice(chain, await chain.finalizedBlock.read());
  }

  /** Hash of the requested head; `undefined` before the first request. */
  get head(): Uint8Array | undefined {
    return this.#requested?.head;
  }

  /** The last fork choice whose head the chain has reached. */
  get applied(): AppliedForkChoice | undefined {
    return this.#applied;
  }

  /** The applied head, or else the head of the chain. */
  async latest(): Promise<SealedHeader> {
    return this.#held?.latest ?? (await this.#resolve(this.#applied?.head)) ?? this.#chain.head;
  }

  /** The applied safe block, as long as it is canonical. */
  async safe(): Promise<SealedHeader | undefined> {
    return this.#held === undefined ? this.#resolve(this.#applied?.safe) : this.#held.safe;
  }

  /** The applied finalized block or that of the last run, as long as it is canonical. */
  async finalized(): Promise<SealedHeader | undefined> {
    return this.#held === undefined ? this.#resolve(this.#finalizedRef) : this.#held.finalized;
  }

  /** Whether the chain moves to the requested head, which is stored. */
  get isMoving(): boolean {
    return this.#held !== undefined;
  }

  /** Sets the head that the sync is to reach; its ancestors need not be known. */
  request(requested: RequestedForkChoice): void {
    const before = this.#requested;
    this.#requested = requested;
    const isSame = before !== undefined && equalBytes(before.head, requested.head);
    if (isSame && !this.#isRefused) return;
    this.#isRefused = false;
    this.#notify();
  }

  /**
   * Sets a fork choice that {@link locate} has found, whose head is canonical.
   *
   * @throws ChainError when the finalized block cannot be written; nothing has changed then
   */
  async apply(applied: AppliedForkChoice): Promise<void> {
    const { finalized } = applied;
    const before = this.#finalizedRef;
    const isNew = finalized !== undefined && !(before && equalBytes(before.hash, finalized.hash));
    if (isNew) await this.#chain.finalizedBlock.write(finalized);
    this.#applied = applied;
  }

  /**
   * Requests a head that is stored, and makes it the head of the chain with its safe and finalized block. Until it is,
   * the tags stay as they are.
   *
   * @returns `false` when a block or a state is missing, so that a sync is needed
   * @throws BlockError for a block on the way that violates a rule; ExecutionError, ChainError
   */
  async move(requested: RequestedForkChoice, applied: AppliedForkChoice): Promise<boolean> {
    const [latest, safe, finalized] = await Promise.all([this.latest(), this.safe(), this.finalized()]);
    this.#held = { latest, safe, finalized };
    this.#requested = requested;
    this.#isRefused = false;
    this.#notify();
    try {
      if (!(await this.#chain.setHead(applied.head.hash))) return false;
      await this.apply(applied);
      return true;
    } finally {
      this.#held = undefined;
      this.#notify();
    }
  }

  /**
   * Finds the blocks of a fork choice whose head is stored. The finalized block never moves back: the last one has to be
   * an ancestor of the head as well.
   *
   * @returns `undefined` when the safe or a finalized block is not an ancestor of the head
   */
  async locate({ safe, finalized }: RequestedForkChoice, head: BlockRef): Promise<AppliedForkChoice | undefined> {
    const before = (await this.finalized()) && this.#finalizedRef;
    const blocks: (BlockRef | undefined)[] = [];
    for (const hash of [safe, finalized, before?.hash]) {
      const ancestor = hash && (await ancestorOf(this.#chain, hash, head));
      if (hash !== undefined && ancestor === undefined) return undefined;
      blocks.push(ancestor);
    }
    const [safeBlock, finalizedBlock] = blocks;
    return { head, safe: safeBlock, finalized: higherOf(finalizedBlock, before) };
  }

  /**
   * Calls the listener when another head is requested, and when the chain has moved to one.
   *
   * @returns a function that ends the subscription
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Records a block that breaks a rule, and blocks that descend from it. */
  refuse(
    hash: Uint8Array,
    reason: string,
    descendants: readonly Uint8Array[] = [],
    latestValidHash: BadBlock['latestValidHash'] = null,
  ): void {
    this.badBlocks.add(hash, { reason, latestValidHash }, descendants);
    if (this.head !== undefined && this.badBlocks.has(this.head)) this.#isRefused = true;
  }

  /** Whether a block is known to be invalid, or to descend from an invalid one. */
  isRefused(hash: Uint8Array): boolean {
    return this.badBlocks.has(hash);
  }

  /** Keeps the header of a payload that does not follow the head, for the sync. */
  keepHeader(header: SealedHeader): void {
    this.#headers.set(toHex(header.hash), header);
    const [oldest] = this.#headers.keys();
    if (this.#headers.size > maxHeaders && oldest !== undefined) this.#headers.delete(oldest);
  }

  /** A header that was kept. */
  header(hash: Uint8Array): SealedHeader | undefined {
    return this.#headers.get(toHex(hash));
  }

  close(): void {
    this.#unsubscribe();
  }

  /** Applies the requested fork choice when the sync has reached its head. */
  #onHead(): void {
    const isApplied =
      this.head !== undefined && this.#applied !== undefined && equalBytes(this.head, this.#applied.head.hash);
    if (this.#settling || this.head === undefined || isApplied) return;
    this.#settling = true;
    this.inTurn(() => {
      this.#settling = false;
      return this.#settle();
    }).catch(() => {
      // The store has failed, which the sync reports.
    });
  }

  async #settle(): Promise<void> {
    const requested = this.#requested;
    const number = requested && (await this.#chain.numberOf(requested.head));
    if (requested === undefined || number === undefined || requested !== this.#requested) return;
    const applied = await this.locate(requested, { number, hash: requested.head });
    if (applied === undefined) return;
    await this.apply(applied);
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  get #finalizedRef(): BlockRef | undefined {
    return this.#applied === undefined ? this.#restored : this.#applied.finalized;
  }

  async #resolve(block: BlockRef | undefined): Promise<SealedHeader | undefined> {
    if (block === undefined) return undefined;
    const { head } = this.#chain;
    // The usual case, in each call on the latest block, needs no read.
    if (equalBytes(head.hash, block.hash)) return head;
    const header = await this.#chain.header(block.number);
    return header && equalBytes(header.hash, block.hash) ? header : undefined;
  }
}

function higherOf(one: BlockRef | undefined, other: BlockRef | undefined): BlockRef | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.number >= other.number ? one : other;
}
