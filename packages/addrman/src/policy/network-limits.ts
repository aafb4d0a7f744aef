import { bytesOf } from '../snapshot/binary.ts';
import type { Entry } from '../table/entry.ts';
import { isRoutable } from './routable.ts';

/** How many entries one operator may have, beside what the buckets allow. */
export interface NetworkLimitOptions {
  /** Entries of one IPv4 /24 or IPv6 /64. @default 10, as the table of go-ethereum's discovery */
  readonly maxPerNetwork: number;
  /** Entries of one IP address. @default 4 */
  readonly maxPerIp: number;
}

/**
 * Entries by network. Those whose address is not on the internet are not counted: whoever lets them in (`isRoutable`)
 * is on a network of his own.
 */
export class NetworkLimits {
  readonly #options: NetworkLimitOptions;
  /** The first entry of each network; the others hang on it. */
  readonly #first = new Map<string, Entry>();

  constructor(options: NetworkLimitOptions) {
    this.#options = options;
  }

  /**
   * Whether there is room for an address: `true`, or those among which one would have to go. `moving` is an entry that
   * leaves its own place for it.
   */
  room(ip: string, moving?: Entry): true | readonly Entry[] {
    const network = this.entries(ip).filter((entry) => entry !== moving);
    const same = network.filter((entry) => entry.ip === ip);
    if (same.length >= this.#options.maxPerIp) return same;
    return network.length < this.#options.maxPerNetwork || network;
  }

  /** Whether an address is one that is counted. */
  counts(ip: string): boolean {
    return networkOf(ip) !== undefined;
  }

  add(entry: Entry): void {
    const network = networkOf(entry.ip);
    if (network === undefined) return;
    entry.neighbour = this.#first.get(network);
    this.#first.set(network, entry);
  }

  remove(entry: Entry): void {
    const network = networkOf(entry.ip);
    if (network === undefined) return;
    const first = this.#first.get(network);
    if (first === entry) {
      if (entry.neighbour) this.#first.set(network, entry.neighbour);
      else this.#first.delete(network);
    } else {
      let before = first;
      while (before && before.neighbour !== entry) before = before.neighbour;
      if (before) before.neighbour = entry.neighbour;
    }
    entry.neighbour = undefined;
  }

  /** The entries that count as of one network with an address. */
  entries(ip: string): Entry[] {
    const network = networkOf(ip);
    const entries: Entry[] = [];
    if (network === undefined) return entries;
    for (let one = this.#first.get(network); one; one = one.neighbour) entries.push(one);
    return entries;
  }
}

function networkOf(ip: string): string | undefined {
  if (!isRoutable(bytesOf(ip))) return undefined;
  return ip.length === 4 ? ip.slice(0, 3) : ip.slice(0, 8);
}
