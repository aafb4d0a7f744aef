/** Blocks that are remembered for each peer (go-ethereum, `maxKnownBlocks`). */
const maxKnownBlocks = 1024;

/** How a peer has come to know a block. */
export type KnownBy =
  /** It was sent, or announced, to the peer. */
  | 'sent'
  /** The peer announced its hash. */
  | 'announced'
  /** The peer sent it whole. */
  | 'received';

const flags: Readonly<Record<KnownBy, number>> = { sent: 1, announced: 2, received: 4 };

/** The blocks that a peer knows. The oldest ones are forgotten. */
export class KnownBlocks {
  readonly #flags = new Map<string, number>();

  get size(): number {
    return this.#flags.size;
  }

  /** @param key hex of the block's hash */
  has(key: string): boolean {
    return this.#flags.has(key);
  }

  /** @returns whether it was not known in this way before */
  add(key: string, by: KnownBy): boolean {
    const before = this.#flags.get(key) ?? 0;
    this.#flags.set(key, before | flags[by]);
    if (this.#flags.size > maxKnownBlocks) {
      const [oldest] = this.#flags.keys();
      if (oldest !== undefined) this.#flags.delete(oldest);
    }
    return (before & flags[by]) === 0;
  }
}
