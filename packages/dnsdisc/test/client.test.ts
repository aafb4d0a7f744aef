import { fromHex } from '@devp2p/bytes';
import { createSeededRandom } from '@devp2p/random/seeded';
import { describe, expect, test } from 'vitest';
import { createDnsClient, DnsdiscError, formatTreeUrl, txtStrings } from '../src/index.ts';
import vector from './vectors/dnsdisc.json' with { type: 'json' };
import { distinct, eventsDuring, type Watch, type World, watch, world } from './watch.ts';
import { key, publish, records, Zone } from './zone.ts';

const MINUTE = 60_000;
const DOMAIN = 'nodes.example.org';
const ports = (count: number, first = 1): number[] => Array.from({ length: count }, (_, i) => first + i);

/** Greatest number of events in any window of one second. */
function busiest(times: readonly number[]): number {
  return Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + 1000).length));
}

/** Stops the iterators. Each must end at once, and leave no timer. */
async function stopped({ clock }: World, ...watching: Watch[]): Promise<void> {
  for (const { stop, end } of watching) {
    stop('enough');
    expect(await end).toBe('enough');
  }
  expect(clock.pending).toBe(0);
}

test('D4-23 the published zone verifies', async () => {
  const w = world();
  for (const [label, text] of Object.entries(vector.zone)) {
    w.zone.put(label === '@' ? DOMAIN : `${label}.${DOMAIN}`, text);
  }
  const url = formatTreeUrl({ publicKey: fromHex(vector.public_key), domain: DOMAIN });
  const watching = watch(w, url);
  await w.clock.advance(MINUTE);
  const found = new Set(watching.nodes.map(({ enr }) => enr));
  expect(found.size).toBe(3);
  // It links to a list that does not exist.
  expect(Object.keys(w.client.stats.refused)).toEqual(['no-root']);
  expect(w.zone.times('morenodes.example.org').length).toBeGreaterThan(1);
  await stopped(w, watching);
});

describe('D4-23 iteration over a tree', () => {
  test('each node occurs once per pass, in another order each time', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(40) });
    const watching = watch(w, url);
    await w.clock.advance(10_000);
    const all = watching.fresh();
    const passes = [all.slice(0, 40), all.slice(40, 80), all.slice(80, 120)];
    for (const pass of passes) expect(distinct(pass)).toEqual(ports(40));
    expect(new Set(passes.map(String)).size).toBe(3);
    expect(String(passes[0])).not.toBe(String(ports(40)));
    await stopped(w, watching);
  });

  test('no request is sent unless a node is requested', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const nodes = w.client.randomNodes(url);
    await w.clock.advance(MINUTE);
    expect(w.zone.asked).toEqual([]);
    expect((await nodes.next()).value?.tcp).toBeGreaterThan(0);
    const { length } = w.zone.asked;
    await w.clock.advance(MINUTE);
    expect(w.zone.asked).toHaveLength(length);
    expect(w.clock.pending).toBe(0);
    expect(await nodes.return()).toEqual({ done: true, value: undefined });
    expect(await nodes.next()).toEqual({ done: true, value: undefined });
  });

  test('a tree may have a single node', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(1) });
    const watching = watch(w, url);
    await w.clock.advance(5_000);
    expect(distinct(watching.fresh())).toEqual([1]);
    await stopped(w, watching);
  });

  test('an empty tree is read again when its root is due, and not before', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN);
    const watching = watch(w, url);
    await w.clock.advance(29 * MINUTE);
    const { length } = w.zone.asked;
    // The two empty branches are the same entry.
    expect(length).toBe(2);
    expect(w.client.stats.cacheHits).toBe(1);
    publish(w.zone, DOMAIN, { nodes: records(2), seq: 2n });
    await w.clock.advance(2 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2]);
    await stopped(w, watching);
  });

  test('several lists are read concurrently', async () => {
    const w = world();
    const { url: a } = publish(w.zone, 'a.example', { nodes: records(5) });
    const { url: b } = publish(w.zone, 'b.example', { nodes: records(5, 101) });
    const watching = watch(w, [a, b]);
    await w.clock.advance(4_000);
    const found = watching.fresh();
    expect(found.some((port) => port < 100)).toBe(true);
    expect(found.some((port) => port > 100)).toBe(true);
    await w.clock.advance(20_000);
    expect(distinct([...found, ...watching.fresh()])).toEqual([...ports(5), ...ports(5, 101)]);
    await stopped(w, watching);
  });

  test('without lists there are no nodes', async () => {
    const w = world();
    expect(await w.client.randomNodes([]).next()).toEqual({ done: true, value: undefined });
  });
});

