import { networkGroup } from '@devp2p/enr';
import type { Node } from './node.ts';

/** How many nodes of one network there may be. */
export class AddressLimits {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts the node in, unless its network is full. */
  take(node: Node): boolean {
    if (isExempt(node)) return true;
    const group = networkGroup(node.ip);
    const count = this.#counts.get(group) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(group, count + 1);
    return true;
  }

  /** Gives back what {@link take} counted. */
  release(node: Node): void {
    if (isExempt(node)) return;
    const group = networkGroup(node.ip);
    const count = this.#counts.get(group) ?? 0;
    if (count > 1) this.#counts.set(group, count - 1);
    else this.#counts.delete(group);
  }
}

/** A network in reach only from nearby is one's own, and all its nodes share a few addresses. */
function isExempt({ network }: Node): boolean {
  return network === 'loopback' || network === 'lan' || network === 'link-local';
}
