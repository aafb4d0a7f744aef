import { inRange, isLan } from '@devp2p/ip';
import type { Connection } from '../connection.ts';
import type { Connections } from '../connections.ts';
import type { Config } from '../options.ts';
import type { SkipReason } from '../policy/counters.ts';
import { History } from './history.ts';
import type { OutboundRequest, Target } from './request.ts';

/** Most addresses whose last dial is stored. */
const maxHistory = 65_536;

/** Describes addresses and decides which of them may be dialed now. */
export class Addresses<A, C extends Connection> {
  readonly #config: Config<A, C>;
  readonly #connections: Connections<A, C>;
  readonly #history: History;

  constructor(config: Config<A, C>, connections: Connections<A, C>) {
    this.#config = config;
    this.#connections = connections;
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
    if (this.#connections.isSelf(identity)) return 'connected-to-self';
    if (this.#connections.holder(identity)) return 'already-connected';
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
}
