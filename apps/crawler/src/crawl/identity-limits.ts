import { isLan, networkGroup, parseIp } from '@devp2p/ip';

/** Limits on the number of identities. LAN and loopback addresses have only the limit per source. */
export interface IdentityLimitOptions {
  /** With one IP address. @default 64 */
  readonly maxPerIp?: number | undefined;
  /** In one /24, or IPv6 /64. @default 512 */
  readonly maxPerNetwork?: number | undefined;
  /** First reported by one node, and not yet verified by an answer. @default 128 */
  readonly maxPerSource?: number | undefined;
  /** In total. @default 1_000_000 */
  readonly maxNodes?: number | undefined;
}

export type IdentityLimit = 'ip' | 'network' | 'source' | 'total';

/**
 * Counts identities by reported address and by source. Keys cost nothing to create: without limits, one machine could
 * fill a crawl with its own identities, or with nonexistent ones.
 */
export class IdentityLimits {
  readonly #maxima: { readonly [K in IdentityLimit]: number };
  readonly #ips = new Map<string, number>();
  readonly #networks = new Map<string, number>();
  readonly #sources = new Map<string, number>();

  constructor(options: IdentityLimitOptions = {}) {
    const { maxPerIp = 64, maxPerNetwork = 512, maxPerSource = 128, maxNodes = 1e6 } = options;
    this.#maxima = { ip: maxPerIp, network: maxPerNetwork, source: maxPerSource, total: maxNodes };
  }

  /** Returns the limit that one more identity would exceed, if any. */
  exceeded(total: number, ip: string, source: string | undefined): IdentityLimit | undefined {
    if (total >= this.#maxima.total) return 'total';
    if (source !== undefined && this.isExhausted(source)) return 'source';
    const network = networkOf(ip);
    if (network === undefined) return undefined;
    if ((this.#ips.get(ip) ?? 0) >= this.#maxima.ip) return 'ip';
    return (this.#networks.get(network) ?? 0) >= this.#maxima.network ? 'network' : undefined;
  }

  /** Whether nodes from this source are refused until one of its earlier nodes answers. */
  isExhausted(source: string): boolean {
    return (this.#sources.get(source) ?? 0) >= this.#maxima.source;
  }

  /** Counts an identity at an address. */
  addIp(ip: string): void {
    this.#countIp(ip, 1);
  }

  /** Stops counting an identity at an address. */
  removeIp(ip: string): void {
    this.#countIp(ip, -1);
  }

  /** Counts an unverified identity from a source. */
  charge(source: string): void {
    count(this.#sources, source, 1);
  }

  /** Stops counting an identity from a source. */
  credit(source: string): void {
    count(this.#sources, source, -1);
  }

  #countIp(ip: string, by: 1 | -1): void {
    const network = networkOf(ip);
    if (network === undefined) return;
    count(this.#ips, ip, by);
    count(this.#networks, network, by);
  }
}

/** Returns the key that identifies a source: its address, or its id where many nodes share an address. */
export function sourceKey(ip: string, key: string): string {
  return networkOf(ip) === undefined ? key : ip;
}

/** Returns the network of an address, or `undefined` for an address that is not limited. */
function networkOf(ip: string): string | undefined {
  const bytes = parseIp(ip);
  if (bytes === undefined || isLan(bytes)) return undefined;
  // The text before the last dot is the /24. `networkGroup` would take most of the time of opening a store.
  return bytes.length === 4 ? ip.slice(0, ip.lastIndexOf('.')) : networkGroup(bytes);
}

function count(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const value = (counts.get(key) ?? 0) + by;
  if (value <= 0) counts.delete(key);
  else counts.set(key, value);
}
