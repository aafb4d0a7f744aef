/**
 * Returns the logarithmic XOR distance of two hashes of 32 bytes: 0 for equal hashes, else the position of the highest
 * different bit, 1 to 256.
 */
export function logDistance(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return (32 - i) * 8 - (Math.clz32(difference) - 24);
  }
  return 0;
}

/** Compares the distances of two hashes to a target: negative if `a` is closer, positive if `b` is closer. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y) return (x ^ (target[i] ?? 0)) - (y ^ (target[i] ?? 0));
  }
  return 0;
}

/** Collects the `size` nodes that are closest to a target. */
export class ClosestNodes<T extends { readonly hash: Uint8Array }> {
  /** Closest first. */
  readonly nodes: T[] = [];
  readonly #target: Uint8Array;
  readonly #size: number;

  /** @param target a hash of 32 bytes */
  constructor(target: Uint8Array, size: number) {
    this.#target = target;
    this.#size = size;
  }

  /** Inserts a node, unless `size` closer nodes are known. */
  add(node: T): void {
    const { nodes } = this;
    let index = nodes.length;
    for (let closer = nodes[index - 1]; closer; closer = nodes[index - 1]) {
      if (compareDistance(this.#target, closer.hash, node.hash) <= 0) break;
      index--;
    }
    if (index >= this.#size) return;
    nodes.splice(index, 0, node);
    if (nodes.length > this.#size) nodes.pop();
  }
}