describe('D4-23 the rate limit', () => {
  test('is 3 requests in any second, for all iterators of a client', async () => {
    const w = world();
    const { url: a } = publish(w.zone, 'a.example', { nodes: records(30) });
    const { url: b } = publish(w.zone, 'b.example', { nodes: records(30, 101) });
    const watching = [watch(w, a), watch(w, b), watch(w, [a, b])];
    await w.clock.advance(60_000);
    const times = w.zone.asked.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(30);
    expect(busiest(times)).toBe(3);
    await stopped(w, ...watching);
  });

  test('includes cached entries, so that an iterator does not spin', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(2) });
    const watching = watch(w, url);
    await w.clock.advance(5 * MINUTE);
    expect(w.zone.asked).toHaveLength(5);
    expect(w.client.stats.requests).toBe(5);
    expect(w.client.stats.cacheHits).toBeGreaterThan(800);
    expect(busiest(watching.nodes.map(({ at }) => at))).toBeLessThanOrEqual(3);
    await stopped(w, watching);
  });

  test('an abort does not delay the other iterators', async () => {
    const w = world({ requestsPerSecond: 1 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const waiting = Array.from({ length: 20 }, () => watch(w, url));
    await w.clock.advance(500);
    await stopped(w, ...waiting);
    const last = watch(w, url);
    await w.clock.advance(10_000);
    expect(last.nodes.length).toBeGreaterThan(3);
    await stopped(w, last);
  });
});

describe('D4-23 the cache', () => {
  test('keeps 1000 entries, so that a smaller tree is requested once', async () => {
    const w = world({ requestsPerSecond: 1000 });
    const { url, tree } = publish(w.zone, DOMAIN, { nodes: records(100) });
    const watching = watch(w, url);
    await w.clock.advance(1_000);
    expect(w.zone.asked).toHaveLength(1 + tree.entries.size);
    expect(watching.nodes.length).toBeGreaterThan(800);
    await stopped(w, watching);
  });

  test('drops the least recently used entry', async () => {
    const w = world({ requestsPerSecond: 1000, cacheSize: 10 });
    const { url, tree } = publish(w.zone, DOMAIN, { nodes: records(30) });
    const watching = watch(w, url);
    await w.clock.advance(150);
    expect(w.client.stats.requests).toBeGreaterThan(2 * tree.entries.size);
    expect(w.client.stats.cacheHits).toBeGreaterThan(0);
    await stopped(w, watching);
  });

  test('is shared by all lists, since a hash identifies its entry', async () => {
    const w = world();
    const nodes = records(1);
    const { url: a } = publish(w.zone, 'a.example', { nodes });
    const { url: b, tree } = publish(w.zone, 'b.example', { nodes });
    const first = watch(w, a);
    await w.clock.advance(5_000);
    await stopped(w, first);
    const second = watch(w, b);
    await w.clock.advance(5_000);
    expect(second.fresh()).not.toEqual([]);
    for (const hash of tree.entries.keys()) expect(w.zone.times(`${hash}.b.example`)).toEqual([]);
    await stopped(w, second);
  });
});

