import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import type { Crypto } from '@devp2p/crypto';
import { createTransactionGossip, type TransactionExchange, type TransactionGossip } from '@devp2p/eth';
import { createSeededRandom, type SeededRandom } from '@devp2p/random/seeded';
import { Arrivals } from '../arrivals.ts';
import { type Edge, randomGraph, shortestPaths } from './graph.ts';
import { createHostile, type Hostility } from './hostile.ts';
import { type MadeTransaction, makeTransactions, type TransactionKind } from './make-transactions.ts';
import { MemoryPool, type SimulatedPool, TransactionReader } from './memory-pool.ts';
import { connectMembers, type Member } from './peer-link.ts';
import { ReferenceGossip } from './reference-gossip.ts';
import { Curve, median, type SpreadTimes, spreadTimes } from './spread.ts';
import { type Traffic, TrafficCounter } from './traffic.ts';

/** Whose rules the honest nodes keep: those of `@devp2p/eth`, or a model of go-ethereum's. */
export type Rules = 'ours' | 'go-ethereum';

/** Options of {@link simulateSpread}. */
export interface SpreadOptions {
  readonly nodes: number;
  /** Peers of a node. */
  readonly peers: number;
  readonly transactions: number;
  readonly kind: TransactionKind;
  /** New transactions per second in the network. */
  readonly rate: number;
  readonly rules: Rules;
  /** What the hostile nodes do. @default no hostile nodes */
  readonly hostility?: Hostility | undefined;
  /** Share of hostile nodes. */
  readonly hostileShare: number;
  readonly seed: number;
  readonly crypto: Crypto;
  /** Creates the pool of an honest node. @default a pool in memory without state */
  readonly createPool?: ((context: PoolContext) => Promise<SimulatedPool>) | undefined;
}

/** What the pools of all nodes share. */
export interface PoolContext {
  readonly clock: Clock;
  readonly crypto: Crypto;
  /** Accounts that can pay, 20 bytes each. */
  readonly funded: readonly Uint8Array[];
}

/** Times of one transaction. */
export interface TransactionSpread extends SpreadTimes {
  /** With which all pass it on at once, on the paths of honest nodes. */
  readonly ideal: SpreadTimes;
}

/** Result of {@link simulateSpread}. */
export interface SpreadOutcome {
  readonly options: SpreadOptions;
  readonly honest: number;
  readonly hostile: number;
  /** Median time to a peer and back, in ms. */
  readonly roundTrip: number;
  readonly spreads: readonly TransactionSpread[];
  readonly curve: Curve;
  readonly idealCurve: Curve;
  readonly traffic: Traffic;
  /** Copies of transactions that honest nodes got from each other without need. */
  readonly duplicates: number;
  /** The most transactions that a node was about to fetch, and that were in a pool. */
  readonly mostTracked: number;
  readonly mostPooled: number;
  readonly timersLeft: number;
}

/** Time before the first transaction and after the last one, and between two looks at memory, in ms. */
const lead = 1000;
const tail = 30_000;
const lookInterval = 500;
/** Grain of arrivals in ms. */
const grain = 1;
/** Transactions of flooding peers, and hashes that they invent. */
const useless = { transactions: 512, hashes: 16_384 };

interface HonestNode extends Member {
  readonly pool: SimulatedPool;
  readonly gossip: TransactionGossip | ReferenceGossip;
}

