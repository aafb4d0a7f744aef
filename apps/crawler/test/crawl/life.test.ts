import { formatTreeUrl, makeTree, txtStrings } from '@devp2p/dnsdisc';
import { expect, test } from 'vitest';
import { cheapCrypto } from '../../../../packages/discover/test/cheap-crypto.ts';
import { type CrawlStore, createMemoryStore } from '../../src/index.ts';
import { publicAddresses } from '../network/population.ts';
import { enodeOf, Simulation } from '../network/simulation.ts';

test('CR-07 a crawler resumes from the results of the previous one', async () => {
  const addresses = publicAddresses(134).filter(({ port }) => port === 30303);
  const simulation = new Simulation({ addresses: addresses.slice(0, 120), kindOf: () => 'synced' });
  const { clock } = simulation;
  const stop = new AbortController();
  const first = await simulation.crawler({ startupJitter: 0, maxActive: 4 });
  const run = first.run({ signal: stop.signal });
  while (first.progress.visits < 40) await clock.advance(10);
  stop.abort();
  const { rollup: before, visiting, visits } = await simulation.until(run);
  expect(visiting).toBe(0);
  expect(before.funnel.synced).toBe(visits);
  expect(before.funnel.synced).toBeLessThan(120);
  const half = await simulation.records();

  // Without boot nodes, the nodes in the store are visited.
  const second = await simulation.crawler({ bootnodes: [] });
  expect(second.progress.rollup.funnel).toEqual(before.funnel);
  const after = await simulation.until(second.run());
  expect(after.rollup.funnel.synced).toBe(120);
  expect(after.visits).toBe(120 - visits);
  const records = await simulation.records();
  for (const [key, record] of half) {
    if (record.status === 'synced') expect(records.get(key)).toEqual(record);
  }
  const sessions = [];
  for await (const session of simulation.store.sessions()) sessions.push(session);
  expect(sessions.map((session) => session.visits)).toEqual([120 - visits, visits]);
});

test('CR-07 a node whose dial was postponed is dialed by the next crawler', async () => {
  const addresses = [1, 2, 3].map((n) => ({ host: '20.0.0.1', port: 30300 + n }));
  const simulation = new Simulation({ addresses, kindOf: () => 'synced' });
  const { clock } = simulation;
  const stop = new AbortController();
  const first = await simulation.crawler({ startupJitter: 0 });
  const run = first.run({ signal: stop.signal });
  await clock.advance(20_000);
  stop.abort();
  expect((await simulation.until(run)).rollup.funnel).toMatchObject({ bonded: 3, synced: 1 });
  const second = await simulation.crawler();
  expect((await simulation.until(second.run())).rollup.funnel.synced).toBe(3);
});

test('CR-07 an abort by a signal leaves no timers and sends no more packets', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(60) });
  const { clock, network } = simulation;
  const stop = new AbortController();
  const crawler = await simulation.crawler({ once: false });
  const run = crawler.run({ signal: stop.signal });
  while (crawler.progress.visiting < 20) await clock.advance(10);
  stop.abort();
  await simulation.until(run);
  await crawler.close();
  let sent = 0;
  network.onSend = ({ from }) => {
    if (from.host === '19.0.0.1') sent++;
  };
  // Timers of the other nodes end.
  await clock.advance(60_000);
  expect(sent).toBe(0);
  expect(clock.pending).toBe(0);
});

test('CR-07 an error of the store ends the crawl with that error', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(20), kindOf: () => 'synced' });
  const store: CrawlStore = createMemoryStore();
  let commits = 0;
  const failing: CrawlStore = Object.assign(Object.create(store), {
    commit: async (batch: Parameters<CrawlStore['commit']>[0]) => {
      if (++commits > 5) throw new Error('the disk is full');
      await store.commit(batch);
    },
  });
  for (const name of ['nodes', 'get', 'lease', 'nextDue'] as const) {
    Object.assign(failing, { [name]: (store[name] as () => unknown).bind(store) });
  }
  const crawler = await simulation.crawler({ store: failing });
  await expect(simulation.until(crawler.run())).rejects.toThrow('the disk is full');
});

