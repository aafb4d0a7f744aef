import type { Crypto } from '@devp2p/crypto';

/**
 * Targets of FindNode for each bucket of any node's table. A bucket holds the nodes whose hash begins as the node's own
 * does and then differs; to be given what is in it, one asks for a target whose hash does so too. Targets cannot be made
 * for a hash, only found by trial, so one for every beginning of `bits` bits is found once and for all.
 */
export class Targets {
  /** Buckets that can be aimed at, from the one of the farther half of all nodes on. */
  readonly depth: number;
  readonly #crypto: Pick<Crypto, 'keccak256'>;
  #byPrefix: ReadonlyMap<number, Uint8Array> | undefined;

  /** @param bits - 10 are enough for the buckets that are not empty in a network of 16 × 1024 nodes. */
  constructor(crypto: Pick<Crypto, 'keccak256'>, bits = 10) {
    this.#crypto = crypto;
    this.depth = bits;
  }

  /**
   * What to ask a node for, to be given its bucket of those that share `depth` leading bits with it.
   *
   * @param hash - the node's place in the overlay, the Keccak-256 of its id.
   */
  at(hash: Uint8Array, depth: number): Uint8Array {
    this.#byPrefix ??= this.#search();
    const flipped = 1 << (this.depth - 1 - depth);
    const target = this.#byPrefix.get(prefixOf(hash, this.depth) ^ flipped);
    if (target === undefined) throw new RangeError(`there is no bucket of depth ${depth}`);
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