describe('D4-23 the root', () => {
  test('is looked up every 30 minutes, and a new one is used from then on', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const watching = watch(w, url);
    await w.clock.advance(10 * MINUTE);
    publish(w.zone, DOMAIN, { nodes: records(3, 101), seq: 2n });
    await w.clock.advance(19 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3]);
    await w.clock.advance(2 * MINUTE);
    watching.fresh();
    await w.clock.advance(60 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([101, 102, 103]);
    expect(w.zone.times(DOMAIN).map((at) => Math.floor(at / MINUTE))).toEqual([0, 30, 60, 90]);
    await stopped(w, watching);
  });

  test('may keep its sequence number, but not return to a lower one', async () => {
    const w = world();
    const old = publish(w.zone, DOMAIN, { nodes: records(2, 101), seq: 4n });
    const oldNames = new Map(w.zone.names);
    const { url } = publish(w.zone, DOMAIN, { nodes: records(2), seq: 5n });
    const watching = watch(w, url);
    await w.clock.advance(40 * MINUTE);
    expect(w.client.stats.refused).toEqual({});
    for (const [name, answer] of oldNames) w.zone.names.set(name, answer);
    const events = await eventsDuring(() => w.clock.advance(30 * MINUTE));
    expect(distinct(watching.fresh())).toEqual([1, 2]);
    expect(w.client.stats.refused['stale-root']).toBeGreaterThan(0);
    expect(events[0]).toMatchObject({
      type: 'refused',
      name: DOMAIN,
      retryIn: 1000,
      error: { code: 'stale-root', message: 'sequence number 4 is below 5' },
    });
    await stopped(w, watching);

    // The limit holds for other iterators of the client.
    const later = watch(w, url);
    await w.clock.advance(MINUTE);
    expect(later.fresh()).toEqual([]);
    w.zone.put(DOMAIN, publish(new Zone(), DOMAIN, { nodes: records(2), seq: 5n }).tree.root);
    await w.clock.advance(5 * MINUTE);
    expect(distinct(later.fresh())).toEqual([1, 2]);
    expect(old.url).toBe(url);
    await stopped(w, later);
  });

  test('is the newest valid one if a name has several', async () => {
    const w = world();
    const forged = publish(w.zone, DOMAIN, {
      nodes: records(2, 201),
      seq: 9n,
      privateKey: key(6000),
    });
    const older = publish(w.zone, DOMAIN, { nodes: records(2, 101), seq: 1n });
    const newer = publish(w.zone, DOMAIN, { nodes: records(2), seq: 2n });
    const roots = [older, forged, newer].map(({ tree }) => tree.root);
    w.zone.put(DOMAIN, 'enrtree-root:v1 e=', ...roots, 'enrtree-root:v1');
    const watching = watch(w, newer.url);
    await w.clock.advance(20_000);
    expect(distinct(watching.fresh())).toEqual([1, 2]);
    expect(w.client.stats.refused).toEqual({});
    await stopped(w, watching);
  });
});

describe('D4-23 TXT records', () => {
  test('of several strings are joined', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url, tree } = publish(w.zone, DOMAIN, { nodes: records(26) });
    expect([...tree.entries.values()].filter((text) => text.length > 255)).toHaveLength(2);
    w.zone.intercept = (_, answer) => answer.map(([text = '']) => txtStrings(text));
    const watching = watch(w, url);
    await w.clock.advance(5_000);
    expect(distinct(watching.fresh())).toEqual(ports(26));
    await stopped(w, watching);
  });

  test('may be split at any position, and into empty strings', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    w.zone.intercept = (_, answer) => answer.map(([text = '']) => ['', ...text, '']);
    const watching = watch(w, url);
    await w.clock.advance(5_000);
    expect(distinct(watching.fresh())).toEqual(ports(3));
    await stopped(w, watching);
  });

  test('that do not belong to node lists are skipped at any position', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(15) });
    w.zone.intercept = (_, answer) => [
      ['v=spf1 include:example.org ', '-all'],
      [],
      [''],
      ...answer,
      ['\xff\x00'],
      ['enrtree-root:v2 e=A'],
      ['google-site-verification=', 'x'.repeat(255), 'x'.repeat(255), 'x'.repeat(255)],
    ];
    const watching = watch(w, url);
    await w.clock.advance(5_000);
    expect(distinct(watching.fresh())).toEqual(ports(15));
    expect(w.client.stats.refused).toEqual({});
    await stopped(w, watching);
  });
});

