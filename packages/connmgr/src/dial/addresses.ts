import type { Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import type { Settings } from '../options.ts';
import type { Objection } from '../policy/counters.ts';
import { inRange, isLocal } from '../policy/ip.ts';
import { History } from './history.ts';
import type { OutboundRequest, Target } from './request.ts';

/** Addresses whose last dial is remembered. */
const MAX_HISTORY = 65_536;

/** What is known of addresses, and which of them may be dialled now. */
export class Addresses<A, C extends Connection> {
  readonly #settings: Settings<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #history: History;

  constructor(settings: Settings<A, C>, connections: Connections<A, C>) {
    this.#settings = settings;
    this.#connections = connections;
    this.#history = new History(settings.redialDelay, MAX_HISTORY);
  }

  target(address: A): Target<A> {
    const { addressKey, identityOf, ipOf, networkGroup } = this.#settings;
    const ip = ipOf?.(address);
    return {
      address,
      key: addressKey(address),
      identity: identityOf?.(address),
      ip,
      group: ip && networkGroup(ip),
    };
  }

  /** Keeps an address from being dialled again soon. */
  avoid({ key }: Target<A>): void {
    this.#history.add(key, this.#settings.clock.monotonic());
  }

  /** When an address may be dialled again, ms of monotonic time: at any time if it is a local one. */
  notBefore({ key, ip }: Target<A>): number {
    return ip && isLocal(ip) ? 0 : this.#history.until(key);
  }

  /** Why an address is not dialled for a request that did not ask for it by name. */
  objection(target: Target<A>, request: OutboundRequest<A, C>): Objection | undefined {
    const { key, identity, ip, group } = target;
    const { clock, bans, netRestrict } = this.#settings;
    if (this.#connections.isSelf(identity)) return 'connected-to-self';
    if (this.#connections.holder(identity)) return 'already-connected';
    for (const other of this.#connections.outbound.values()) {
      if (other === request || !other.target) continue;
      if (other.target.key === key) return 'known';
      const counts = request.kind === 'dynamic' && other.kind === 'dynamic';
      if (counts && group !== undefined && other.target.group === group) return 'same-network';
    }
    if (this.notBefore(target) > clock.monotonic()) return 'recently-dialled';
    if (ip && bans.find(ip)) return 'banned';
    if (netRestrict && !(ip && netRestrict.some((range) => inRange(ip, range)))) {
      return 'not-permitted';
    }
    return undefined;
  }
}
