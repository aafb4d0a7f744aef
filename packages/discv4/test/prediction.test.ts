import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { parseIp } from '@devp2p/ip';
import { afterEach, describe, expect, test } from 'vitest';
import type { Discv4, Discv4Event } from '../src/index.ts';
import type { RawPeer } from './raw.ts';
import { enodeOf, quiet, World } from './world.ts';

let world = new World();
afterEach(async () => {
  await world.close();
  world = new World();
});

/** Makes each peer report an endpoint to the node, in a Pong. */
async function report(node: Discv4, peers: readonly RawPeer[], host: string, port = 30303): Promise<void> {
  for (const peer of peers) {
    peer.received.length = 0;
    node.ping(enodeOf(peer)).catch(() => undefined);
    await world.clock.advance(50);
    const [ping] = peer.got('ping');
    const to = [parseIp(host) ?? '', port, 0];
    if (ping) peer.send(node.localAddress, 2, [to, ping.hash, peer.expiration()]);
    await world.clock.advance(50);
  }
}

const peers = (count: number): RawPeer[] => Array.from({ length: count }, () => world.peer());

describe('D4-18 the endpoint in the record follows the reports of other nodes', () => {
  test('if ten agree, but not if nine do', async () => {
    const node = await world.node({ ...quiet, host: '192.168.0.5' });
    const { seq } = node.localEnr;
    const reporters = peers(11);
    await report(node, reporters.slice(0, 9), '77.7.7.7', 40000);
    expect(node.localEnr.ip).toBe('192.168.0.5');
    await report(node, reporters.slice(9), '77.7.7.7', 40000);
    expect(node.localEnr).toMatchObject({ ip: '77.7.7.7', udp: 40000, tcp: 30303, seq: seq + 1n });
    // A different endpoint needs more reports.
    await report(node, reporters.slice(0, 3), '88.8.8.8');
    expect(node.localEnr.ip).toBe('77.7.7.7');
    await report(node, reporters, '88.8.8.8');
    expect(node.localEnr.ip).toBe('88.8.8.8');
  });

  test('within five minutes of each other', async () => {
    const node = await world.node(quiet);
    const { ip } = node.localEnr;
    const reporters = peers(10);
    await report(node, reporters.slice(0, 5), '77.7.7.7');
    await world.clock.advance(300_000);
    await report(node, reporters.slice(5), '77.7.7.7');
    expect(node.localEnr.ip).toBe(ip);
  });

  test('with one vote per IPv4 address and IPv6 /64', async () => {
    const node = await world.node(quiet);
    const { ip } = node.localEnr;
    const host = world.nextHost();
    const sybils = Array.from({ length: 20 }, (_, i) => world.peer({ host, port: 2000 + i }));
    await report(node, sybils, '77.7.7.7');
    expect(node.localEnr.ip).toBe(ip);
    const node6 = await world.node({ ...quiet, host: '2600:9::1' });
    const hosts = Array.from({ length: 20 }, (_, i) => `2600:1::${i + 1}`);
    await report(
      node6,
      hosts.map((one) => world.peer({ host: one })),
      '2600:7::7',
    );
    expect(node6.localEnr.ip6).toBe('2600:9::1');
  });

  test('separately for IPv4 and IPv6', async () => {
    const node = await world.node({ ...quiet, host: '::' });
    expect([node.localEnr.ip, node.localEnr.ip6]).toEqual([undefined, undefined]);
    await report(node, peers(10), '77.7.7.7');
    expect(node.localEnr).toMatchObject({ ip: '77.7.7.7', udp: 30303 });
    const hosts = Array.from({ length: 10 }, (_, i) => `2600:${i + 1}::1`);
    await report(
      node,
      hosts.map((host) => world.peer({ host })),
      '2600:7::7',
      40000,
    );
    expect(node.localEnr).toMatchObject({
      ip: '77.7.7.7',
      udp: 30303,
      ip6: '2600:7::7',
      udp6: 40000,
    });
  });

  test.each(['0.0.0.0', '127.0.0.1', '10.0.0.1', '224.1.1.1', '203.0.113.1', '2600::1'])(
    'but not to %s, which a global node cannot see',
    async (host) => {
      const node = await world.node(quiet);
      const { seq } = node.localEnr;
      await report(node, peers(12), host);
      await report(node, peers(12), '77.7.7.7', 0);
      expect(node.localEnr.seq).toBe(seq);
    },
  );

  test('but does not replace a configured address', async () => {
    const node = await world.node({ ...quiet, externalIp: '99.9.9.9', externalIp6: '2600:9::9' });
    const { seq } = node.localEnr;
    await report(node, peers(20), '77.7.7.7', 1);
    expect(node.localEnr).toMatchObject({ ip: '99.9.9.9', ip6: '2600:9::9', udp: 30303, seq });
  });

  test('unless the endpoint of a gateway is set', async () => {
    const node = await world.node({ ...quiet, host: '192.168.0.5' });
    await node.setExternalEndpoint({ ip: '99.9.9.9', tcp: 40001, udp: 40002 });
    const { seq } = node.localEnr;
    await report(node, peers(20), '77.7.7.7', 40003);
    expect(node.localEnr).toMatchObject({ ip: '99.9.9.9', tcp: 40001, udp: 40002, seq });
    await node.setExternalEndpoint(undefined);
    expect(node.localEnr).toMatchObject({ ip: '77.7.7.7', tcp: 30303, udp: 40003 });
    await report(node, peers(21), '88.8.8.8', 40004);
    expect(node.localEnr).toMatchObject({ ip: '88.8.8.8', tcp: 30303, udp: 40004 });
  });

  test('an unset endpoint of a gateway restores the initial one', async () => {
    for (const externalIp of [undefined, '99.9.9.9']) {
      const node = await world.node({ ...quiet, host: '192.168.0.5', externalIp });
      const { ip } = node.localEnr;
      await node.setExternalEndpoint({ ip: '77.7.7.7', tcp: 1, udp: 2 });
      expect(node.localEnr).toMatchObject({ ip: '77.7.7.7', tcp: 1, udp: 2 });
      await node.setExternalEndpoint(undefined);
      expect(node.localEnr).toMatchObject({ ip, tcp: 30303, udp: 30303 });
    }
  });

  test.each(['', 'here', '2600::1'])('%j is refused as the address of a gateway', async (ip) => {
    const node = await world.node(quiet);
    const { localEnr } = node;
    const set = node.setExternalEndpoint({ ip, tcp: 1, udp: 2 });
    await expect(set).rejects.toMatchObject({ code: 'no-endpoint' });
    expect(node.localEnr).toBe(localEnr);
  });
});

