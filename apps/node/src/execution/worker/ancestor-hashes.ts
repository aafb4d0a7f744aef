import { toHex } from '@devp2p/bytes';
import { ExecutionError } from '../../errors/execution-error.ts';

/** Blocks whose hashes the opcode BLOCKHASH returns. */
const reach = 256;
const hashLength = 32;
/** Blocks whose ancestors are kept, 8 KiB each. */
const maxKept = 128;

/** Hashes of the ancestors of recent blocks, for the opcode BLOCKHASH. */
export class AncestorHashes {
  readonly #request: (hash: Uint8Array, count: number) => Promise<readonly Uint8Array[]>;
  /** By block hash: the hash of the block and those of its ancestors, descending. */
  readonly #kept = new Map<string, Uint8Array>();

  /** @param request asks for the ancestors of a stored block, the parent first */
  constructor(request: (hash: Uint8Array, count: number) => Promise<readonly Uint8Array[]>) {
    this.#request = request;
  }

  /**
   * Prepares the hashes for a block.
   *
   * @param parent the block before it
   * @returns the hash of the ancestor with a number, from the parent down to 256 blocks below the block
   * @throws ExecutionError `no-state` when the ancestors are not known
   */
  async below(parent: { readonly number: number; readonly hash: Uint8Array }): Promise<(number: number) => Uint8Array> {
    const hashes = await this.from(parent);
    return (number) => {
      const start = (parent.number - number) * hashLength;
      if (start < 0 || start >= hashes.length)
        throw new RangeError(`no hash of block ${number} after ${parent.number}`);
      return hashes.slice(start, start + hashLength);
    };
  }

  /**
   * The hashes of a block and of up to 255 blocks before it, descending.
   *
   * @throws ExecutionError `no-state` when the ancestors are not known
   */
  async from(block: { readonly number: number; readonly hash: Uint8Array }): Promise<Uint8Array> {
    const key = toHex(block.hash);
    const hashes = this.#kept.get(key) ?? (await this.#load(block));
    // The blocks that were used last are kept.
    this.#kept.delete(key);
    this.#keep(key, hashes);
    return hashes;
  }

  /** Adds a block after one whose hashes were prepared. */
  add(hash: Uint8Array, parentHash: Uint8Array): void {
    const before = this.#kept.get(toHex(parentHash));
    if (before === undefined) return;
    const hashes = new Uint8Array(Math.min(before.length + hashLength, reach * hashLength));
    hashes.set(hash);
    hashes.set(before.subarray(0, hashes.length - hashLength), hashLength);
    this.#keep(toHex(hash), hashes);
  }

  async #load({ number, hash }: { readonly number: number; readonly hash: Uint8Array }): Promise<Uint8Array> {
    const count = Math.min(number, reach - 1);
    const ancestors = count === 0 ? [] : await this.#request(hash, count);
    if (ancestors.length !== count) {
      throw new ExecutionError('no-state', `the ancestors of block ${number} are not known`);
    }
    const hashes = new Uint8Array((count + 1) * hashLength);
    for (const [i, each] of [hash, ...ancestors].entries()) hashes.set(each, i * hashLength);
    return hashes;
  }

  #keep(key: string, hashes: Uint8Array): void {
    this.#kept.set(key, hashes);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
  }
}
