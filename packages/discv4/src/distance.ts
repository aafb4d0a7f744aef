/**
 * Logarithm of the XOR distance of two hashes of 32 bytes: 0 when they are the same, else 1 to 256, the position of
 * the highest bit in which they differ.
 */
export function logDistance(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const difference = (a[i] ?? 0) ^ (b[i] ?? 0);
    if (difference !== 0) return (32 - i) * 8 - (Math.clz32(difference) - 24);
  }
  return 0;
}

/** Which of two hashes is nearer to the target: negative for the first, positive for the second. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y) return (x ^ (target[i] ?? 0)) - (y ^ (target[i] ?? 0));
  }
  return 0;
}

/** What has a place in the overlay. */
interface Placed {
  readonly hash: Uint8Array;
}

/** The `size` nodes nearest to a target, of all that were offered. */
export class Closest<T extends Placed> {
  /** Nearest first. */
  readonly nodes: T[] = [];
  readonly #target: Uint8Array;
  readonly #size: number;

  constructor(target: Uint8Array, size: number) {
    this.#target = target;
    this.#size = size;
  }

  offer(node: T): void {
    const { nodes } = this;
    let place = nodes.length;
    for (let above = nodes[place - 1]; above; above = nodes[place - 1]) {
      if (compareDistance(this.#target, above.hash, node.hash) <= 0) break;
      place--;
    }
    if (place >= this.#size) return;
    nodes.splice(place, 0, node);
    if (nodes.length > this.#size) nodes.pop();
  }
}