test('CR-01 a network is found from a DNS list, with a resolver that sometimes fails', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(30), kindOf: () => 'synced' });
  const { nodes, clock } = simulation;
  const domain = 'nodes.example.org';
  const privateKey = new Uint8Array(32).fill(5);
  const records = nodes.slice(0, 5).map(({ enr }) => enr);
  const { publicKey, root, entries } = makeTree(records, [], {
    seq: 1n,
    privateKey,
    crypto: cheapCrypto,
  });
  let lookups = 0;
  const crawler = await simulation.crawler({
    bootnodes: [],
    dnsLists: [formatTreeUrl({ publicKey, domain }, { crypto: cheapCrypto })],
    resolveTxt: async (name) => {
      if (++lookups % 3 === 1) throw new Error('no answer');
      const label = name === domain ? undefined : name.slice(0, -domain.length - 1);
      const text = label === undefined ? root : entries.get(label);
      return text === undefined ? [] : [txtStrings(text)];
    },
  });
  const { rollup } = await simulation.until(crawler.run());
  expect(rollup.funnel.synced).toBe(30);
  const origins = [...(await simulation.records()).values()].map(({ origin }) => origin);
  expect(origins.filter((origin) => origin === 'dns').length).toBeGreaterThanOrEqual(1);
  expect(origins).not.toContain('bootnode');
  expect(clock.monotonic()).toBeLessThan(600_000);
});

test('CR-01 a failed lookup of a boot node’s host name is repeated; with `once` the number of lookups is limited', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(3), kindOf: () => 'synced' });
  const [boot] = simulation.nodes;
  const url = boot ? enodeOf(boot).replace(boot.host, 'boot.example.org') : '';
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  let lookups = 0;
  const resolveHost = async (): Promise<string> => {
    if (++lookups < 3) throw new Error('unknown host');
    return boot?.host ?? '';
  };
  const first = await simulation.crawler({ bootnodes: [url], resolveHost, onWarning });
  const { rollup } = await simulation.until(first.run());
  expect(rollup.funnel.synced).toBe(3);
  expect(warnings).toHaveLength(2);

  const never = () => Promise.reject(new Error('unknown host'));
  const second = await simulation.crawler({
    bootnodes: [url],
    store: createMemoryStore(),
    resolveHost: never,
    onWarning,
  });
  expect((await simulation.until(second.run())).rollup.funnel.discovered).toBe(0);
  expect(warnings).toHaveLength(5);
});

test('CR-05 a crawl of an empty network with `once` ends', async () => {
  const simulation = new Simulation({ addresses: [] });
  const crawler = await simulation.crawler();
  const { visits, rollup } = await simulation.until(crawler.run());
  expect([visits, rollup.funnel.discovered]).toEqual([0, 0]);
});

test('CR-01 a resolver that never answers delays neither the end of a crawl with `once` nor `close`', async () => {
  const simulation = new Simulation({ addresses: publicAddresses(1), kindOf: () => 'synced' });
  const bootnodes = simulation.nodes.map((node) => enodeOf(node).replace(node.host, 'boot.example.org'));
  const options = { bootnodes, resolveHost: () => new Promise<string>(() => {}) };
  const once = await simulation.crawler(options);
  expect((await simulation.until(once.run())).visits).toBe(0);
  const endless = await simulation.crawler({ ...options, once: false, startupJitter: 0 });
  const run = endless.run();
  await simulation.clock.advance(1_000);
  await endless.close();
  await run;
  await simulation.clock.advance(60_000);
  expect(simulation.clock.pending).toBe(0);
});

test.each([
  ...['successInterval', 'minBackoff', 'maxBackoff', 'otherProtocolInterval', 'rollupInterval'],
  ...['maxPerIp', 'maxPerNetwork', 'maxPerSource', 'maxNodes', 'dnsPerSecond', 'maxVisits'],
])('createCrawler refuses an invalid %s', async (name) => {
  const simulation = new Simulation({ addresses: [] });
  for (const value of [0, -1, Number.NaN]) {
    await expect(simulation.crawler({ [name]: value })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  }
  await expect(simulation.crawler({ startupJitter: Number.NaN })).rejects.toMatchObject({
    code: 'invalid-option',
  });
});
