import { inRange, isLan } from '@devp2p/ip';
import type { Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import type { Config } from '../options.ts';
import type { Counters, SkipReason } from '../policy/counters.ts';
import { History } from '../policy/history.ts';
import type { OutboundRequest, Target } from '../request.ts';
import { setTarget } from './attempt.ts';

/** Most addresses whose last dial is stored. */
const maxHistory = 65_536;

/** Addresses offered to a request before it waits for better ones, as in Bitcoin Core. */
const maxOffers = 100;

/** Describes addresses, decides which of them may be dialed now, and chooses one for a request. */
export class Addresses<A, C extends Connection> {
  readonly #config: Config<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #counters: Counters;
  readonly #history: History;
  /** Addresses to choose before all others: the anchors. */
  first: Promise<A[]> = Promise.resolve([]);

  constructor(config: Config<A, C>, connections: Connections<A, C>, counters: Counters) {
    this.#config = config;
    this.#connections = connections;
    this.#counters = counters;
    this.#history = new History(config.redialDelay, maxHistory);
  }

  target(address: A): Target<A> {
    const { addressKey, identityOf, ipOf, networkGroup } = this.#config;
    const ip = ipOf?.(address);
    return {
      address,
      key: addressKey(address),
      identity: identityOf?.(address),
      ip,
      group: ip && networkGroup(ip),
    };
  }

  /** Records a dial, so that the address is not dialed again within `redialDelay`. */
  avoid({ key }: Target<A>): void {
    this.#history.add(key, this.#config.clock.monotonic());
  }

  /** Returns when an address may be dialed again, in ms of monotonic time; 0 for local addresses. */
  notBefore({ key, ip }: Target<A>): number {
    return ip && isLan(ip) ? 0 : this.#history.until(key);
  }

  /** Returns why an address is not dialed for a request other than one of `connect`. */
  skipReason(target: Target<A>, request: OutboundRequest<A, C>): SkipReason | undefined {
    const { key, identity, ip, group } = target;
    const { clock, bans, netRestrict } = this.#config;
    const conflict = this.#connections.conflict(identity);
    if (conflict) return conflict;
    for (const other of this.#connections.outbound.values()) {
      if (other === request || !other.target) continue;
      if (other.target.key === key) return 'known';
      const counts = request.kind === 'dynamic' && other.kind === 'dynamic';
      if (counts && group !== undefined && other.target.group === group) return 'same-network';
    }
    if (this.notBefore(target) > clock.monotonic()) return 'recently-dialed';
    if (ip && bans.find(ip)) return 'banned';
    if (netRestrict && !(ip && inRange(ip, netRestrict))) {
      return 'not-permitted';
    }
    return undefined;
  }

  /**
   * Chooses the target of a request: the first offered address that may be dialed. It is set at once, so that no other
   * request chooses the same one.
   *
   * @returns whether there was one; `false` also if the signal has aborted
   * @throws the error of `nextAddress` or `nextFeeler`
   */
  async choose(request: OutboundRequest<A, C>, signal: AbortSignal): Promise<boolean> {
    const { nextAddress, nextFeeler } = this.#config;
    const source = request.kind === 'feeler' ? nextFeeler : nextAddress;
    const first = request.kind === 'dynamic' ? await this.first : [];
    for (let offers = 0; offers < maxOffers && !signal.aborted; offers++) {
      const address = first.shift() ?? (await source?.({ signal }));
      if (address === undefined || signal.aborted) return false;
      const target = this.target(address);
      const skipReason = this.skipReason(target, request);
      if (skipReason === undefined) {
        setTarget(request, target);
        return true;
      }
      this.#counters.skipped[skipReason]++;
    }
    return false;
  }
}
