import { nobleCrypto } from '@devp2p/crypto';
import { formatEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import {
  createDnsClient,
  type DnsClientOptions,
  type DnsdiscErrorCode,
  formatTreeUrl,
  type ResolveTxt,
} from '../src/index.ts';
import { entryHash, formatRoot, parseRoot, signRoot } from '../src/tree/entry.ts';
import { distinct, eventsDuring, type World, watch, world } from './watch.ts';
import { type Answer, key, publish, records, SIGNER, type Zone } from './zone.ts';

const MINUTE = 60_000;
const DOMAIN = 'nodes.example.org';
const STRANGER = key(6000);

/** Signed tree of any entries, valid or not. */
function publishRaw(
  zone: Zone,
  { enr, link = 'enrtree-branch:', others = [] }: { enr: string; link?: string; others?: string[] },
): string {
  for (const text of [enr, link, ...others]) zone.put(`${entryHash(text)}.${DOMAIN}`, text);
  const content = { enrRoot: entryHash(enr), linkRoot: entryHash(link), seq: 1n };
  zone.put(DOMAIN, formatRoot(signRoot(content, SIGNER)));
  return formatTreeUrl({ publicKey: nobleCrypto.secp256k1.publicKey(SIGNER), domain: DOMAIN });
}

const [foreign = expect.fail()] = records(1, 901);
const foreignText = formatEnr(foreign);
const foreignLink = publish(world().zone, 'evil.example', { privateKey: STRANGER }).url;

/** Names below the domain whose text has a prefix. */
function namesOf(zone: Zone, prefix: string): string[] {
  return [...zone.names.keys()].filter((name) => zone.text(name).startsWith(prefix));
}

describe('HX-20 a resolver with forged responses', () => {
  const forgeries: [string, (zone: Zone) => void, DnsdiscErrorCode][] = [
    [
      'a root with the signature of another key',
      (zone) => void publish(zone, DOMAIN, { nodes: [foreign], seq: 9n, privateKey: STRANGER }),
      'invalid-signature',
    ],
    [
      'the signed root with another tree below it',
      (zone) => {
        const root = parseRoot(zone.text(DOMAIN));
        zone.put(`${entryHash(foreignText)}.${DOMAIN}`, foreignText);
        zone.put(DOMAIN, formatRoot({ ...root, enrRoot: entryHash(foreignText) }));
      },
      'invalid-signature',
    ],
    [
      'the signed root with a higher sequence number',
      (zone) => zone.put(DOMAIN, formatRoot({ ...parseRoot(zone.text(DOMAIN)), seq: 2n })),
      'invalid-signature',
    ],
    ['no root', (zone) => zone.put(DOMAIN, 'v=spf1 -all'), 'no-root'],
    ['a truncated root', (zone) => zone.put(DOMAIN, zone.text(DOMAIN).slice(0, 60)), 'malformed'],
    ['a root of unlimited length', (zone) => zone.put(DOMAIN, `${zone.text(DOMAIN).repeat(1000)}`), 'too-large'],
    [
      'a valid record of a node that is not in the tree',
      (zone) => {
        for (const name of namesOf(zone, 'enr:')) zone.put(name, foreignText);
      },
      'hash-mismatch',
    ],
    [
      'a forged branch with forged records',
      (zone) => {
        zone.put(`${entryHash(foreignText)}.${DOMAIN}`, foreignText);
        for (const name of namesOf(zone, 'enrtree-branch:')) {
          zone.put(name, `enrtree-branch:${entryHash(foreignText)}`);
        }
      },
      'hash-mismatch',
    ],
    [
      'a link to another list',
      (zone) => {
        for (const name of namesOf(zone, 'enrtree://')) zone.put(name, foreignLink);
        publish(zone, 'evil.example', { nodes: [foreign], privateKey: STRANGER });
      },
      'hash-mismatch',
    ],
    [
      'the entries of the tree at exchanged names',
      (zone) => {
        const names = namesOf(zone, 'enr:');
        const texts = names.map((name) => zone.text(name));
        for (const [i, name] of names.entries()) zone.put(name, texts[(i + 1) % 3] ?? '');
      },
      'hash-mismatch',
    ],
    [
      'records with a changed character',
      (zone) => {
        for (const name of namesOf(zone, 'enr:')) {
          zone.put(name, zone.text(name).replace(/.$/, 'A').replace('-', '_'));
        }
      },
      'hash-mismatch',
    ],
    [
      'records with additional text',
      (zone) => {
        for (const name of namesOf(zone, 'enr:')) zone.put(name, zone.text(name).padEnd(513, 'A'));
      },
      'too-large',
    ],
    [
      'no entries below the root',
      (zone) => {
        for (const name of [...zone.names.keys()]) if (name !== DOMAIN) zone.names.delete(name);
      },
      'no-entry',
    ],
    [
      'other TXT records instead of entries',
      (zone) => {
        for (const name of zone.names.keys()) if (name !== DOMAIN) zone.put(name, 'v=spf1 -all');
      },
      'no-entry',
    ],
  ];

  test.each(forgeries)('with %s is refused and counted', async (_, lie, code) => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, {
      nodes: records(3),
      links: [publish(w.zone, 'other.example', { nodes: records(2, 101) }).url],
    });
    lie(w.zone);
    const watching = watch(w, url);
    const events = await eventsDuring(() => w.clock.advance(5 * MINUTE));
    for (const port of distinct(watching.fresh())) expect([1, 2, 3, 101, 102]).toContain(port);
    expect(w.client.stats.refused[code]).toBeGreaterThan(0);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'refused', error: expect.objectContaining({ code }) }),
    );
    for (const event of events) {
      if ('error' in event) expect(event.error.message.length).toBeLessThan(300);
    }
    watching.stop();
    await watching.end;
    expect(w.clock.pending).toBe(0);
  });

  test.each(forgeries)('with %s does not change a list that was read before', async (_, lie) => {
    const w = world({ recheckInterval: 5 * MINUTE });
    const { url } = publish(w.zone, DOMAIN, {
      nodes: records(3),
      links: [publish(w.zone, 'other.example', { nodes: records(2, 101) }).url],
    });
    const watching = watch(w, url);
    await w.clock.advance(MINUTE);
    lie(w.zone);
    await w.clock.advance(5 * MINUTE);
    watching.fresh();
    await w.clock.advance(MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3, 101, 102]);
    watching.stop();
    await watching.end;
  });

  test('does not cause faster requests: the delay of retries grows, and the root is looked up again', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(40) });
    for (const name of namesOf(w.zone, 'enr:')) w.zone.put(name, foreignText);
    const watching = watch(w, url);
    const events = await eventsDuring(() => w.clock.advance(60 * MINUTE));
    const waits = events.flatMap((event) => (event.type === 'refused' ? [(event.retryIn ?? 0) / 1000] : []));
    expect(waits.slice(0, 12)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    expect(w.zone.times(DOMAIN).length).toBeGreaterThan(3);
    expect(w.zone.asked.length).toBeLessThan(60);
    watching.stop();
    await watching.end;
  });

  test('in one list does not affect the others', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(5) });
    for (const name of namesOf(w.zone, 'enr:')) w.zone.put(name, foreignText);
    const other = publish(w.zone, 'other.example', { nodes: records(5, 101) });
    const watching = watch(w, [url, other.url]);
    await w.clock.advance(MINUTE);
    expect(watching.nodes.length).toBeGreaterThan(120);
    expect(distinct(watching.fresh())).toEqual([101, 102, 103, 104, 105]);
    watching.stop();
    await watching.end;
  });
});

