import { sleep } from '@devp2p/clock';
import { virtualClock } from '@devp2p/clock/virtual';
import { formatEnode, toHex } from '@devp2p/enr';
import { streamPair } from '@devp2p/peer/pipe';
import { RlpxError } from '@devp2p/rlpx';
import { cheapCrypto as crypto } from '../../../../packages/discv4/test/cheap-crypto.ts';
import {
  SimulatedNetwork,
  seededRandom,
} from '../../../../packages/discv4/test/simulated-network.ts';
import { createCrawler, memoryStore, type NodeRecord, type Progress } from '../../src/index.ts';
import { ConnectError, type Dial } from '../../src/visit/dial.ts';
import { fillTables, type Inhabitant, internetPlaces, populate } from './population.ts';
import { ourNetwork, serveVisitor, simulatedChains } from './tcp-side.ts';
import { answerDiscovery } from './udp-side.ts';

export interface SimulationOptions {
  readonly size: number;
  readonly seed?: number;
  /** Share of the datagrams that get lost. */
  readonly loss?: number;
}

/** What a crawl of a simulated network has found, beside what is true. */
export interface Simulated {
  readonly inhabitants: readonly Inhabitant[];
  readonly records: ReadonlyMap<string, NodeRecord>;
  readonly progress: Progress;
  /** Simulated ms. */
  readonly duration: number;
}

/** ms between the arrival of those who come, and between the departure of those who leave. */
const churn = 2_000;

/** Builds a network whose every inhabitant is known, crawls it once, and returns both. */
export async function simulate({
  size,
  seed = 1,
  loss = 0.01,
}: SimulationOptions): Promise<Simulated> {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const network = new SimulatedNetwork({ clock, loss, random: seededRandom(seed + 1) });
  const inhabitants = populate(internetPlaces(size), crypto, random);
  const tables = fillTables(inhabitants, random);
  const chainOf = simulatedChains(clock.now(), crypto);
  const byPlace = new Map(inhabitants.map((node) => [`${node.host} ${node.port}`, node]));
  const isHere = churning(inhabitants, () => clock.monotonic());
  const slowness = () => 500 + ((random(1)[0] ?? 0) / 256) * 1_500;

  for (const self of inhabitants) {
    if (self.kind === 'dead') continue;
    answerDiscovery(self, {
      socket: network.bind(self.host, self.port),
      table: tables.get(self) ?? [],
      ...{ crypto, random, clock },
      nowhere: () => Uint8Array.of(90, ...random(2), 7),
      delay: () => (!isHere(self) ? undefined : self.kind === 'slow' ? slowness() : 0),
    });
  }

  const crawlerKey = random(32);
  const localId = crypto.secp256k1.publicKey(crawlerKey);
  const dial: Dial = async ({ id, host, tcp }, { signal, onConnected }) => {
    await sleep(clock, 40, { signal });
    const self = byPlace.get(`${host} ${tcp}`);
    if (!self || self.kind === 'dead' || !isHere(self)) {
      await sleep(clock, 10_000, { signal });
      throw new ConnectError('timeout');
    }
    if (self.kind === 'closed') throw new ConnectError('ECONNREFUSED');
    const delay = self.kind === 'slow' ? 2 * slowness() : 0;
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

  const boot = inhabitants.find(({ kind }) => kind === 'synced');
  if (!boot) throw new Error('nobody to begin with');
  const { id, host, port } = boot;
  const store = memoryStore();
  const crawler = await createCrawler({
    ...{ store, crypto, clock, random, dial, once: true },
    privateKey: crawlerKey,
    socket: network.bind('19.0.0.1'),
    bootnodes: [formatEnode({ id, host, udp: port, tcp: port })],
    network: { networkId: ourNetwork },
    // No block is found in the minutes of the crawl, which are not what this is about.
    maxHeadAge: 3_600_000,
  });
  const started = clock.monotonic();
  let progress: Progress | undefined;
  const run = crawler.run().then((result) => {
    progress = result;
  });
  while (progress === undefined) {
    await Promise.race([run, clock.advance(100)]);
  }
  const records = new Map<string, NodeRecord>();
  for await (const record of store.nodes()) records.set(toHex(record.id), record);
  return { inhabitants, records, progress, duration: clock.monotonic() - started };
}

/** Those who leave do so one after another, and so do those come who come. */
function churning(
  inhabitants: readonly Inhabitant[],
  monotonic: () => number,
): (node: Inhabitant) => boolean {
  const turns = new Map<Inhabitant, number>();
  for (const kind of ['leaving', 'coming'] as const) {
    const ones = inhabitants.filter((node) => node.kind === kind);
    ones.forEach((node, i) => {
      turns.set(node, (i + 1) * churn);
    });
  }
  return (node) => {
    if (node.kind === 'leaving') return monotonic() < (turns.get(node) ?? 0);
    return node.kind !== 'coming' || monotonic() >= (turns.get(node) ?? 0);
  };
}