describe('D4-23 links', () => {
  /** Lists at a.example, b.example and so on, each with two nodes and links to others, by letter. */
  function lists(w: World, links: Record<string, string>, seq = 1n): (name: string) => string {
    const url = (name: string): string => publish(new Zone(), `${name}.example`).url;
    for (const [name, others] of Object.entries(links)) {
      publish(w.zone, `${name}.example`, {
        nodes: records(2, 100 * (name.charCodeAt(0) - 96)),
        links: [...others].map(url),
        seq,
      });
    }
    return url;
  }

  test('are followed, also in cycles, and each list is read once', async () => {
    const w = world();
    const url = lists(w, { a: 'bc', b: 'ab', c: 'a', d: '' });
    const watching = watch(w, url('a'));
    const events = await eventsDuring(() => w.clock.advance(20 * MINUTE));
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201, 300, 301]);
    for (const name of ['a', 'b', 'c']) expect(w.zone.times(`${name}.example`)).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'tree-added')).toHaveLength(2);
    expect(w.client.stats.refused).toEqual({});
    await stopped(w, watching);
  });

  test('that are removed remove the lists that only they reach', async () => {
    const w = world();
    const url = lists(w, { a: 'bd', b: 'c', c: 'b', d: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(20 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201, 300, 301, 400, 401]);
    lists(w, { a: 'd' }, 2n);
    const events = await eventsDuring(() => w.clock.advance(15 * MINUTE));
    watching.fresh();
    await w.clock.advance(20 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([100, 101, 400, 401]);
    expect(events.filter(({ type }) => type === 'tree-removed')).toEqual([
      { type: 'tree-removed', url: url('b') },
      { type: 'tree-removed', url: url('c') },
    ]);
    await stopped(w, watching);
  });

  test('are followed up to maxLinkDepth', async () => {
    const w = world({ maxLinkDepth: 2 });
    const url = lists(w, { a: 'b', b: 'c', c: 'd', d: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(10 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201, 300, 301]);
    expect(w.zone.times('d.example')).toEqual([]);
    expect(w.client.stats.refused).toEqual({ 'link-too-deep': 1 });
    await stopped(w, watching);
  });

  test('are not followed with a depth of 0', async () => {
    const w = world({ maxLinkDepth: 0 });
    const url = lists(w, { a: 'b', b: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(MINUTE);
    expect(distinct(watching.fresh())).toEqual([100, 101]);
    await stopped(w, watching);
  });

  test('are followed up to maxTrees', async () => {
    const w = world({ maxTrees: 3 });
    const url = lists(w, { a: 'bcdefg', b: '', c: '', d: '', e: '', f: '', g: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(10 * MINUTE);
    expect(distinct(watching.fresh())).toHaveLength(6);
    expect(w.client.stats.refused).toEqual({ 'too-many-trees': 4 });
    await stopped(w, watching);
  });

  test('that fail are requested again with the next root, and keep their lists until then', async () => {
    const w = world({ cacheSize: 1, recheckInterval: MINUTE });
    const url = lists(w, { a: 'b', b: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(30_000);
    lists(w, { a: 'bc', b: '', c: '' }, 2n);
    const links = [...w.zone.names].filter(([, [[text = ''] = []]]) => /@[bc]\./.test(text));
    expect(links).toHaveLength(2);
    for (const [name] of links) w.zone.names.delete(name);
    await w.clock.advance(45_000);
    watching.fresh();
    await w.clock.advance(15_000);
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201]);
    for (const [name, answer] of links) w.zone.names.set(name, answer);
    await w.clock.advance(90_000);
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201, 300, 301]);
    await stopped(w, watching);
  });

  test('that shorten a path extend the depth', async () => {
    const w = world({ maxLinkDepth: 2 });
    const url = lists(w, { a: 'b', b: 'c', c: 'd', d: '' });
    const watching = watch(w, url('a'));
    await w.clock.advance(20 * MINUTE);
    lists(w, { a: 'bc' }, 2n);
    await w.clock.advance(60 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([100, 101, 200, 201, 300, 301, 400, 401]);
    await stopped(w, watching);
  });

  test('without records are a valid list', async () => {
    const w = world();
    const url = lists(w, { b: '' });
    const list = publish(w.zone, 'list.example', { links: [url('b')] });
    const watching = watch(w, list.url);
    await w.clock.advance(MINUTE);
    expect(distinct(watching.fresh())).toEqual([200, 201]);
    await stopped(w, watching);
  });
});

describe('D4-23 an abort', () => {
  test.each([
    ['before the start', 0, () => undefined],
    ['while it waits for the resolver', 0, () => new Promise<never>(() => undefined)],
    ['while it waits for the rate limit', 100, () => undefined],
  ])('%s rejects with the reason at once', async (_, ms, intercept) => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(5) });
    w.zone.intercept = intercept;
    const watching = watch(w, url);
    await w.clock.advance(ms);
    await stopped(w, watching);
  });

  test('while it waits for the retry of a root', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN);
    const watching = watch(w, url);
    await w.clock.advance(MINUTE);
    await stopped(w, watching);
  });

  test('aborts the signal of the resolver', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN);
    let told: unknown;
    const client = createDnsClient({
      clock: w.clock,
      resolveTxt: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            told = signal.reason;
            reject(signal.reason);
          });
        }),
    });
    const watching = watch({ ...w, client }, url);
    await w.clock.advance(100);
    await stopped(w, watching);
    expect(told).toBe('enough');
  });

  test('in advance sends no request', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN);
    const signal = AbortSignal.abort('never mind');
    await expect(w.client.randomNodes(url, { signal }).next()).rejects.toBe('never mind');
    expect(w.zone.asked).toEqual([]);
  });
});