describe('HX-20 a signed list with invalid entries', () => {
  const [node = expect.fail()] = records(1);
  const good = formatEnr(node);
  const list = (...texts: string[]): string => `enrtree-branch:${texts.map((t) => entryHash(t))}`;

  test.each<[string, string, string, DnsdiscErrorCode]>([
    ['a link among the records', foreignLink, 'enrtree-branch:', 'misplaced-entry'],
    ['a record among the links', foreignText, foreignText, 'misplaced-entry'],
    ['a record with a wrong signature', `${foreignText.slice(0, -4)}AAAA`, 'enrtree-branch:', 'invalid-record'],
    ['an invalid record', 'enr:AAAA', 'enrtree-branch:', 'invalid-record'],
    ['a branch with an invalid child', 'enrtree-branch:AAAA', 'enrtree-branch:', 'invalid-hash'],
    ['a link without a key', good, 'enrtree://evil.example', 'invalid-domain'],
    ['a link to an invalid name', good, `${foreignLink}/x`, 'invalid-domain'],
    ['an entry of an unknown type', 'enrtree-tree:x', 'enrtree-branch:', 'no-entry'],
    ['a branch of 20 children', `enrtree-branch:${Array(20).fill(entryHash(good))}`, 'enrtree-branch:', 'too-large'],
  ])('%s: that entry is refused, the rest is not', async (_, enr, link, code) => {
    const w = world();
    const url = publishRaw(w.zone, {
      enr: list(good, enr),
      link: list(link),
      others: [good, enr, link],
    });
    const watching = watch(w, url);
    await w.clock.advance(MINUTE);
    const expected = enr === foreignText ? [1, 901] : [1];
    expect(distinct(watching.fresh())).toEqual(expected);
    expect(Object.keys(w.client.stats.refused)).toEqual([code]);
    expect(w.zone.times('evil.example')).toEqual([]);
    watching.stop();
    await watching.end;
  });

  test('branches that share children do not multiply', async () => {
    const w = world({ requestsPerSecond: 100 });
    const others = [good];
    // There are 2^40 paths to the record.
    let pair = [list(good), list(good, good)];
    for (let level = 0; level < 40; level++) {
      others.push(...pair);
      pair = [list(...pair), list(...pair.reverse())];
    }
    const watching = watch(w, publishRaw(w.zone, { enr: list(...pair), others: [...others, ...pair] }));
    await w.clock.advance(10_000);
    expect(distinct(watching.fresh())).toEqual([1]);
    expect(w.zone.asked.length).toBeLessThanOrEqual(2 + 2 * 41 + 2);
    watching.stop();
    await watching.end;
  });

  test('a branch that contains itself is visited once', async () => {
    // Needs a hash function with one value.
    const crypto = { ...nobleCrypto, keccak256: () => new Uint8Array(32).fill(1) };
    const w = world({ crypto });
    const hash = entryHash('', { crypto });
    w.zone.put(`${hash}.${DOMAIN}`, `enrtree-branch:${hash}`);
    const content = { enrRoot: hash, linkRoot: hash, seq: 1n };
    w.zone.put(DOMAIN, formatRoot(signRoot(content, SIGNER, { crypto })));
    const publicKey = crypto.secp256k1.publicKey(SIGNER);
    const watching = watch(w, formatTreeUrl({ publicKey, domain: DOMAIN }));
    await w.clock.advance(20 * MINUTE);
    expect(w.zone.asked).toHaveLength(2);
    watching.stop();
    await watching.end;
  });

  test('an endless tree is read up to maxEntries', async () => {
    const w = world({ maxEntries: 20, requestsPerSecond: 100 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(100) });
    const watching = watch(w, url);
    await w.clock.advance(2_000);
    const pass = distinct(watching.fresh());
    expect(pass.length).toBeGreaterThan(0);
    expect(w.client.stats.refused['tree-too-large']).toBeGreaterThan(0);
    watching.stop();
    await watching.end;
  });

  test('an endless chain of lists is read up to maxTrees', async () => {
    const w = world({ requestsPerSecond: 100 });
    const { url } = publish(w.zone, '0.example', { nodes: records(1) });
    const name = (number: number): string => `${number}.example`;
    const urlOf = (number: number): string => url.replace('0.example', name(number));
    // Each list links to ten new lists.
    w.zone.intercept = (asked) => {
      const number = Number(/(\d+)\.example$/.exec(asked)?.[1]);
      if (asked !== name(number)) return undefined;
      const links = Array.from({ length: 10 }, (_, i) => urlOf(10 * number + i + 1));
      const { tree } = publish(w.zone, name(number), { nodes: records(1), links });
      return [[tree.root]];
    };
    const watching = watch(w, url);
    await w.clock.advance(30_000);
    const asked = new Set(w.zone.asked.map((query) => /\d+\.example$/.exec(query.name)?.[0]));
    expect(asked.size).toBe(32);
    expect(w.client.stats.refused['too-many-trees']).toBeGreaterThan(0);
    watching.stop();
    await watching.end;
  });
});

