import { networkGroup } from '@devp2p/ip';
import type { Node } from '../node/node.ts';

/** Limits the number of nodes per network: an IPv4 /24 or IPv6 /64. */
export class AddressLimits {
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts a node. Returns false, without counting it, if its network has reached the limit. */
  add(node: Node): boolean {
    if (isExempt(node)) return true;
    const group = networkGroup(node.ip);
    const count = this.#counts.get(group) ?? 0;
    if (count >= this.#limit) return false;
    this.#counts.set(group, count + 1);
    return true;
  }

  /** Reverts {@link add}. */
  remove(node: Node): void {
    if (isExempt(node)) return;
    const group = networkGroup(node.ip);
    const count = this.#counts.get(group) ?? 0;
    if (count > 1) this.#counts.set(group, count - 1);
    else this.#counts.delete(group);
  }
}

/** Local networks have no limit: they belong to one operator, and all their nodes share a few addresses. */
function isExempt({ network }: Node): boolean {
  return network === 'loopback' || network === 'lan' || network === 'link-local';
}
