import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockRef } from '../storage/schema.ts';
import { type BadBlock, BadBlocks } from './bad-blocks.ts';
import type { CanonicalChain, HeaderReader } from './interfaces.ts';
import { createQueue, type Queue } from './queue.ts';

/** Headers of payloads that are kept for the sync (go-ethereum, `maxTrackedHeaders`). */
const maxHeaders = 96;

/** A fork choice as the consensus client requests it. Blocks that it does not name are absent. */
export interface RequestedForkChoice {
  readonly head: Uint8Array;
  readonly safe?: Uint8Array | undefined;
  readonly finalized?: Uint8Array | undefined;
}

/** A fork choice whose blocks are canonical. Replaced as a whole, so that its blocks are consistent. */
export interface AppliedForkChoice {
  readonly head: BlockRef;
  readonly safe?: BlockRef | undefined;
  readonly finalized?: BlockRef | undefined;
}

/** The parts of the chain that the fork choice reads. */
export type ForkChoiceChain = Pick<CanonicalChain, 'head' | 'numberOf' | 'onHead'> & Pick<HeaderReader, 'header'>;

/**
 * The head, safe and finalized block that the consensus layer has chosen, and the blocks that it must not choose. The
 * Engine API requests a fork choice, the sync downloads the chain up to its head, and it applies once the chain has that
 * head.
 */
export class ForkChoice {
  readonly badBlocks: BadBlocks = new BadBlocks();
  /** Changes of the fork choice, one after another. */
  readonly inTurn: Queue = createQueue();
  readonly #chain: ForkChoiceChain;
  readonly #unsubscribe: () => void;
  #requested: RequestedForkChoice | undefined;
  #applied: AppliedForkChoice | undefined;
  /** Whether the sync has rejected the requested head. */
  #isRefused = false;
  readonly #headers = new Map<string, SealedHeader>();
  readonly #listeners = new Set<() => void>();
  #settling = false;

  constructor(chain: ForkChoiceChain) {
    this.#chain = chain;
    this.#unsubscribe = chain.onHead(() => this.#onHead());
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
    return (await this.#resolve(this.#applied?.head)) ?? this.#chain.head;
  }

  /** The applied safe block, as long as it is canonical. */
  safe(): Promise<SealedHeader | undefined> {
    return this.#resolve(this.#applied?.safe);
  }

  /** The applied finalized block, as long as it is canonical. */
  finalized(): Promise<SealedHeader | undefined> {
    return this.#resolve(this.#applied?.finalized);
  }

  /** Sets the head that the chain is to reach; its ancestors need not be known. */
  request(requested: RequestedForkChoice): void {
    const before = this.#requested;
    this.#requested = requested;
    const isSame = before !== undefined && equalBytes(before.head, requested.head);
    if (isSame && !this.#isRefused) return;
    this.#isRefused = false;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Sets a fork choice that {@link locate} has found. */
  apply(applied: AppliedForkChoice): void {
    this.#applied = applied;
  }

  /**
   * Finds the blocks of a fork choice whose head is canonical. The finalized block never moves back.
   *
   * @returns `undefined` when the safe or finalized block is not an ancestor of the head
   */
  async locate({ safe, finalized }: RequestedForkChoice, head: BlockRef): Promise<AppliedForkChoice | undefined> {
    const safeBlock = await this.#ancestor(safe, head);
    const finalizedBlock = await this.#ancestor(finalized, head);
    const isMissing =
      (safe !== undefined && safeBlock === undefined) || (finalized !== undefined && finalizedBlock === undefined);
    if (isMissing) return undefined;
    const before = (await this.finalized()) && this.#applied?.finalized;
    return { head, safe: safeBlock, finalized: higherOf(finalizedBlock, before) };
  }

  /** Calls the listener when another head is requested. @returns a function that ends the subscription */
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
    if (applied !== undefined) this.apply(applied);
  }

  /** A canonical block at or below the head. */
  async #ancestor(hash: Uint8Array | undefined, head: BlockRef): Promise<BlockRef | undefined> {
    const number = hash && (await this.#chain.numberOf(hash));
    const isAncestor = number !== undefined && number <= head.number;
    return hash !== undefined && isAncestor ? { number, hash } : undefined;
  }

  async #resolve(block: BlockRef | undefined): Promise<SealedHeader | undefined> {
    const header = block && (await this.#chain.header(block.number));
    return header && block && equalBytes(header.hash, block.hash) ? header : undefined;
  }
}

function higherOf(one: BlockRef | undefined, other: BlockRef | undefined): BlockRef | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.number >= other.number ? one : other;
}