describe('HX-20 a resolver that fails', () => {
  function failing(resolveTxt: ResolveTxt, options: DnsClientOptions = {}): World & { url: string } {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const client = createDnsClient({ clock: w.clock, resolveTxt, ...options });
    return { ...w, client, url };
  }

  const never = (): Promise<never> => new Promise(() => undefined);
  const wrong = (answer: unknown): ResolveTxt => {
    return async () => answer as Answer;
  };
  test.each<[string, ResolveTxt, DnsdiscErrorCode]>([
    ['rejects', () => Promise.reject(new Error('ESERVFAIL')), 'resolver-failed'],
    ['rejects with a string', () => Promise.reject('x'), 'resolver-failed'],
    ['rejects with undefined', () => Promise.reject(), 'resolver-failed'],
    [
      'throws',
      () => {
        throw new Error('at once');
      },
      'resolver-failed',
    ],
    ['does not respond', never, 'resolver-failed'],
    ['returns undefined', wrong(undefined), 'resolver-failed'],
    ['returns null in an array', wrong([null]), 'resolver-failed'],
    ['returns text', wrong('enrtree-root:v1'), 'resolver-failed'],
    ['returns numbers', wrong([[1, 2]]), 'no-root'],
    ['returns an empty array', wrong([]), 'no-root'],
    [
      'returns a record of unlimited length',
      wrong([['enrtree-root:v1', ...Array<string>(10_000).fill('x'.repeat(255))]]),
      'too-large',
    ],
    ['returns 10,000 records', wrong(Array(10_000).fill(['enrtree-root:v1 x'])), 'malformed'],
  ])('and %s is asked again, and nothing is thrown', async (_, resolveTxt, code) => {
    const w = failing(resolveTxt);
    const watching = watch(w, w.url);
    const events = await eventsDuring(() => w.clock.advance(10 * MINUTE));
    expect(w.client.stats.requests).toBeGreaterThan(5);
    expect(w.client.stats.refused).toEqual({ [code]: w.client.stats.requests });
    expect(events).toHaveLength(w.client.stats.requests);
    expect(events[0]).toMatchObject({
      type: code === 'resolver-failed' ? 'resolver-failed' : 'refused',
      name: DOMAIN,
      retryIn: 1000,
      error: { code },
    });
    watching.stop('enough');
    expect(await watching.end).toBe('enough');
    expect(w.clock.pending).toBe(0);
  });

  test('is requested after 1, 2, 4 … seconds, and finally every 5 minutes', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    w.zone.intercept = () => Promise.reject(new Error('down'));
    const watching = watch(w, url);
    await w.clock.advance(30 * MINUTE);
    const seconds = w.zone.times(DOMAIN).map((at) => at / 1000);
    expect(seconds).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111, 1411, 1711]);

    w.zone.intercept = undefined;
    await w.clock.advance(5 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3]);
    expect(w.client.stats.refused).toEqual({ 'resolver-failed': 14 });
    watching.stop();
    await watching.end;
  });

  test('to respond in time is aborted, and a late response is ignored', async () => {
    const w = world({ timeout: 2_000 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const late: (() => void)[] = [];
    w.zone.intercept = (_, answer) =>
      new Promise((resolve, reject) => {
        late.push(late.length % 2 === 0 ? () => reject(new Error('late')) : () => resolve(answer));
      });
    const watching = watch(w, url);
    const events = await eventsDuring(() => w.clock.advance(MINUTE));
    expect(late.length).toBeGreaterThan(3);
    for (const answer of late) answer();
    await w.clock.advance(0);
    expect(watching.nodes).toEqual([]);
    expect(events[0]).toMatchObject({ error: { cause: { name: 'TimeoutError' } } });
    watching.stop();
    await watching.end;
  });

  test('occasionally loses no node', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(30) });
    let count = 0;
    w.zone.intercept = () => (count++ % 3 === 1 ? Promise.reject(new Error('busy')) : undefined);
    const watching = watch(w, url);
    await w.clock.advance(10 * MINUTE);
    expect(distinct(watching.fresh())).toHaveLength(30);
    watching.stop();
    await watching.end;
  });

  test('while the root is rechecked keeps the known tree', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    const watching = watch(w, url);
    await w.clock.advance(MINUTE);
    w.zone.intercept = () => Promise.reject(new Error('down'));
    await w.clock.advance(60 * MINUTE);
    watching.fresh();
    await w.clock.advance(MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3]);
    watching.stop();
    await watching.end;
  });

  test('again starts with the shortest delay after a response', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    w.zone.intercept = () => Promise.reject(new Error('down'));
    const watching = watch(w, url);
    await w.clock.advance(10 * MINUTE);
    w.zone.intercept = undefined;
    await w.clock.advance(10 * MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3]);
    w.zone.intercept = () => Promise.reject(new Error('down again'));
    const events = await eventsDuring(() => w.clock.advance(40 * MINUTE));
    expect(events[0]).toMatchObject({ type: 'resolver-failed', name: DOMAIN, retryIn: 1000 });
    watching.stop();
    await watching.end;
  });

  test('is requested with growing delays, regardless of the cache', async () => {
    const w = world({ cacheSize: 20 });
    const { url } = publish(w.zone, DOMAIN, { nodes: records(40) });
    const watching = watch(w, url);
    await w.clock.advance(2 * MINUTE);
    w.zone.intercept = () => Promise.reject(new Error('down'));
    watching.fresh();
    const before = w.client.stats.requests;
    await w.clock.advance(10 * MINUTE);
    expect(watching.fresh().length).toBeGreaterThan(0);
    expect(w.client.stats.requests - before).toBeLessThan(30);
    watching.stop();
    await watching.end;
  });

  test('for entries below the root is requested again soon, not after half an hour', async () => {
    const w = world();
    const { url } = publish(w.zone, DOMAIN, { nodes: records(3) });
    w.zone.intercept = (name) => (name === DOMAIN ? undefined : []);
    const watching = watch(w, url);
    await w.clock.advance(10_000);
    expect(watching.nodes).toEqual([]);
    w.zone.intercept = undefined;
    await w.clock.advance(MINUTE);
    expect(distinct(watching.fresh())).toEqual([1, 2, 3]);
    watching.stop();
    await watching.end;
  });

  test('with other settings', async () => {
    const w = failing(never, {
      requestsPerSecond: 100,
      timeout: 100,
      retryDelay: 10,
      maxRetryDelay: 40,
    });
    const watching = watch(w, w.url);
    await w.clock.advance(1_000);
    // At 0, 110, 230, then every 140 ms: 370, 510, 650, 790, 930.
    expect(w.client.stats.requests).toBe(8);
    watching.stop();
    await watching.end;
  });
});
