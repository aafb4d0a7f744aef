import type { Timer } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import { createSeededRandom } from '@devp2p/random/seeded';
import { type AttackerNode, startAttacker } from './attacker.ts';
import { enodeOf, Registrar } from './identity.ts';
import { Internet } from './internet.ts';
import type { Place } from './link.ts';
import { type Environment, type Identity, type Node, startNode } from './node.ts';
import { type Sample, takeSample } from './sample.ts';

/** Options of {@link simulate}. */
export interface SimulationOptions {
  /** Number of nodes, including those of the attacker. */
  readonly nodes: number;
  /** Simulated time in minutes. */
  readonly minutes: number;
  /** Share of the honest nodes that stop per hour; half of them restart, the others are replaced. */
  readonly churn: number;
  /** Share of the nodes that belong to the attacker. */
  readonly attackers: number;
  /** Number of /16 networks of the attacker. @default one for 25 of its nodes */
  readonly attackerNetworks?: number | undefined;
  /** Most connections of a node. */
  readonly maxPeers: number;
  /** Share of lost datagrams. */
  readonly loss: number;
  /** As in `Environment`. */
  readonly pingInterval: number;
  readonly refreshInterval: number;
  readonly pace: number;
  readonly seed: number;
  readonly crypto: Crypto;
  /** Called once per simulated minute. */
  readonly onSample?: (sample: Sample) => void;
}

/** Result of a simulation. */
export interface Outcome {
  readonly samples: readonly Sample[];
  readonly honest: number;
  readonly attackers: number;
  readonly attackerNetworks: number;
  /** Share of the attacker in all addresses. */
  readonly addressShare: number;
  readonly maxPeers: number;
  /** Number of stops of honest nodes. */
  readonly departures: number;
  /** The most connections of an honest node at any time. */
  readonly peak: number;
  /** Number of timers left after all nodes stopped. */
  readonly timersLeft: number;
}

const minute = 60_000;

/** Time in which all nodes start, in ms. */
const arrival = 2 * minute;

/** Block interval in ms; any honest peer may be the first to send a block. */
const blockInterval = 12_000;

/** Mean time between stop and restart of a node, in ms. */
const absence = 5 * minute;

/** Number of boot nodes: honest nodes that never stop. */
const bootnodeCount = 4;

/** Mean number of honest addresses in a /16; a small network is spread over more. */
const networkDensity = 4;
const minNetworks = 64;
/** First byte of honest addresses and of attacker addresses. */
const lowest = { honest: 20, attacker: 128 };

