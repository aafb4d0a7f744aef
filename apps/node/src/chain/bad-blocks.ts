import { toHex } from '@devp2p/bytes';

/** Hashes of invalid blocks and of blocks that descend from them, the latest (go-ethereum, `invalidTipsetsCap`). */
const maxTips = 512;
/** Refusals after which an invalid block gets another chance (go-ethereum, `invalidBlockHitEviction`). */
const maxRefusals = 128;

/** What is known of an invalid block. */
export interface BadBlock {
  readonly reason: string;
  /** The nearest valid ancestor: zeros for a block of proof of work, `null` when it cannot be told. */
  readonly latestValidHash: Uint8Array | null;
}

interface Entry extends BadBlock {
  refusals: number;
}

/** Blocks that were found invalid, with their descendants. In memory only, so that a restart forgets a false verdict. */
export class BadBlocks {
  /** By hash of the block itself or of a descendant. */
  readonly #tips = new Map<string, Entry>();

  /** Remembers an invalid block and blocks that descend from it. */
  add(hash: Uint8Array, bad: BadBlock, descendants: readonly Uint8Array[] = []): void {
    const entry = { ...bad, refusals: 1 };
    for (const tip of [hash, ...descendants]) this.#set(toHex(tip), entry);
  }

  has(hash: Uint8Array): boolean {
    return this.#tips.has(toHex(hash));
  }

  /**
   * Refuses a block that is invalid or descends from an invalid one.
   *
   * @param parent of a block that may not be known as a descendant yet, and then is
   * @returns `undefined` for a block that is not known to be invalid, or was refused so often that it may be tried again
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