/** Spreads transactions in a network on the virtual clock. The same options give the same outcome. */
export async function simulateSpread(options: SpreadOptions): Promise<SpreadOutcome> {
  const { nodes, peers, crypto, hostility } = options;
  const random = createSeededRandom(options.seed);
  const clock = createVirtualClock();
  const graph = randomGraph(nodes, peers, random.fork());
  const transactions = makeTransactions(options.transactions, options.kind, crypto, random.fork());
  const flood = random.fork();
  const refused = makeTransactions(useless.transactions, 'small', crypto, flood).map(({ raw }) => raw);
  const invented = Array.from({ length: useless.hashes }, () => flood.bytes(32));
  const hostileCount = hostility === undefined ? 0 : Math.round(nodes * options.hostileShare);
  const honestCount = nodes - hostileCount;
  const stopping = new AbortController();

  const createPool = options.createPool ?? memoryPools();
  const context = { clock, crypto, funded: transactions.map(({ sender }) => sender) };
  const honest: HonestNode[] = [];
  const members: Member[] = [];
  for (let index = 0; index < nodes; index++) {
    const own = random.fork();
    const id = own.bytes(64);
    if (index < honestCount) {
      const pool = await createPool(context);
      const gossip = createGossip(options.rules, { pool, clock, crypto, id, random: own });
      const node = { index, id, isHostile: false, exchange: gossip, pool, gossip };
      honest.push(node);
      members.push(node);
    } else {
      const environment = { clock, crypto, random: own, useless: refused, invented, signal: stopping.signal };
      const exchange: TransactionExchange = createHostile(hostility as Hostility, environment);
      members.push({ index, id, isHostile: true, exchange });
    }
  }
  const traffic = new TrafficCounter();
  const arrivals = new Arrivals(clock, grain);
  for (const { a, b, delay } of graph) {
    const later = (work: () => void): void => arrivals.later(delay, work);
    connectMembers(members[a] as Member, members[b] as Member, later, traffic);
  }

  const recorder = new Recorder(honest, transactions, clock);
  const origins = random.fork();
  let at = lead;
  for (const [i, { raw }] of transactions.entries()) {
    const origin = origins.below(honestCount);
    at += origins.poissonDelay(1000 / options.rate);
    clock.setTimeout(() => {
      recorder.begin(i, origin);
      void (honest[origin] as HonestNode).pool.submit(raw);
    }, at);
  }
  let mostTracked = 0;
  let mostPooled = 0;
  while (clock.monotonic() < at + tail) {
    await clock.advance(lookInterval);
    for (const { gossip, pool } of honest) {
      mostPooled = Math.max(mostPooled, pool.size);
      mostTracked = Math.max(mostTracked, trackedBy(gossip));
    }
  }
  stopping.abort();
  for (const { gossip } of honest) gossip.close();
  const closing = Promise.all(honest.map(({ pool }) => pool.close()));
  await clock.advance(tail);
  await closing;

  const paths = graph.filter(({ a, b }) => a < honestCount && b < honestCount);
  const { spreads, curve, idealCurve, reached } = recorder.finish(paths);
  const copies = traffic.items.transactions + traffic.items.response;
  return {
    options,
    honest: honestCount,
    hostile: hostileCount,
    roundTrip: 2 * median(graph.map(({ delay }) => delay)),
    spreads,
    curve,
    idealCurve,
    traffic,
    duplicates: copies - (reached - transactions.length),
    mostTracked,
    mostPooled,
    timersLeft: clock.pending,
  };
}

function createGossip(
  rules: Rules,
  { random, ...options }: Omit<PoolContext, 'funded'> & { pool: SimulatedPool; id: Uint8Array; random: SeededRandom },
): TransactionGossip | ReferenceGossip {
  if (rules === 'go-ethereum') return new ReferenceGossip({ ...options, random });
  return createTransactionGossip({ ...options, random: random.bytes });
}

function trackedBy(gossip: TransactionGossip | ReferenceGossip): number {
  if (gossip instanceof ReferenceGossip) return 0;
  const { waiting, queued, fetching } = gossip.pending();
  return waiting + queued + fetching;
}

function memoryPools(): (context: PoolContext) => Promise<SimulatedPool> {
  let shared: { reader: TransactionReader; funded: Set<string> } | undefined;
  return async ({ crypto, funded }) => {
    shared ??= { reader: new TransactionReader(crypto), funded: new Set(funded.map(toHex)) };
    const { funded: accounts } = shared;
    return new MemoryPool(shared.reader, (sender) => accounts.has(toHex(sender)));
  };
}

/** Records when the honest nodes have each transaction. */
class Recorder {
  readonly #clock: Clock;
  readonly #count: number;
  readonly #starts: Float64Array;
  readonly #origins: Int32Array;
  readonly #times: readonly Float64Array[];

  constructor(honest: readonly HonestNode[], transactions: readonly MadeTransaction[], clock: Clock) {
    this.#count = honest.length;
    this.#clock = clock;
    this.#starts = new Float64Array(transactions.length);
    this.#origins = new Int32Array(transactions.length);
    this.#times = transactions.map(() => new Float64Array(honest.length).fill(Number.POSITIVE_INFINITY));
    const indexes = new Map(transactions.map(({ hash }, i) => [toHex(hash), i]));
    for (const { index: node, pool } of honest) {
      pool.onPending((added) => {
        for (const { hash } of added) {
          const i = indexes.get(toHex(hash));
          if (i === undefined) continue;
          (this.#times[i] as Float64Array)[node] = clock.monotonic() - (this.#starts[i] as number);
        }
      });
    }
  }

  begin(transaction: number, origin: number): void {
    this.#starts[transaction] = this.#clock.monotonic();
    this.#origins[transaction] = origin;
  }

  finish(paths: readonly Edge[]): Pick<SpreadOutcome, 'spreads' | 'curve' | 'idealCurve'> & { reached: number } {
    const [curve, idealCurve] = [new Curve(), new Curve()];
    let reached = 0;
    const spreads = this.#times.map((times, i) => {
      const ideal = shortestPaths(this.#count, paths, this.#origins[i] as number);
      for (const time of times) {
        curve.add(time);
        if (Number.isFinite(time)) reached++;
      }
      for (const time of ideal) idealCurve.add(time);
      return { ...spreadTimes(times), ideal: spreadTimes(ideal) };
    });
    return { spreads, curve, idealCurve, reached };
  }
}
