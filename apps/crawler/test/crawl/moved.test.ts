import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { type Enr, formatEnode, formatEnr, parseEnr, signEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { cheapCrypto as crypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { type CrawlerOptions, checkNode, type NodeRecord } from '../../src/index.ts';
import type { NodeAddress } from '../network/population.ts';
import { Simulation } from '../network/simulation.ts';

const privateKey = new Uint8Array(32).fill(7);
const id = crypto.secp256k1.publicKey(privateKey);
/** First address of the node, its new address, and an address without a node. */
const home: NodeAddress = { host: '20.0.0.9', port: 30303, privateKey };
const away: NodeAddress = { host: '21.0.0.9', port: 30304, privateKey };
const unused: NodeAddress = { host: '22.0.0.9', port: 30305, privateKey };
const reporter: NodeAddress = { host: '23.0.0.9', port: 30303 };
const minute = 60_000;

function recordAt({ host, port }: NodeAddress, seq: bigint): Enr {
  return signEnr({ ip: host, udp: port, tcp: port }, privateKey, { seq, crypto });
}

function enodeAt({ host, port }: NodeAddress): string {
  return formatEnode({ id, host, tcp: port, udp: port });
}

/** Returns the options for a DNS list with these records. */
function dnsList(...records: Enr[]): Partial<CrawlerOptions> {
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

const network = (...addresses: NodeAddress[]) => new Simulation({ addresses, kindOf: () => 'synced' });

/**
 * Crawls a network with the node at `before`, then one with the node at `after`.
 *
 * @returns the record of the node, and the number of visits of the second crawl
 */
async function crawlTwice(
  [before, after]: readonly [NodeAddress, NodeAddress],
  options: Partial<CrawlerOptions>,
): Promise<{ node: NodeRecord; visits: number }> {
  const first = network(before);
  await first.until((await first.crawler({ startupJitter: 0 })).run());
  const known = await first.store.get(id);
  expect(known).toMatchObject({ status: 'synced', endpoint: { ip: before.host } });
  const second = network(after);
  const { store } = first;
  const crawler = await second.crawler({ startupJitter: 0, store, ...options });
  const { visits } = await second.until(crawler.run());
  const node = await store.get(id);
  if (node === undefined) throw new Error('the node was removed');
  return { node, visits };
}

describe('CR-06 a node that has moved is found by its newer record:', () => {
  const moved = { ...away, seq: 2n };
  const cases: [string, Partial<CrawlerOptions>][] = [
    ['of a boot node', { bootnodes: [formatEnr(recordAt(away, 2n))] }],
    ['in a DNS list', dnsList(recordAt(away, 2n))],
    [
      'together with its old record',
      { bootnodes: [recordAt(home, 1n), recordAt(away, 2n), recordAt(home, 1n)].map(formatEnr) },
    ],
  ];
  test.each(cases)('%s', async (_, options) => {
    const { node, visits } = await crawlTwice([home, moved], options);
    expect(node).toMatchObject({
      status: 'synced',
      trust: 'signed',
      failures: 0,
      enr: formatEnr(recordAt(away, 2n)),
      endpoint: { ip: away.host, udp: away.port, tcp: away.port },
    });
    expect(visits).toBe(1);
  });

  test('sent by the node, at an address from the user', async () => {
    const { node, visits } = await crawlTwice([home, moved], { bootnodes: [enodeAt(away)] });
    expect(node).toMatchObject({
      status: 'synced',
      trust: 'signed',
      enr: formatEnr(recordAt(away, 2n)),
      endpoint: { ip: away.host, udp: away.port, tcp: away.port },
    });
    expect(visits).toBe(1);
  });

  test('with a wrong address, the previous one is tried', async () => {
    const { node } = await crawlTwice([home, home], {
      bootnodes: [formatEnr(recordAt(unused, 2n))],
    });
    expect(node).toMatchObject({ status: 'synced', endpoint: { ip: home.host } });
    expect(node.enr).toBe(formatEnr(recordAt(unused, 2n)));
  });

  test('without an address, it keeps its endpoint', async () => {
    const bare = signEnr({}, privateKey, { seq: 2n, crypto });
    const { node, visits } = await crawlTwice([home, { ...home, seq: 2n }], dnsList(bare));
    expect(node).toMatchObject({ status: 'synced', enr: formatEnr(bare) });
    expect(node.endpoint).toEqual({ ip: home.host, udp: home.port, tcp: home.port });
    expect(visits).toBe(1);
  });
});

describe('CR-06 a node keeps its endpoint', () => {
  const stored = { ...home, seq: 2n };
  const cases: [string, Partial<CrawlerOptions>, number][] = [
    // An address from the user is a candidate, so the node is visited immediately.
    ['when the user gives an older record', { bootnodes: [formatEnr(recordAt(away, 1n))] }, 1],
    ['when the user gives another record with the same number', { bootnodes: [formatEnr(recordAt(away, 2n))] }, 1],
    ['when the user gives a wrong address', { bootnodes: [enodeAt(unused)] }, 1],
    ['when a list has an older record', dnsList(recordAt(away, 1n)), 0],
    ['when a list has another record with the same number', dnsList(recordAt(away, 2n)), 0],
    ['when a list has the same record', dnsList(recordAt(home, 2n)), 0],
  ];
  test.each(cases)('%s', async (_, options, visits) => {
    const found = await crawlTwice([stored, stored], options);
    expect(found.node).toMatchObject({
      status: 'synced',
      trust: 'signed',
      enr: formatEnr(recordAt(home, 2n)),
      endpoint: { ip: home.host, udp: home.port, tcp: home.port },
    });
    expect(found.visits).toBe(visits);
  });

  test('when it announces a newer record and gives an older one', async () => {
    const simulation = network({ ...home, seq: 5n });
    const [self] = simulation.nodes;
    if (self === undefined) throw new Error('no node');
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

describe('CR-06 addresses reported by other nodes', () => {
  /** Crawls a network in which another node reports the node at `reported`, while it is at `actual`. */
  async function crawlWithReport(reported: NodeAddress, actual: NodeAddress) {
    const simulation = network(reporter, actual);
    const [other, self] = simulation.nodes;
    if (other === undefined || self === undefined) throw new Error('no node');
    const first = network(home);
    // Without jitter, the node is due again after 30 minutes.
    await first.until((await first.crawler({ startupJitter: 0, maxJitter: 0 })).run());
    expect(self.host).toBe(actual.host);
    // The tables of other nodes contain the reported address.
    Object.assign(self, { host: reported.host, udp: reported.port, tcp: reported.port });
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
  const enodeOf = (node: { id: Uint8Array; host: string; udp: number; tcp: number }) => formatEnode(node);

  test('are tried at the first failed visit of a node', async () => {
    const node = await crawlWithReport(away, { ...away, seq: 2n });
    expect(node).toMatchObject({ status: 'synced', trust: 'signed', visits: 2 });
    expect(node?.endpoint).toEqual({ ip: away.host, udp: away.port, tcp: away.port });
  });

  test('do not replace the endpoint of a node that answers there', async () => {
    const node = await crawlWithReport(away, home);
    expect(node).toMatchObject({ status: 'synced', trust: 'signed', endpoint: { ip: home.host } });
  });

  test('do not replace its endpoint when they are wrong too', async () => {
    const node = await crawlWithReport(unused, away);
    expect(node).toMatchObject({ status: 'discovered', endpoint: { ip: home.host } });
  });
});

test('CR-13 a check with an old record returns the new one', async () => {
  const simulation = network({ ...home, seq: 7n });
  const { clock, random } = simulation;
  const { node } = await simulation.until(
    checkNode(formatEnr(recordAt(home, 3n)), {
      crypto,
      clock,
      random,
      dial: simulation.dial(),
      privateKey: simulation.crawlerKey,
      socket: simulation.network.bind('19.0.0.1'),
    }),
  );
  expect(node.enr).toBe(formatEnr(recordAt(home, 7n)));
});
