import dns from 'node:dns';
import { fromHex } from '@devp2p/bytes';
import { createSeededRandom } from '@devp2p/random/seeded';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createDnsClient,
  createDnsResolver,
  type DnsClient,
  type DnsClientOptions,
  formatTreeUrl,
  txtStrings,
} from '../src/index.ts';
import { type DnsServer, NXDOMAIN, type Reply, SERVFAIL, startDnsServer } from './dns-server.ts';
import vector from './vectors/dnsdisc.json' with { type: 'json' };
import { eventsDuring } from './watch.ts';
import { publish, records, Zone } from './zone.ts';

const DOMAIN = 'nodes.example.org';
const open: DnsServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(reply: (name: string, query: Uint8Array) => Reply): Promise<DnsServer> {
  const server = await startDnsServer(reply);
  open.push(server);
  return server;
}

/** Each text as the strings in a zone file. */
function answers(zone: Zone): (name: string) => Reply {
  return (name) => zone.names.get(name)?.map((strings) => strings.flatMap((text) => txtStrings(text))) ?? NXDOMAIN;
}

function clientOf({ address }: DnsServer, options: DnsClientOptions = {}): DnsClient {
  return createDnsClient({
    resolveTxt: createDnsResolver({ servers: [address] }),
    requestsPerSecond: 1000,
    random: createSeededRandom(1).bytes,
    ...options,
  });
}

async function take(client: DnsClient, url: string, count: number): Promise<Set<number>> {
  const ids = new Set<number>();
  for await (const { seq, tcp } of client.randomNodes(url)) {
    ids.add(tcp ?? Number(seq));
    if (ids.size === count) break;
  }
  return ids;
}

const signal = new AbortController().signal;

describe('D4-23 through a DNS server', () => {
  test('the published zone verifies', async () => {
    const zone = new Zone();
    for (const [label, text] of Object.entries(vector.zone)) {
      zone.put(label === '@' ? DOMAIN : `${label}.${DOMAIN}`, text);
    }
    const server = await serve(answers(zone));
    const url = formatTreeUrl({ publicKey: fromHex(vector.public_key), domain: DOMAIN });
    const client = clientOf(server);
    const found = new Set<string>();
    for await (const { id } of client.randomNodes(url)) {
      found.add(id.join());
      if (found.size === 3) break;
    }
    expect(client.stats.refused).toEqual({ 'no-root': 1 });
    const labels = Object.keys(vector.zone).map((label) =>
      label === '@' ? DOMAIN : `${label}.${DOMAIN}`.toLowerCase(),
    );
    expect([...new Set(server.asked)].sort()).toEqual([...labels, 'morenodes.example.org'].sort());
  });

  test('a tree with branches of several strings and other records beside it', async () => {
    const zone = new Zone();
    const { url } = publish(zone, DOMAIN, { nodes: records(40) });
    const server = await serve((name) => {
      const answer = answers(zone)(name);
      return Array.isArray(answer) ? [['v=spf1 ', '-all'], ...answer, ['']] : answer;
    });
    const client = clientOf(server);
    expect(await take(client, url, 40)).toEqual(new Set(records(40).map(({ tcp }) => tcp)));
    expect(client.stats.refused).toEqual({});
  });
});

describe('HX-20 a DNS server', () => {
  test.each([
    ['responds with SERVFAIL', () => SERVFAIL, 'ESERVFAIL'],
    ['sends two bytes', (query: Uint8Array) => query.slice(0, 2), 'EBADRESP|ETIMEOUT'],
    [
      'sends a truncated response',
      (query: Uint8Array) => {
        const bytes = new Uint8Array(14);
        bytes.set(query.subarray(0, 2));
        bytes.set([0x85, 0x80, 0, 1, 0, 9], 2);
        return bytes;
      },
      'EBADRESP',
    ],
    ['does not respond', () => undefined, 'ETIMEOUT'],
  ])(
    'that %s is reported and requested again until it responds',
    async (_, fail, code) => {
      const zone = new Zone();
      const { url } = publish(zone, DOMAIN, { nodes: records(3) });
      let isWorking = false;
      const server = await serve((name, query) => (isWorking ? answers(zone)(name) : fail(query)));
      const client = clientOf(server, {
        resolveTxt: createDnsResolver({ servers: [server.address], timeout: 20, tries: 1 }),
        retryDelay: 1,
      });
      const events = await eventsDuring(async () => {
        const nodes = client.randomNodes(url);
        const first = nodes.next();
        while (client.stats.refused['resolver-failed'] !== 3) {
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        isWorking = true;
        expect((await first).value?.tcp).toBeGreaterThan(0);
        await nodes.return();
      });
      expect(events.slice(0, 3).map(({ type }) => type)).toEqual(Array(3).fill('resolver-failed'));
      for (const event of events.slice(0, 3)) {
        expect(event).toMatchObject({
          name: DOMAIN,
          error: { cause: { code: expect.stringMatching(code) } },
        });
      }
    },
    15_000,
  );

  test('that responds with NXDOMAIN or no data has no records, which is no failure', async () => {
    const server = await serve((name) => (name === 'empty.example' ? [] : NXDOMAIN));
    const resolveTxt = createDnsResolver({ servers: [server.address] });
    expect(await resolveTxt('empty.example', { signal })).toEqual([]);
    expect(await resolveTxt('gone.example', { signal })).toEqual([]);
  });

  test('is not disturbed by the abort of another request', async () => {
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let names = 0;
    const server = await serve((name) => {
      if (++names === 2) answer();
      return name === 'slow.example' ? undefined : [['hello']];
    });
    const resolveTxt = createDnsResolver({ servers: [server.address] });
    const controller = new AbortController();
    const slow = resolveTxt('slow.example', { signal: controller.signal });
    const quick = resolveTxt('quick.example', { signal });
    await asked;
    controller.abort();
    await expect(slow).rejects.toMatchObject({ code: 'ECANCELLED' });
    expect(await quick).toEqual([['hello']]);
  });

  test('gets no request after an abort', async () => {
    const server = await serve(() => []);
    const resolveTxt = createDnsResolver({ servers: [server.address] });
    const aborted = AbortSignal.abort('never mind');
    await expect(resolveTxt('a.example', { signal: aborted })).rejects.toBe('never mind');
    expect(server.asked).toEqual([]);
  });

  test('in the options does not change the default resolver of the process', async () => {
    const before = [dns.getServers(), dns.promises.getServers(), dns.getDefaultResultOrder()];
    const functions = [dns.resolveTxt, dns.promises.resolveTxt, dns.Resolver, dns.promises.Resolver];
    const zone = new Zone();
    const { url } = publish(zone, DOMAIN, { nodes: records(2) });
    await take(clientOf(await serve(answers(zone))), url, 2);
    expect([dns.getServers(), dns.promises.getServers(), dns.getDefaultResultOrder()]).toEqual(before);
    expect([dns.resolveTxt, dns.promises.resolveTxt, dns.Resolver, dns.promises.Resolver]).toEqual(functions);
  });

  test('with an invalid address is refused before a request', () => {
    expect(() => createDnsResolver({ servers: ['nodes.example.org'] })).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: 'invalid servers: Invalid IP address: nodes.example.org',
      }),
    );
    expect(() => createDnsResolver({ tries: 0 })).toThrow('tries is 0, expected an integer of at least 1');
    expect(() => createDnsClient()).not.toThrow();
  });
});
