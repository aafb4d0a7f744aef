import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { type Enr, formatEnode, formatEnr, parseEnr, signEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { type CrawlerOptions, checkNode, type NodeRecord } from '../../src/index.ts';
import type { Place } from '../network/population.ts';
import { Simulation } from '../network/simulation.ts';

const privateKey = new Uint8Array(32).fill(7);
const id = crypto.secp256k1.publicKey(privateKey);
/** Where the node is first, where it goes, and where nobody is. */
const home: Place = { host: '20.0.0.9', port: 30303, privateKey };
const away: Place = { host: '21.0.0.9', port: 30304, privateKey };
const nowhere: Place = { host: '22.0.0.9', port: 30305, privateKey };
const witness: Place = { host: '23.0.0.9', port: 30303 };
const minute = 60_000;

function recordAt({ host, port }: Place, seq: bigint): Enr {
  return signEnr({ ip: host, udp: port, tcp: port }, privateKey, { seq, crypto });
}

function enodeAt({ host, port }: Place): string {
  return formatEnode({ id, host, tcp: port, udp: port });
}

/** A list in DNS with these records. */
function list(...records: Enr[]): Partial<CrawlerOptions> {
  const domain = 'nodes.example.org';
  const tree = makeTree(records, [], { seq: 1n, privateKey: new Uint8Array(32).fill(5), crypto });
  return {
    bootnodes: [],
    dnsLists: [formatTreeUrl({ publicKey: tree.publicKey, domain }, { crypto })],
    resolveTxt: async (name) => {
      const text = name === domain ? tree.root : tree.entries.get(name.split('.')[0] ?? '');
      return text === undefined ? [] : [txtStrings(text)];
    },
  };
}

const world = (...places: Place[]) => new Simulation({ places, kindOf: () => 'synced' });

/**
 * Crawls a network in which the node is at `before`, then, a moment later, one in which it is at `after`.
 *
 * @returns what is known of the node then, and how many visits the second crawl took.
 */
async function crawlTwice(
  [before, after]: readonly [Place, Place],
  options: Partial<CrawlerOptions>,
): Promise<{ node: NodeRecord; visits: number }> {
  const first = world(before);
  await first.until((await first.crawler({ startupJitter: 0 })).run());
  const known = await first.store.get(id);
  expect(known).toMatchObject({ status: 'synced', endpoint: { ip: before.host } });
  const second = world(after);
  const { store } = first;
  const crawler = await second.crawler({ startupJitter: 0, store, ...options });
  const { visits } = await second.until(crawler.run());
  const node = await store.get(id);
  if (node === undefined) throw new Error('the node is forgotten');
  return { node, visits };
}

describe('CR-06 a node that has moved is found by its newer record', () => {
  const moved = { ...away, seq: 2n };
  const cases: [string, Partial<CrawlerOptions>][] = [
    ['as a boot node', { bootnodes: [formatEnr(recordAt(away, 2n))] }],
    ['in a list in DNS', list(recordAt(away, 2n))],
    [
      'beside its old one',
      { bootnodes: [recordAt(home, 1n), recordAt(away, 2n), recordAt(home, 1n)].map(formatEnr) },
    ],
  ];
  test.each(cases)('%s', async (_, options) => {
    const { node, visits } = await crawlTwice([home, moved], options);
    expect(node).toMatchObject({
      ...{ status: 'synced', trust: 'signed', failures: 0, enr: formatEnr(recordAt(away, 2n)) },
      endpoint: { ip: away.host, udp: away.port, tcp: away.port },
    });
    expect(visits).toBe(1);
  });

  test('which it gives itself, when the user says where it is', async () => {
    const { node, visits } = await crawlTwice([home, moved], { bootnodes: [enodeAt(away)] });
    expect(node).toMatchObject({
      ...{ status: 'synced', trust: 'signed', enr: formatEnr(recordAt(away, 2n)) },
      endpoint: { ip: away.host, udp: away.port, tcp: away.port },
    });
    expect(visits).toBe(1);
  });

  test('and a record that leads nowhere does not lose it', async () => {
    const { node } = await crawlTwice([home, home], {
      bootnodes: [formatEnr(recordAt(nowhere, 2n))],
    });
    expect(node).toMatchObject({ status: 'synced', endpoint: { ip: home.host } });
    expect(node.enr).toBe(formatEnr(recordAt(nowhere, 2n)));
  });

  test('without an address, which leaves it where it is', async () => {
    const bare = signEnr({}, privateKey, { seq: 2n, crypto });
    const { node, visits } = await crawlTwice([home, { ...home, seq: 2n }], list(bare));
    expect(node).toMatchObject({ status: 'synced', enr: formatEnr(bare) });
    expect(node.endpoint).toEqual({ ip: home.host, udp: home.port, tcp: home.port });
    expect(visits).toBe(1);
  });
});

describe('CR-06 a node stays where it is', () => {
  const stored = { ...home, seq: 2n };
  const cases: [string, Partial<CrawlerOptions>, number][] = [
    // What the user types is a place to look at, so that the node is visited at once.
    ['when the user has an older record', { bootnodes: [formatEnr(recordAt(away, 1n))] }, 1],
    ['when there is another of the same number', { bootnodes: [formatEnr(recordAt(away, 2n))] }, 1],
    ['when the user takes it for elsewhere', { bootnodes: [enodeAt(nowhere)] }, 1],
    ['when a list has an older record', list(recordAt(away, 1n)), 0],
    ['when a list has another of the same number', list(recordAt(away, 2n)), 0],
    ['when a list has the same record', list(recordAt(home, 2n)), 0],
  ];
  test.each(cases)('%s', async (_, options, visits) => {
    const found = await crawlTwice([stored, stored], options);
    expect(found.node).toMatchObject({
      ...{ status: 'synced', trust: 'signed', enr: formatEnr(recordAt(home, 2n)) },
      endpoint: { ip: home.host, udp: home.port, tcp: home.port },
    });
    expect(found.visits).toBe(visits);
  });

  test('when it announces a newer record and gives an older one', async () => {
    const simulation = world({ ...home, seq: 5n });
    const [self] = simulation.inhabitants;
    if (self === undefined) throw new Error('nobody');
    const stop = new AbortController();
    const crawler = await simulation.crawler({ once: false, startupJitter: 0 });
    const run = crawler.run({ signal: stop.signal });
    await simulation.clock.advance(minute);
    const before = await simulation.store.get(id);
    Object.assign(self, { enr: { seq: 9n, bytes: recordAt(home, 4n).bytes } });
    await simulation.clock.advance(120 * minute);
    stop.abort();
    await simulation.until(run);
    const after = await simulation.store.get(id);
    expect(after?.visits).toBeGreaterThan(before?.visits ?? 0);
    expect(after?.enr && parseEnr(after.enr, { crypto }).seq).toBe(5n);
  });
});

describe('CR-06 others’ claims of another place', () => {
  /** A witness names the node at `claimed`, while it really is at `place`. */
  async function withWitness(claimed: Place, place: Place) {
    const simulation = world(witness, place);
    const [other, self] = simulation.inhabitants;
    if (other === undefined || self === undefined) throw new Error('nobody');
    const first = world(home);
    await first.until((await first.crawler({ startupJitter: 0 })).run());
    const truth = { host: self.host, udp: self.udp, tcp: self.tcp };
    // In tables it is where others believe it to be.
    Object.assign(self, { host: claimed.host, udp: claimed.port, tcp: claimed.port });
    expect(truth.host).toBe(place.host);
    const stop = new AbortController();
    const { store } = first;
    const options = { store, once: false, startupJitter: 0, maxJitter: 0 };
    const crawler = await simulation.crawler({ ...options, bootnodes: [enodeOf(other)] });
    const run = crawler.run({ signal: stop.signal });
    await simulation.clock.advance(40 * minute);
    stop.abort();
    await simulation.until(run);
    return store.get(id);
  }
  const enodeOf = (node: { id: Uint8Array; host: string; udp: number; tcp: number }) =>
    formatEnode(node);

  test('find a node that is not at its place any more, at its first visit in vain', async () => {
    const node = await withWitness(away, { ...away, seq: 2n });
    expect(node).toMatchObject({ status: 'synced', trust: 'signed', visits: 2 });
    expect(node?.endpoint).toEqual({ ip: away.host, udp: away.port, tcp: away.port });
  });

  test('do not move one that is', async () => {
    const node = await withWitness(away, home);
    expect(node).toMatchObject({ status: 'synced', trust: 'signed', endpoint: { ip: home.host } });
  });

  test('that are wrong as well leave its place as it was', async () => {
    const node = await withWitness(nowhere, away);
    expect(node).toMatchObject({ status: 'discovered', endpoint: { ip: home.host } });
  });
});

test('CR-13 a check with an old record says what the new one is', async () => {
  const simulation = world({ ...home, seq: 7n });
  const { clock, random, network } = simulation;
  const { node } = await simulation.until(
    checkNode(formatEnr(recordAt(home, 3n)), {
      ...{ crypto, clock, random, dial: simulation.dial(), privateKey: simulation.crawlerKey },
      socket: network.bind('19.0.0.1'),
    }),
  );
  expect(node.enr).toBe(formatEnr(recordAt(home, 7n)));
});
