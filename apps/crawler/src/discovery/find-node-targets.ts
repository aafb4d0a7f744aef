import type { Crypto } from '@devp2p/crypto';

/**
 * FindNode targets for each bucket of any node's table. A bucket holds the nodes whose hash shares a given number of
 * leading bits with the hash of the table's owner, so a request for the bucket needs a target with such a hash. A hash
 * cannot be inverted: one target for each prefix of `bits` bits is found by trial, once, at the first use.
 */
export class FindNodeTargets {
  /** Number of buckets with a target, counted from the bucket of the farther half of all nodes. */
  readonly depth: number;
  readonly #crypto: Pick<Crypto, 'keccak256'>;
  #byPrefix: ReadonlyMap<number, Uint8Array> | undefined;

  /** @param bits 10 cover the buckets that are not empty in a network of 16 × 1024 nodes */
  constructor(crypto: Pick<Crypto, 'keccak256'>, bits = 10) {
    this.#crypto = crypto;
    this.depth = bits;
  }

  /**
   * Returns the target that requests the bucket of nodes that share `depth` leading bits with the node.
   *
   * @param hash Keccak-256 of the node's id
   * @throws RangeError when `depth` is not below {@link depth}
   */
  at(hash: Uint8Array, depth: number): Uint8Array {
    this.#byPrefix ??= this.#search();
    const flipped = 1 << (this.depth - 1 - depth);
    const target = this.#byPrefix.get(prefixOf(hash, this.depth) ^ flipped);
    if (target === undefined) throw new RangeError(`no FindNode target for bucket depth ${depth}`);
    return target;
  }

  #search(): ReadonlyMap<number, Uint8Array> {
    const byPrefix = new Map<number, Uint8Array>();
    for (let trial = 0; byPrefix.size < 2 ** this.depth; trial++) {
      const target = new Uint8Array(64);
      new DataView(target.buffer).setUint32(60, trial);
      const prefix = prefixOf(this.#crypto.keccak256(target), this.depth);
      if (!byPrefix.has(prefix)) byPrefix.set(prefix, target);
    }
    return byPrefix;
  }
}

function prefixOf(hash: Uint8Array, bits: number): number {
  return new DataView(hash.buffer, hash.byteOffset, 4).getUint32(0) >>> (32 - bits);
}