describe('D4-19 clock drift', () => {
  const events: Discv4Event[] = [];
  const onEvent = (event: unknown): void => {
    events.push(event as Discv4Event);
  };
  const drifts = (): unknown[] => events.filter(({ type }) => type === 'clock-drift' || type === 'clock-check-failed');

  async function timeouts(node: Discv4, count: number): Promise<void> {
    const silent = world.peer();
    for (let i = 0; i < count; i++) {
      const ping = node.ping(enodeOf(silent)).catch(() => undefined);
      await world.clock.advance(500);
      await ping;
    }
  }

  async function startWithSntp(sntp: () => Promise<number>): Promise<[Discv4, () => number]> {
    let checks = 0;
    events.length = 0;
    subscribe('devp2p:discv4', onEvent);
    const node = await world.node({
      ...quiet,
      sntp: () => {
        checks++;
        return sntp();
      },
    });
    return [node, () => checks];
  }
  afterEach(() => {
    unsubscribe('devp2p:discv4', onEvent);
  });

  test('is measured after more than 32 timeouts in a row', async () => {
    const [node, checks] = await startWithSntp(async () => 10_001);
    await timeouts(node, 32);
    expect(checks()).toBe(0);
    const peer = world.peer();
    await report(node, [peer], '1.1.1.1');
    await timeouts(node, 32);
    expect(checks()).toBe(0);
    await timeouts(node, 1);
    expect(checks()).toBe(1);
    expect(drifts()).toMatchObject([{ type: 'clock-drift', milliseconds: 10_001 }]);
  });

  test('is not measured again for ten minutes', async () => {
    const [node, checks] = await startWithSntp(async () => -20_000);
    await timeouts(node, 99);
    expect(checks()).toBe(1);
    await world.clock.advance(600_000);
    await timeouts(node, 33);
    expect(checks()).toBe(2);
  });

  test('of up to 10 s is not reported', async () => {
    const [node, checks] = await startWithSntp(async () => -10_000);
    await timeouts(node, 33);
    expect([checks(), drifts()]).toEqual([1, []]);
  });

  test('a failure of the time server is reported', async () => {
    const error = new Error('no route');
    const [node] = await startWithSntp(() => Promise.reject(error));
    await timeouts(node, 33);
    expect(drifts()).toMatchObject([{ type: 'clock-check-failed', error }]);
  });
});