describe('D4-23 wrong arguments', () => {
  test('an invalid URL is refused at once, also in an array', () => {
    const { client, zone } = world();
    const { url } = publish(zone, DOMAIN);
    expect(() => client.randomNodes('nodes.example.org')).toThrow(DnsdiscError);
    expect(() => client.randomNodes([url, 'enrtree://x'])).toThrow('"enrtree://x"');
  });

  test.each([
    [{ requestsPerSecond: 0 }],
    [{ requestsPerSecond: 0.5 }],
    [{ timeout: 0 }],
    [{ recheckInterval: Number.NaN }],
    [{ retryDelay: -1 }],
    [{ cacheSize: 0 }],
    [{ maxTrees: 0 }],
    [{ maxEntries: Number.POSITIVE_INFINITY }],
    [{ maxLinkDepth: -1 }],
  ])('the setting %j makes no sense', (options) => {
    const [[name = ''] = []] = Object.entries(options);
    const refusal = { code: 'invalid-option', message: expect.stringContaining(`${name} is `) };
    expect(() => createDnsClient(options)).toThrow(expect.objectContaining(refusal));
  });

  test('stats are a copy', () => {
    const { client } = world();
    const { stats } = client;
    Object.assign(stats.refused, { malformed: 1 });
    expect(client.stats).toEqual({ requests: 0, cacheHits: 0, refused: {} });
  });
});

test('D4-23 the same random bytes give the same order', async () => {
  const order = async (seed: number): Promise<number[]> => {
    const w = world({ random: createSeededRandom(seed).bytes, requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(20) });
    const watching = watch(w, url);
    await w.clock.advance(2_000);
    await stopped(w, watching);
    return watching.fresh();
  };
  expect(await order(5)).toEqual(await order(5));
  expect(await order(5)).not.toEqual(await order(6));
});
