import type { InboundSlot } from '@devp2p/connmgr';
import { createDiscv4, type Discv4 } from '@devp2p/discv4';
import { parseIpRange } from '@devp2p/ip';
import type { SeededRandom } from '@devp2p/random/seeded';
import { enodeOf } from './identity.ts';
import type { DoorSlot, Link, Place } from './link.ts';
import { type Identity, port, type Surroundings } from './node.ts';

/** Where the attacker's addresses are, and nobody else's: his nodes know, and tell of, no others. */
const attackerRange = '128.0.0.0/2';

/** Mean time between two moves of one of his addresses, in ms: about as often as `inboundThrottle` lets all of them. */
const moveInterval = 5_000;

/** Time between two looks at who of the attacker's is there, in ms. */
const upkeep = 6 * 3_600_000;

/** One of the attacker's addresses. */
export interface AttackerNode {
  readonly place: Place;
  stop(): Promise<void>;
}

/**
 * Starts a node that wants to be everybody's only peer. It is always there, lets in everybody, never hangs up, passes on
 * no blocks, and tells whoever asks only of the attacker's nodes. It knows all honest nodes: it pings one after the other, to get into
 * their tables, and dials them, to take their inbound places.
 */
export async function startAttacker(
  { place, privateKey }: Identity,
  { clock, crypto, internet, accomplices, victims }: AttackerSurroundings,
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
    ...{ privateKey, externalIp: host, clock, crypto, random: random.bytes },
    // His nodes are always there, and need not ask each other whether they are.
    pingInterval: upkeep,
    refreshInterval: upkeep,
    bootnodes: accomplices.map(enodeOf),
    netRestrict: [parseIpRange(attackerRange)],
  });
  const closeDoor = internet.listen(host, {
    admit: (from): DoorSlot => ({
      signal,
      identify: () => (links.has(from.key) ? 'already-connected' : undefined),
      established(link): ReturnType<InboundSlot<Link>['established']> {
        keep(link);
        return undefined;
      },
      release: () => {},
    }),
  });

  const move = (): void => {
    const victim = random.pick(victims());
    if (victim && !links.has(victim.key)) {
      discovery.ping(enodeOf(victim)).catch(() => {});
      const attempt = new AbortController();
      const giveUp = clock.setTimeout(() => attempt.abort(), 3 * moveInterval);
      internet
        .dial(place, victim, attempt.signal)
        .then(keep, () => {})
        .finally(() => giveUp.cancel());
    }
    timer = clock.setTimeout(move, random.poissonDelay(moveInterval));
  };
  let timer = clock.setTimeout(move, random.poissonDelay(moveInterval));

  return {
    place,
    async stop() {
      stopping.abort();
      timer.cancel();
      closeDoor();
      for (const link of links.values()) link.close('stopping');
      await discovery.close();
    },
  };
}

export interface AttackerSurroundings extends Pick<Surroundings, 'clock' | 'crypto' | 'internet'> {
  /** Some of the other attackers, to begin with. */
  readonly accomplices: readonly Place[];
  /** The honest nodes that are there now. */
  readonly victims: () => readonly Place[];
}
