import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import { type BadBlock, BadBlocks } from './bad-blocks.ts';

/** Headers of payloads that are kept for the sync (go-ethereum, `maxTrackedHeaders`). */
const maxHeaders = 96;

/** A forkchoice as the consensus client names it; blocks that it does not name are absent. */
export interface Forkchoice {
  readonly head: Uint8Array;
  readonly safe?: Uint8Array | undefined;
  readonly finalized?: Uint8Array | undefined;
}

/** A block of our chain. */
export interface BlockRef {
  readonly number: number;
  readonly hash: Uint8Array;
}

/** A forkchoice whose blocks are on our chain. Replaced as a whole, so that its three blocks are seen together. */
export interface AppliedForkchoice {
  readonly head: BlockRef;
  readonly safe?: BlockRef | undefined;
  readonly finalized?: BlockRef | undefined;
}

/** What the consensus client says of itself (`ClientVersionV1`). */
export interface ConsensusClient {
  readonly code: string;
  readonly name: string;
  readonly version: string;
  readonly commit: string;
}

/** What the consensus client has named, and which blocks it must not name. */
export class Consensus {
  readonly badBlocks: BadBlocks = new BadBlocks();
  /** Of the client that has introduced itself last. */
  client: ConsensusClient | undefined;
  /** The columns that the client samples, a bitmap of 16 bytes. */
  custodyColumns: Uint8Array | undefined;
  #named: Forkchoice | undefined;
  #applied: AppliedForkchoice | undefined;
  /** Whether the sync has given up on the head that is named. */
  #refusedHead = false;
  readonly #headers = new Map<string, SealedHeader>();
  readonly #listeners = new Set<() => void>();

  /** Hash of the block that is to be the head; `undefined` until the consensus client names one. */
  get head(): Uint8Array | undefined {
    return this.#named?.head;
  }

  get named(): Forkchoice | undefined {
    return this.#named;
  }

  /** The last forkchoice whose head our chain has come to. */
  get applied(): AppliedForkchoice | undefined {
    return this.#applied;
  }

  /** The head is to come to; its ancestors need not be known. */
  choose(forkchoice: Forkchoice): void {
    const before = this.#named;
    this.#named = forkchoice;
    if (before !== undefined && equalBytes(before.head, forkchoice.head) && !this.#refusedHead)
      return;
    this.#refusedHead = false;
    for (const listener of [...this.#listeners]) listener();
  }

  /** The forkchoice is in force. */
  apply(forkchoice: AppliedForkchoice): void {
    this.#applied = forkchoice;
  }

  /** Calls back when another head is chosen. @returns a function that ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Remembers that a block breaks a rule, and which blocks follow it. */
  refuse(
    hash: Uint8Array,
    reason: string,
    descendants: readonly Uint8Array[] = [],
    latestValidHash: BadBlock['latestValidHash'] = null,
  ): void {
    this.badBlocks.add(hash, { reason, latestValidHash }, descendants);
    if (this.head !== undefined && this.badBlocks.has(this.head)) this.#refusedHead = true;
  }

  /** Whether a block is known to be invalid, or to follow one that is. */
  isRefused(hash: Uint8Array): boolean {
    return this.badBlocks.has(hash);
  }

  /** Keeps the header of a payload whose place in the chain is not known. */
  keepHeader(header: SealedHeader): void {
    this.#headers.set(toHex(header.hash), header);
    const [oldest] = this.#headers.keys();
    if (this.#headers.size > maxHeaders && oldest !== undefined) this.#headers.delete(oldest);
  }

  /** A header that a payload has brought. */
  header(hash: Uint8Array): SealedHeader | undefined {
    return this.#headers.get(toHex(hash));
  }
}
