import { toHex } from '@devp2p/bytes';
import { sleep } from '@devp2p/clock';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { formatEnode } from '@devp2p/enr';
import { streamPair } from '@devp2p/peer/pipe';
import type { RandomBytes } from '@devp2p/random';
import { createSeededRandom } from '@devp2p/random/seeded';
import { RlpxError } from '@devp2p/rlpx';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { SimulatedNetwork } from '../../../../packages/discover/test/simulated-network.ts';
import {
  type Crawler,
  type CrawlerOptions,
  type CrawlStore,
  createCrawler,
  createMemoryStore,
  type NodeRecord,
  type Progress,
} from '../../src/index.ts';
import { ConnectError, type Dial } from '../../src/visit/dial.ts';
import {
  fillTables,
  type Kind,
  mixedKind,
  type NodeAddress,
  populate,
  publicAddresses,
  type SimulatedNode,
} from './population.ts';
import { requestedNetwork, servePeer, simulatedChains } from './tcp-side.ts';
import { answerDiscovery } from './udp-side.ts';

export interface SimulationOptions {
  readonly addresses: readonly NodeAddress[];
  readonly kindOf?: (index: number) => Kind;
  readonly seed?: number;
  /** Whether the tables of the nodes contain each other. @default true */
  readonly isConnected?: boolean;
  /** Share of lost datagrams. */
  readonly loss?: number;
}

/** Milliseconds between two starts of nodes, and between two stops. */
const churn = 2_000;

/** A network on a virtual clock in which the state of every node is known. */
export class Simulation {
  readonly clock: VirtualClock = createVirtualClock();
  readonly random: RandomBytes;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly store: CrawlStore = createMemoryStore();
  /** All dials in order; `at` in milliseconds since the start. */
  readonly dials: { readonly key: string; readonly host: string; readonly at: number }[] = [];
  readonly #byAddress: ReadonlyMap<string, SimulatedNode>;
  /** Times at which nodes start or stop. */
  readonly #changes = new Map<SimulatedNode, number>();
  readonly crawlerKey: Uint8Array;

  constructor(options: SimulationOptions) {
    const { addresses, kindOf = mixedKind, seed = 1, isConnected = true, loss = 0 } = options;
    const { clock } = this;
    this.random = createSeededRandom(seed).bytes;
    this.crawlerKey = this.random(32);
    this.network = new SimulatedNetwork({
      clock,
      loss,
      random: createSeededRandom(seed + 1).bytes,
    });
    this.nodes = populate(addresses, crypto, this.random, kindOf);
    this.#byAddress = new Map(this.nodes.map((node) => [`${node.host} ${node.tcp}`, node]));
    for (const kind of ['stopping', 'starting'] as const) {
      const changing = this.nodes.filter((node) => node.kind === kind);
      for (const [i, node] of changing.entries()) this.#changes.set(node, (i + 1) * churn);
    }
    const tables = fillTables(this.nodes, this.random);
    for (const self of this.nodes) {
      this.#startDiscovery(self, (isConnected && tables.get(self)) || []);
    }
  }

  /** Creates a crawler that starts from the first synced node, unless `options` differ. */
  crawler(options: Partial<CrawlerOptions> = {}): Promise<Crawler> {
    const { clock, random, store } = this;
    const boot = this.nodes.find(({ kind }) => kind === 'synced');
    return createCrawler({
      store,
      crypto,
      clock,
      random,
      dial: this.dial(),
      once: true,
      privateKey: this.crawlerKey,
      socket: this.network.bind('19.0.0.1'),
      bootnodes: boot ? [enodeOf(boot)] : [],
      network: { networkId: requestedNetwork },
      // The simulation produces no blocks, so heads age during the crawl.
      maxHeadAge: 3_600_000,
      ...options,
    });
  }

  /** Advances the clock until a promise settles. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    while (!isDone) await this.clock.advance(100);
    return done;
  }

  /** Returns all records by id. */
  async records(): Promise<Map<string, NodeRecord>> {
    const records = new Map<string, NodeRecord>();
    for await (const record of this.store.nodes()) records.set(toHex(record.id), record);
    return records;
  }

  #startDiscovery(self: SimulatedNode, table: readonly SimulatedNode[]): void {
    if (self.kind === 'dead') return;
    const { clock, random } = this;
    answerDiscovery(self, {
      socket: this.network.bind(self.host, self.udp),
      table,
      crypto,
      random,
      clock,
      unusedIp: () => Uint8Array.of(90, ...random(2), 7),
      delay: () => (!this.#isRunning(self) ? undefined : self.kind === 'slow' ? this.#slowDelay() : 0),
    });
  }

  /** Returns a function that opens streams to the nodes. */
  dial(): Dial {
    const { clock } = this;
    const localId = crypto.secp256k1.publicKey(this.crawlerKey);
    const chainOf = simulatedChains(clock.now(), crypto);
    return async ({ id, host, tcp }, { signal, onConnected }) => {
      this.dials.push({ key: toHex(id), host, at: clock.monotonic() });
      await sleep(clock, 40, { signal });
      const self = this.#byAddress.get(`${host} ${tcp}`);
      if (!self || self.kind === 'dead' || !this.#isRunning(self)) {
        await sleep(clock, 10_000, { signal });
        throw new ConnectError('timeout');
      }
      if (self.kind === 'closed') throw new ConnectError('ECONNREFUSED');
      const delay = self.kind === 'slow' ? 2 * this.#slowDelay() : 0;
      if (delay > 0) await sleep(clock, delay, { signal });
      onConnected();
      if (self.kind === 'mute') {
        await sleep(clock, 15_000, { signal });
        throw new RlpxError('handshake-timeout', 'no answer');
      }
      await sleep(clock, 40 + delay, { signal });
      if (toHex(id) !== self.key) throw new RlpxError('handshake-failed', 'another key');
      const [ours, theirs] = streamPair({ ids: [localId, self.id] });
      servePeer(self, theirs, { clock, chain: chainOf(self), delay });
      return ours;
    };
  }

  /** Nodes stop and start one after another. */
  #isRunning(self: SimulatedNode): boolean {
    const change = this.#changes.get(self) ?? 0;
    if (self.kind === 'stopping') return this.clock.monotonic() < change;
    return self.kind !== 'starting' || this.clock.monotonic() >= change;
  }

  #slowDelay(): number {
    return 500 + ((this.random(1)[0] ?? 0) / 256) * 1_500;
  }
}

/** Results of a crawl, and the real nodes. */
export interface SimulationResult {
  readonly nodes: readonly SimulatedNode[];
  readonly records: ReadonlyMap<string, NodeRecord>;
  readonly progress: Progress;
}

/** Crawls a network of all kinds of nodes once. */
export async function simulate(size: number): Promise<SimulationResult> {
  const simulation = new Simulation({ addresses: publicAddresses(size), loss: 0.01 });
  const crawler = await simulation.crawler();
  const progress = await simulation.until(crawler.run());
  return { nodes: simulation.nodes, records: await simulation.records(), progress };
}

export function enodeOf({ id, host, udp, tcp }: SimulatedNode): string {
  return formatEnode({ id, host, udp, tcp });
}
