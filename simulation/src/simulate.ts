import type { Timer } from '@devp2p/clock';
import { virtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import { createSeededRandom } from '@devp2p/random/seeded';
import { type AttackerNode, startAttacker } from './attacker.ts';
import { enodeOf, Registrar } from './identity.ts';
import { Internet } from './internet.ts';
import type { Place } from './link.ts';
import { type Identity, type Node, type Surroundings, startNode } from './node.ts';
import { type Sample, takeSample } from './sample.ts';

/** @see simulate */
export interface SimulationOptions {
  /** Nodes in all, the attacker's included. */
  readonly nodes: number;
  /** How long, in minutes of their time. */
  readonly minutes: number;
  /** Share of the honest nodes that leave in an hour; half of them come back, others take the place of the rest. */
  readonly churn: number;
  /** Share of the nodes that are the attacker's. */
  readonly attackers: number;
  /** /16 networks that the attacker's addresses are in. @default one for 25 of them */
  readonly attackerNetworks?: number | undefined;
  /** Connections of a node at most. */
  readonly maxPeers: number;
  /** Share of the datagrams that get lost. */
  readonly loss: number;
  /** @see Surroundings */
  readonly pingInterval: number;
  readonly refreshInterval: number;
  readonly pace: number;
  readonly seed: number;
  readonly crypto: Crypto;
  /** Called once a minute of their time. */
  readonly onSample?: (sample: Sample) => void;
}

/** What a simulation has shown. */
export interface Outcome {
  readonly samples: readonly Sample[];
  readonly honest: number;
  readonly attackers: number;
  readonly attackerNetworks: number;
  /** The attacker's share of all addresses. */
  readonly addressShare: number;
  readonly maxPeers: number;
  /** Times that an honest node left. */
  readonly departures: number;
  /** The most connections that an honest node had at any moment. */
  readonly peak: number;
  /** Timers that were left when all nodes had stopped. */
  readonly timersLeft: number;
}

const MINUTE = 60_000;

/** Nodes come one after another in this time, in ms. */
const arrival = 2 * MINUTE;

/** A block is made in this time, in ms, and any honest peer may be the first to have it. */
const blockInterval = 12_000;

/** Mean time that a node is away, in ms. */
const absence = 5 * MINUTE;

/** Boot nodes: honest ones that never leave. */
const bootnodeCount = 4;

/** Honest addresses in a /16, on average; a small network is spread more thinly. */
const networkDensity = 4;
const minNetworks = 64;
/** First byte of honest addresses, and of the attacker's. */
const lowest = { honest: 20, attacker: 128 };

/** Lets a network live for a while. The same options give the same outcome. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const { minutes, churn, maxPeers, crypto, loss } = options;
  const { pingInterval, refreshInterval, pace } = options;
  const attackerCount = Math.round(options.nodes * options.attackers);
  const honestCount = options.nodes - attackerCount;
  const honestNetworks = Math.max(minNetworks, Math.ceil(honestCount / networkDensity));
  const attackerNetworks = options.attackerNetworks ?? Math.max(1, Math.round(attackerCount / 25));

  const random = createSeededRandom(options.seed);
  const clock = virtualClock();
  const internet = new Internet({ clock, random: random.fork(), loss });
  const registrar = new Registrar(crypto, random.fork());
  const people = random.fork();
  const honest = Array.from({ length: honestCount }, () =>
    registrar.register(lowest.honest, honestNetworks),
  );
  const attackers = Array.from({ length: attackerCount }, () =>
    registrar.register(lowest.attacker, attackerNetworks),
  );
  const attackerKeys = new Set(attackers.map(({ place }) => place.key));
  const bootnodes = honest.slice(0, bootnodeCount).map(({ place }) => enodeOf(place));
  const around = { clock, crypto, internet };
  const news = random.fork();
  const lastBlock = ({ key }: Place): number | undefined =>
    attackerKeys.has(key)
      ? undefined
      : clock.monotonic() - news.poissonDelay(blockInterval * maxPeers);
  const surroundings: Surroundings = {
    ...{ ...around, bootnodes, maxPeers, lastBlock },
    ...{ pingInterval, refreshInterval, pace },
  };

  const online = new Map<Identity, Node>();
  let victims: readonly Place[] = [];
  const starting = new Set<Promise<unknown>>();
  const evil: AttackerNode[] = [];
  const gone = { dials: 0, failedDials: 0 };
  let departures = 0;
  let peak = 0;
  /** Who will come and go. */
  const plans = new Set<Timer>();

  const later = (ms: number, work: () => void): void => {
    const timer = clock.setTimeout(() => {
      plans.delete(timer);
      work();
    }, ms);
    plans.add(timer);
  };
  const arrive = async (identity: Identity, stays: boolean): Promise<void> => {
    const node = await startNode(identity, surroundings, random.fork());
    online.set(identity, node);
    victims = Array.from(online.keys(), ({ place }) => place);
    if (churn === 0 || stays) return;
    const stay = people.poissonDelay((60 * MINUTE) / churn);
    later(stay, () => void leave(identity, node));
  };
  const leave = async (identity: Identity, node: Node): Promise<void> => {
    departures++;
    online.delete(identity);
    victims = Array.from(online.keys(), ({ place }) => place);
    count(gone, node);
    peak = Math.max(peak, node.peak);
    await node.stop();
    const next =
      people.fraction() < 0.5 ? identity : registrar.register(lowest.honest, honestNetworks);
    later(people.poissonDelay(absence), () => start(arrive(next, false)));
  };
  const start = (work: Promise<unknown>): void => {
    starting.add(work);
  };
  honest.forEach((identity, i) => {
    const isBootnode = i < bootnodeCount;
    const at = isBootnode ? 0 : people.fraction() * arrival;
    clock.setTimeout(() => start(arrive(identity, isBootnode)), at);
  });
  for (const identity of attackers) {
    clock.setTimeout(() => {
      const accomplices = Array.from({ length: 4 }, () => people.pick(attackers)).flatMap((one) =>
        one && one !== identity ? [one.place] : [],
      );
      const surroundings = { ...around, accomplices, victims: () => victims };
      start(startAttacker(identity, surroundings, random.fork()).then((node) => evil.push(node)));
    }, people.fraction() * arrival);
  }

  const samples: Sample[] = [];
  let before = { dials: 0, failedDials: 0, datagrams: 0 };
  for (let minute = 1; minute <= minutes; minute++) {
    await clock.advance(MINUTE);
    await Promise.all(starting);
    starting.clear();
    const nodes = [...online.values()];
    const total = { ...gone, datagrams: internet.datagrams };
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

  for (const plan of plans) plan.cancel();
  const stopping = Promise.all([...online.values(), ...evil].map((node) => node.stop()));
  await clock.advance(MINUTE);
  await stopping;
  return {
    samples,
    honest: honestCount,
    attackers: attackerCount,
    addressShare: attackerCount / options.nodes,
    ...{ attackerNetworks, maxPeers, departures, peak },
    timersLeft: clock.pending,
  };
}

function count(total: { dials: number; failedDials: number }, { manager }: Node): void {
  const { dials, failures } = manager.snapshot().counters;
  total.dials += dials;
  for (const number of Object.values(failures)) total.failedDials += number;
}
