import { sleep } from '@devp2p/clock';
import { type VirtualClock, virtualClock } from '@devp2p/clock/virtual';
import type { RandomBytes } from '@devp2p/crypto';
import { formatEnode, toHex } from '@devp2p/enr';
import { streamPair } from '@devp2p/peer/pipe';
import { RlpxError } from '@devp2p/rlpx';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import {
  SimulatedNetwork,
  seededRandom,
} from '../../../../packages/discover/test/simulated-network.ts';
import {
  type Crawler,
  type CrawlerOptions,
  type CrawlStore,
  createCrawler,
  memoryStore,
  type NodeRecord,
  type Progress,
} from '../../src/index.ts';
import { ConnectError, type Dial } from '../../src/visit/dial.ts';
import {
  fillTables,
  type Inhabitant,
  internetPlaces,
  type Kind,
  mixed,
  type Place,
  populate,
} from './population.ts';
import { ourNetwork, serveVisitor, simulatedChains } from './tcp-side.ts';
import { answerDiscovery } from './udp-side.ts';

export interface SimulationOptions {
  readonly places: readonly Place[];
  readonly kindOf?: (index: number) => Kind;
  readonly seed?: number;
  /** Share of the datagrams that get lost. */
  readonly loss?: number;
}

/** ms between the arrivals of those who come, and between the departures of those who leave. */
const churn = 2_000;

/** A network on a virtual clock whose every inhabitant is known. */
export class Simulation {
  readonly clock: VirtualClock = virtualClock();
  readonly random: RandomBytes;
  readonly network: SimulatedNetwork;
  readonly inhabitants: readonly Inhabitant[];
  readonly store: CrawlStore = memoryStore();
  /** Each dial, in order: who and when (ms since the start). */
  readonly dials: { readonly key: string; readonly host: string; readonly at: number }[] = [];
  readonly #byPlace: ReadonlyMap<string, Inhabitant>;
  readonly #turns = new Map<Inhabitant, number>();
  readonly crawlerKey: Uint8Array;

  constructor({ places, kindOf = mixed, seed = 1, loss = 0 }: SimulationOptions) {
    const { clock } = this;
    this.random = seededRandom(seed);
    this.crawlerKey = this.random(32);
    this.network = new SimulatedNetwork({ clock, loss, random: seededRandom(seed + 1) });
    this.inhabitants = populate(places, crypto, this.random, kindOf);
    this.#byPlace = new Map(this.inhabitants.map((node) => [`${node.host} ${node.tcp}`, node]));
    for (const kind of ['leaving', 'coming'] as const) {
      const ones = this.inhabitants.filter((node) => node.kind === kind);
      for (const [i, node] of ones.entries()) this.#turns.set(node, (i + 1) * churn);
    }
    const tables = fillTables(this.inhabitants, this.random);
    for (const self of this.inhabitants) this.#place(self, tables.get(self) ?? []);
  }

  /** A crawler of this network that begins with its first synced node, if `options` do not say otherwise. */
  crawler(options: Partial<CrawlerOptions> = {}): Promise<Crawler> {
    const { clock, random, store } = this;
    const boot = this.inhabitants.find(({ kind }) => kind === 'synced');
    return createCrawler({
      ...{ store, crypto, clock, random, dial: this.dial(), once: true },
      privateKey: this.crawlerKey,
      socket: this.network.bind('19.0.0.1'),
      bootnodes: boot ? [enodeOf(boot)] : [],
      network: { networkId: ourNetwork },
      // No block is found in the minutes of a crawl, which are not what this is about.
      maxHeadAge: 3_600_000,
      ...options,
    });
  }

  /** Lets time pass until something has happened. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    while (!isDone) await this.clock.advance(100);
    return done;
  }

  /** All that is known, by id. */
  async records(): Promise<Map<string, NodeRecord>> {
    const records = new Map<string, NodeRecord>();
    for await (const record of this.store.nodes()) records.set(toHex(record.id), record);
    return records;
  }

  #place(self: Inhabitant, table: readonly Inhabitant[]): void {
    if (self.kind === 'dead') return;
    const { clock, random } = this;
    answerDiscovery(self, {
      socket: this.network.bind(self.host, self.udp),
      ...{ table, crypto, random, clock },
      nowhere: () => Uint8Array.of(90, ...random(2), 7),
      delay: () => (!this.#isHere(self) ? undefined : self.kind === 'slow' ? this.#slowness() : 0),
    });
  }

  /** Opens streams to the inhabitants. */
  dial(): Dial {
    const { clock } = this;
    const localId = crypto.secp256k1.publicKey(this.crawlerKey);
    const chainOf = simulatedChains(clock.now(), crypto);
    return async ({ id, host, tcp }, { signal, onConnected }) => {
      this.dials.push({ key: toHex(id), host, at: clock.monotonic() });
      await sleep(clock, 40, { signal });
      const self = this.#byPlace.get(`${host} ${tcp}`);
      if (!self || self.kind === 'dead' || !this.#isHere(self)) {
        await sleep(clock, 10_000, { signal });
        throw new ConnectError('timeout');
      }
      if (self.kind === 'closed') throw new ConnectError('ECONNREFUSED');
      const delay = self.kind === 'slow' ? 2 * this.#slowness() : 0;
      if (delay > 0) await sleep(clock, delay, { signal });
      onConnected();
      if (self.kind === 'mute') {
        await sleep(clock, 15_000, { signal });
        throw new RlpxError('handshake-timeout', 'not a word');
      }
      await sleep(clock, 40 + delay, { signal });
      if (toHex(id) !== self.key) throw new RlpxError('handshake-failed', 'somebody else');
      const [ours, theirs] = streamPair({ ids: [localId, self.id] });
      serveVisitor(self, theirs, { clock, chain: chainOf(self), delay });
      return ours;
    };
  }

  /** Those who leave do so one after another, and so do those come who come. */
  #isHere(self: Inhabitant): boolean {
    const turn = this.#turns.get(self) ?? 0;
    if (self.kind === 'leaving') return this.clock.monotonic() < turn;
    return self.kind !== 'coming' || this.clock.monotonic() >= turn;
  }

  #slowness(): number {
    return 500 + ((this.random(1)[0] ?? 0) / 256) * 1_500;
  }
}

/** What a crawl has found, beside what is true. */
export interface Simulated {
  readonly inhabitants: readonly Inhabitant[];
  readonly records: ReadonlyMap<string, NodeRecord>;
  readonly progress: Progress;
}

/** Crawls a network of all kinds once. */
export async function simulate(size: number): Promise<Simulated> {
  const simulation = new Simulation({ places: internetPlaces(size), loss: 0.01 });
  const crawler = await simulation.crawler();
  const progress = await simulation.until(crawler.run());
  return { inhabitants: simulation.inhabitants, records: await simulation.records(), progress };
}

export function enodeOf({ id, host, udp, tcp }: Inhabitant): string {
  return formatEnode({ id, host, udp, tcp });
}