/** Runs a network. The same options give the same outcome. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const { minutes, churn, maxPeers, crypto, loss } = options;
  const { pingInterval, refreshInterval, pace } = options;
  const attackerCount = Math.round(options.nodes * options.attackers);
  const honestCount = options.nodes - attackerCount;
  const honestNetworks = Math.max(minNetworks, Math.ceil(honestCount / networkDensity));
  const attackerNetworks = options.attackerNetworks ?? Math.max(1, Math.round(attackerCount / 25));

  const random = createSeededRandom(options.seed);
  const clock = createVirtualClock();
  const internet = new Internet({ clock, random: random.fork(), loss });
  const registrar = new Registrar(crypto, random.fork());
  const churnRandom = random.fork();
  const honest = Array.from({ length: honestCount }, () => registrar.register(lowest.honest, honestNetworks));
  const attackers = Array.from({ length: attackerCount }, () => registrar.register(lowest.attacker, attackerNetworks));
  const attackerKeys = new Set(attackers.map(({ place }) => place.key));
  const bootnodes = honest.slice(0, bootnodeCount).map(({ place }) => enodeOf(place));
  const shared = { clock, crypto, internet };
  const blockRandom = random.fork();
  const lastBlock = ({ key }: Place): number | undefined =>
    attackerKeys.has(key) ? undefined : clock.monotonic() - blockRandom.poissonDelay(blockInterval * maxPeers);
  const environment: Environment = {
    ...shared,
    bootnodes,
    maxPeers,
    lastBlock,
    pingInterval,
    refreshInterval,
    pace,
  };

  const online = new Map<Identity, Node>();
  let victims: readonly Place[] = [];
  const starting = new Set<Promise<unknown>>();
  const attackerNodes: AttackerNode[] = [];
  const stopped = { dials: 0, failedDials: 0 };
  let departures = 0;
  let peak = 0;
  /** Timers of planned starts and stops. */
  const plannedTimers = new Set<Timer>();

  const later = (ms: number, work: () => void): void => {
    const timer = clock.setTimeout(() => {
      plannedTimers.delete(timer);
      work();
    }, ms);
    plannedTimers.add(timer);
  };
  const startHonest = async (identity: Identity, stays: boolean): Promise<void> => {
    const node = await startNode(identity, environment, random.fork());
    online.set(identity, node);
    victims = Array.from(online.keys(), ({ place }) => place);
    if (churn === 0 || stays) return;
    const stay = churnRandom.poissonDelay((60 * minute) / churn);
    later(stay, () => void stopHonest(identity, node));
  };
  const stopHonest = async (identity: Identity, node: Node): Promise<void> => {
    departures++;
    online.delete(identity);
    victims = Array.from(online.keys(), ({ place }) => place);
    count(stopped, node);
    peak = Math.max(peak, node.peak);
    await node.stop();
    const next = churnRandom.fraction() < 0.5 ? identity : registrar.register(lowest.honest, honestNetworks);
    later(churnRandom.poissonDelay(absence), () => track(startHonest(next, false)));
  };
  const track = (work: Promise<unknown>): void => {
    starting.add(work);
  };
  honest.forEach((identity, i) => {
    const isBootnode = i < bootnodeCount;
    const at = isBootnode ? 0 : churnRandom.fraction() * arrival;
    clock.setTimeout(() => track(startHonest(identity, isBootnode)), at);
  });
  for (const identity of attackers) {
    clock.setTimeout(() => {
      const accomplices = Array.from({ length: 4 }, () => churnRandom.pick(attackers)).flatMap((one) =>
        one && one !== identity ? [one.place] : [],
      );
      const environment = { ...shared, accomplices, victims: () => victims };
      track(startAttacker(identity, environment, random.fork()).then((node) => attackerNodes.push(node)));
    }, churnRandom.fraction() * arrival);
  }

  const samples: Sample[] = [];
  let before = { dials: 0, failedDials: 0, datagrams: 0 };
  for (let sampled = 0; sampled < minutes; sampled++) {
    await clock.advance(minute);
    await Promise.all(starting);
    starting.clear();
    const nodes = [...online.values()];
    const total = { ...stopped, datagrams: internet.datagrams };
    for (const node of nodes) {
      count(total, node);
      peak = Math.max(peak, node.peak);
    }
    const sample: Sample = {
      ...takeSample(nodes, (key) => attackerKeys.has(key), clock.monotonic()),
      dials: total.dials - before.dials,
      failedDials: total.failedDials - before.failedDials,
      datagrams: total.datagrams - before.datagrams,
    };
    before = total;
    samples.push(sample);
    options.onSample?.(sample);
  }

  for (const timer of plannedTimers) timer.cancel();
  const stopping = Promise.all([...online.values(), ...attackerNodes].map((node) => node.stop()));
  await clock.advance(minute);
  await stopping;
  return {
    samples,
    honest: honestCount,
    attackers: attackerCount,
    addressShare: attackerCount / options.nodes,
    attackerNetworks,
    maxPeers,
    departures,
    peak,
    timersLeft: clock.pending,
  };
}

function count(total: { dials: number; failedDials: number }, { manager }: Node): void {
  const { dials, failures } = manager.snapshot().counters;
  total.dials += dials;
  for (const number of Object.values(failures)) total.failedDials += number;
}
