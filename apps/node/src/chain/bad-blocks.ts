import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedBody, SealedHeader } from '@devp2p/eth';

/** Recent hashes of invalid blocks and their descendants (go-ethereum, `invalidTipsetsCap`). */
const maxTips = 512;
/** Refusals after which an invalid block is checked again (go-ethereum, `invalidBlockHitEviction`). */
const maxRefusals = 128;

/** An invalid block. */
export interface BadBlock {
  readonly reason: string;
  /** Hash of the nearest valid ancestor: zeros for a proof-of-work block, `null` when it is not known. */
  readonly latestValidHash: Uint8Array | null;
}

/** The latest valid hash after a proof-of-work block. */
export const proofOfWork: Uint8Array = new Uint8Array(32);

/** The latest valid hash of an invalid block with a valid parent. */
export function latestValidHash(parent: Pick<SealedHeader, 'difficulty' | 'hash'>): Uint8Array {
  return parent.difficulty === 0n ? parent.hash : proofOfWork;
}

interface Entry extends BadBlock {
  refusals: number;
}

/** An invalid block itself. */
export interface BadBlockContent {
  readonly header: SealedHeader;
  readonly body: SealedBody;
}

/** Invalid blocks that are kept whole (go-ethereum, `badBlockToKeep`). */
const maxContents = 10;

/** Invalid blocks and their descendants. They are in memory only, so that a restart clears wrong entries. */
export class BadBlocks {
  /** By hash of the block or of a descendant. */
  readonly #tips = new Map<string, Entry>();
  #contents: readonly BadBlockContent[] = [];

  /** The last invalid blocks that were kept, the latest first. */
  get contents(): readonly BadBlockContent[] {
    return this.#contents;
  }

  /** Keeps an invalid block for operators. */
  keep(block: BadBlockContent): void {
    const others = this.#contents.filter(({ header }) => !equalBytes(header.hash, block.header.hash));
    this.#contents = [{ header: block.header, body: block.body }, ...others].slice(0, maxContents);
  }

  /** Adds an invalid block and some of its descendants. */
  add(hash: Uint8Array, bad: BadBlock, descendants: readonly Uint8Array[] = []): void {
    const entry = { ...bad, refusals: 1 };
    for (const tip of [hash, ...descendants]) this.#set(toHex(tip), entry);
  }

  has(hash: Uint8Array): boolean {
    return this.#tips.has(toHex(hash));
  }

  /**
   * Looks up a block that is invalid or descends from an invalid one, and counts a refusal.
   *
   * @param parent hash of the parent; a block with an invalid parent is added as a descendant
   * @returns `undefined` for a block that is not known to be invalid, and after 128 refusals, so that it is checked again
   */
  refuse(hash: Uint8Array, parent?: Uint8Array): BadBlock | undefined {
    const own = this.#tips.get(toHex(hash));
    const entry = own ?? (parent && this.#tips.get(toHex(parent)));
    if (entry === undefined) return undefined;
    if (entry.refusals >= maxRefusals) {
      for (const [tip, other] of this.#tips) if (other === entry) this.#tips.delete(tip);
      return undefined;
    }
    entry.refusals += 1;
    if (own === undefined) this.#set(toHex(hash), entry);
    return entry;
  }

  #set(tip: string, entry: Entry): void {
    this.#tips.delete(tip);
    this.#tips.set(tip, entry);
    const [oldest] = this.#tips.keys();
    if (this.#tips.size > maxTips && oldest !== undefined) this.#tips.delete(oldest);
  }
}
