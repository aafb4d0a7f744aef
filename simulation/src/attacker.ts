import type { InboundSlot } from '@devp2p/connmgr';
import { createDiscv4, type Discv4 } from '@devp2p/discv4';
import { parseIpRange } from '@devp2p/ip';
import type { SeededRandom } from '@devp2p/random/seeded';
import { enodeOf } from './identity.ts';
import type { AcceptSlot, Link, Place } from './link.ts';
import { type Environment, type Identity, port } from './node.ts';

/**
 * Address range of the attacker, which no honest node uses. Nodes of the attacker accept and report only addresses of
 * this range.
 */
const attackerRange = '128.0.0.0/2';

/**
 * Mean time between two contacts of one attacker address with victims, in ms: close to the rate at which
 * `inboundThrottle` accepts all of them.
 */
const contactInterval = 5_000;

/** Interval of the discovery maintenance between attacker nodes, in ms. */
const maintenanceInterval = 6 * 3_600_000;

/** A node of the attacker. */
export interface AttackerNode {
  readonly place: Place;
  stop(): Promise<void>;
}

/**
 * Starts a node that tries to be the only peer of its victims. It is always online, accepts every connection, never
 * disconnects, relays no blocks, and reports only nodes of the attacker. It knows all honest nodes: it pings one after
 * another, to enter their tables, and dials them, to occupy their inbound slots.
 */
export async function startAttacker(
  { place, privateKey }: Identity,
  { clock, crypto, internet, accomplices, victims }: AttackerEnvironment,
  random: SeededRandom,
): Promise<AttackerNode> {
  const { host } = place;
  const stopping = new AbortController();
  const { signal } = stopping;
  const links = new Map<string, Link>();
  const keep = (link: Link): void => {
    const { key } = link.remote;
    links.set(key, link);
    void link.closed.then(() => links.get(key) === link && links.delete(key));
  };

  const discovery: Discv4 = await createDiscv4(internet.bindUdp({ host, port }), {
    privateKey,
    externalIp: host,
    clock,
    crypto,
    random: random.bytes,
    // Attacker nodes are always online and need no checks of each other.
    pingInterval: maintenanceInterval,
    refreshInterval: maintenanceInterval,
    bootnodes: accomplices.map(enodeOf),
    netRestrict: [parseIpRange(attackerRange)],
  });
  const stopListening = internet.listen(host, {
    admit: (from): AcceptSlot => ({
      signal,
      identify: () => (links.has(from.key) ? 'already-connected' : undefined),
      established(link): ReturnType<InboundSlot<Link>['established']> {
        keep(link);
        return undefined;
      },
      release: () => {},
    }),
  });

  const contactVictim = (): void => {
    const victim = random.pick(victims());
    if (victim && !links.has(victim.key)) {
      discovery.ping(enodeOf(victim)).catch(() => {});
      const attempt = new AbortController();
      const giveUp = clock.setTimeout(() => attempt.abort(), 3 * contactInterval);
      internet
        .dial(place, victim, attempt.signal)
        .then(keep, () => {})
        .finally(() => giveUp.cancel());
    }
    timer = clock.setTimeout(contactVictim, random.poissonDelay(contactInterval));
  };
  let timer = clock.setTimeout(contactVictim, random.poissonDelay(contactInterval));

  return {
    place,
    async stop() {
      stopping.abort();
      timer.cancel();
      stopListening();
      for (const link of links.values()) link.close('stopping');
      await discovery.close();
    },
  };
}

/** Environment of an attacker node. */
export interface AttackerEnvironment extends Pick<Environment, 'clock' | 'crypto' | 'internet'> {
  /** Other nodes of the attacker to bootstrap from. */
  readonly accomplices: readonly Place[];
  /** The honest nodes that are online. */
  readonly victims: () => readonly Place[];
}
