import { isRoutable } from '@devp2p/ip';
import { bytesOf } from '../snapshot/binary.ts';
import type { Entry } from '../table/entry.ts';

/** Limits on the entries of one operator, in addition to the buckets. */
export interface NetworkLimitOptions {
  /** Most entries of one IPv4 /24 or IPv6 /64. @default 10, as the table of go-ethereum's discovery */
  readonly maxPerNetwork: number;
  /** Most entries of one IP address. @default 4 */
  readonly maxPerIp: number;
}

/**
 * Index of entries by network. Addresses that are not public are not counted: a caller that accepts them (`isRoutable`)
 * runs a private network.
 */
export class NetworkLimits {
  readonly #options: NetworkLimitOptions;
  /** First entry of each network; the others follow as a linked list. */
  readonly #first = new Map<string, Entry>();

  constructor(options: NetworkLimitOptions) {
    this.#options = options;
  }

  /**
   * Returns `true` if there is room for an address, otherwise the entries of which one has to be removed.
   *
   * @param moving an entry that gives up its present address for this one
   */
  room(ip: string, moving?: Entry): true | readonly Entry[] {
    const network = this.entries(ip).filter((entry) => entry !== moving);
    const same = network.filter((entry) => entry.ip === ip);
    if (same.length >= this.#options.maxPerIp) return same;
    return network.length < this.#options.maxPerNetwork || network;
  }

  /** Whether the limits apply to an address. */
  counts(ip: string): boolean {
    return networkOf(ip) !== undefined;
  }

  add(entry: Entry): void {
    const network = networkOf(entry.ip);
    if (network === undefined) return;
    entry.nextInNetwork = this.#first.get(network);
    this.#first.set(network, entry);
  }

  remove(entry: Entry): void {
    const network = networkOf(entry.ip);
    if (network === undefined) return;
    const first = this.#first.get(network);
    if (first === entry) {
      if (entry.nextInNetwork) this.#first.set(network, entry.nextInNetwork);
      else this.#first.delete(network);
    } else {
      let previous = first;
      while (previous && previous.nextInNetwork !== entry) previous = previous.nextInNetwork;
      if (previous) previous.nextInNetwork = entry.nextInNetwork;
    }
    entry.nextInNetwork = undefined;
  }

  /** Returns the entries in the network of an address. */
  entries(ip: string): Entry[] {
    const network = networkOf(ip);
    const entries: Entry[] = [];
    if (network === undefined) return entries;
    for (let entry = this.#first.get(network); entry; entry = entry.nextInNetwork) entries.push(entry);
    return entries;
  }
}

function networkOf(ip: string): string | undefined {
  if (!isRoutable(bytesOf(ip))) return undefined;
  return ip.length === 4 ? ip.slice(0, 3) : ip.slice(0, 8);
}
