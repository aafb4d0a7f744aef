import { isLan, networkGroup, parseIp } from '@devp2p/enr';

/** How many identities are believed. Addresses of a LAN and of this machine have no limit but that of their source. */
export interface IdentityLimitOptions {
  /** With one IP address. @default 64 */
  readonly maxPerIp?: number | undefined;
  /** In one /24, or IPv6 /64. @default 512 */
  readonly maxPerNetwork?: number | undefined;
  /** That one node has named first and that have not answered yet. @default 128 */
  readonly maxPerSource?: number | undefined;
  /** Altogether. @default 1_000_000 */
  readonly maxNodes?: number | undefined;
}

/** Which limit is reached. */
export type IdentityLimit = 'ip' | 'network' | 'source' | 'total';

/**
 * Counts identities by where they are said to be and who says so. Keys cost nothing: without limits, one machine could
 * fill a crawl with nodes of its own, or with nodes that are nowhere.
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

  /** Which limit keeps one more out, if any. */
  reached(total: number, ip: string, source: string | undefined): IdentityLimit | undefined {
    if (total >= this.#maxima.total) return 'total';
    if (source !== undefined && this.isSpent(source)) return 'source';
    const network = networkOf(ip);
    if (network === undefined) return undefined;
    if ((this.#ips.get(ip) ?? 0) >= this.#maxima.ip) return 'ip';
    return (this.#networks.get(network) ?? 0) >= this.#maxima.network ? 'network' : undefined;
  }

  /** Whether nothing that this source names is taken in until something of it has answered. */
  isSpent(source: string): boolean {
    return (this.#sources.get(source) ?? 0) >= this.#maxima.source;
  }

  /** An identity is at an address from now on. */
  enter(ip: string): void {
    this.#place(ip, 1);
  }

  /** An identity is there no more, or has turned out not to be. */
  leave(ip: string): void {
    this.#place(ip, -1);
  }

  /** An identity is on somebody's word. */
  charge(source: string): void {
    add(this.#sources, source, 1);
  }

  /** It needs that word no more. */
  credit(source: string): void {
    add(this.#sources, source, -1);
  }

  #place(ip: string, by: 1 | -1): void {
    const network = networkOf(ip);
    if (network === undefined) return;
    add(this.#ips, ip, by);
    add(this.#networks, network, by);
  }
}

/** Under which name the nodes that a node names are counted: its address, or where many share one, its id. */
export function sourceOf(ip: string, key: string): string {
  return networkOf(ip) === undefined ? key : ip;
}

/** The network that an address counts in; `undefined` when it does not count. */
function networkOf(ip: string): string | undefined {
  const bytes = parseIp(ip);
  if (bytes === undefined || isLan(bytes)) return undefined;
  // All that is before the last dot: a /24, without the detour that would be the longest part of opening a store.
  return bytes.length === 4 ? ip.slice(0, ip.lastIndexOf('.')) : networkGroup(bytes);
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count <= 0) counts.delete(key);
  else counts.set(key, count);
}
