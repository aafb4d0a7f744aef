import { createSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { createUdpEndpoint, type DiscoverEvent } from '@devp2p/discover';
import { bindUdp } from '@devp2p/discover/udp';
import { afterEach, describe, expect, test } from 'vitest';
import type { Discv4, Discv4Event } from '../src/index.ts';
import { type ListenOptions, listen, sntpDrift } from '../src/udp.ts';
import { enodeOf } from './world.ts';

const open: Discv4[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

async function node(options: Partial<ListenOptions> = {}): Promise<Discv4> {
  const privateKey = generatePrivateKey();
  const sntp = async () => 0;
  const discovery = await listen({
    privateKey,
    crypto,
    sntp,
    host: '127.0.0.1',
    port: 0,
    ...options,
  });
  open.push(discovery);
  return discovery;
}

/** Resolves when the condition is true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const hasIpv6 = await bindUdp({ host: '::1', port: 0 }).then(
  async (socket) => {
    await socket.close();
    return true;
  },
  () => false,
);

describe('D4-21 sockets', () => {
  test.each(['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])])('two nodes exchange packets on %s', async (host) => {
    const a = await node({ host });
    const b = await node({ host, bootnodes: [enodeOf(a)] });
    await until(() => a.nodes().length > 0);
    expect(a.nodes()[0]).toMatchObject({ host, udp: b.localAddress.port });
    const { seq } = await b.requestEnr(enodeOf(a));
    expect(seq).toBe(a.localEnr.seq);
    expect(a.localEnr[host === '::1' ? 'ip6' : 'ip']).toBe(host);
  });

  test('both families by default, if the system has both', async () => {
    const both = await node({ host: undefined });
    const { port } = both.localAddress;
    const v4 = await node();
    const ask = (from: Discv4, host: string) => from.ping({ id: both.id, host, udp: port });
    const { to } = await ask(v4, '127.0.0.1');
    expect(to.ip).toEqual(Uint8Array.of(127, 0, 0, 1));
    // In the other direction, from a socket that may be an IPv6 one.
    await expect(both.ping(enodeOf(v4))).resolves.toBeDefined();
    if (!hasIpv6) return;
    const v6 = await node({ host: '::1' });
    await expect(ask(v6, '::1')).resolves.toBeDefined();
  });

  test('one socket for two protocols', async () => {
    const endpoint = createUdpEndpoint(await bindUdp({ host: '127.0.0.1', port: 0 }));
    const got: string[] = [];
    const shared = await node({ socket: endpoint });
    endpoint.addReader((bytes, from) => {
      if (bytes.length !== 5) return false;
      got.push(new TextDecoder().decode(bytes));
      endpoint.send(new TextEncoder().encode('world'), from);
      return true;
    });
    const other = createSocket('udp4');
    const exchange = async () => {
      other.send('hello', shared.localAddress.port, '127.0.0.1');
      return String((await once(other, 'message'))[0]);
    };
    expect([await exchange(), got]).toEqual(['world', ['hello']]);
    const peer = await node();
    await expect(peer.ping(enodeOf(shared))).resolves.toBeDefined();
    await shared.close();
    await shared.close();
    // The endpoint stays open for the other protocol.
    expect([await exchange(), got]).toEqual(['world', ['hello', 'hello']]);
    await endpoint.close();
    other.close();
    endpoint.send(new Uint8Array(1), { host: '127.0.0.1', port: 1 });
  });
});

test('a datagram that the system rejects is reported with the node and the socket', async () => {
  const localId = crypto.secp256k1.publicKey(generatePrivateKey());
  const socket = await bindUdp({ host: '127.0.0.1', port: 0, localId });
  const events: DiscoverEvent[] = [];
  const { localAddress } = socket;
  await new Promise<void>((resolve) => {
    const onEvent = (message: unknown): void => {
      events.push(message as DiscoverEvent);
      unsubscribe('devp2p:discover', onEvent);
      resolve();
    };
    subscribe('devp2p:discover', onEvent);
    socket.send(new Uint8Array(70_000), localAddress);
  });
  await socket.close();
  expect(events).toEqual([{ type: 'send-failed', localId, localAddress, error: expect.any(Error) }]);
});

test('HX-21 a port in use is an error with the cause', async () => {
  const first = await node();
  const { port } = first.localAddress;
  await expect(node({ port })).rejects.toMatchObject({
    code: 'listen-failed',
    cause: { code: 'EADDRINUSE' },
  });
  await expect(node({ bootnodes: ['enode://nonsense'] })).rejects.toThrow('enode URL');
  await expect(node({ host: '203.0.113.1' })).rejects.toMatchObject({ code: 'listen-failed' });
});

test('host names of boot nodes are resolved, and resolved again after a failure', async () => {
  const boot = await node();
  const { port } = boot.localAddress;
  const events: Discv4Event[] = [];
  const onEvent = (event: unknown): void => {
    events.push(event as Discv4Event);
  };
  subscribe('devp2p:discv4', onEvent);
  const url = enodeUrl(boot.id, 'boot.example', port);
  const resolved = await node({ bootnodes: [url], resolveHost: async () => '127.0.0.1' });
  await until(() => resolved.nodes().length > 0);
  await node({ bootnodes: [url], resolveHost: () => Promise.reject(new Error('SERVFAIL')) });
  await until(() => events.some(({ type }) => type === 'bootnode-unresolved'));
  unsubscribe('devp2p:discv4', onEvent);
  expect(events.find(({ type }) => type === 'bootnode-unresolved')).toMatchObject({
    host: 'boot.example',
    error: { message: 'SERVFAIL' },
  });
});

function enodeUrl(id: Uint8Array, host: string, port: number): string {
  return `enode://${Buffer.from(id).toString('hex')}@${host}:${port}`;
}

describe('D4-19 SNTP', () => {
  /** Starts a time server on loopback. */
  async function server(answer: () => Uint8Array | undefined): Promise<{ port: number; close(): void }> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (request, { port, address }) => {
      const reply = request.length === 48 && request[0] === 0x1b ? answer() : undefined;
      if (reply) socket.send(reply, port, address);
    });
    return { port: socket.address().port, close: () => socket.close() };
  }

  function reply(ms: number, stratum = 2): Uint8Array {
    const bytes = new Uint8Array(48);
    const view = new DataView(bytes.buffer);
    bytes[0] = (3 << 3) | 4;
    bytes[1] = stratum;
    const seconds = Math.floor(ms / 1000);
    view.setUint32(40, (seconds + 2_208_988_800) % 2 ** 32);
    view.setUint32(44, ((ms / 1000) % 1) * 2 ** 32);
    return bytes;
  }

  const { signal } = new AbortController();

  test.each([
    [0, Date.UTC(2026, 0, 1)],
    [60_000, Date.UTC(2026, 0, 1)],
    [-60_000, Date.UTC(2026, 0, 1)],
    // The timestamps of the protocol wrap in 2036.
    [0, Date.UTC(2040, 0, 1)],
  ])('a clock that is %d ms ahead at %d', async (ahead, now) => {
    const { port, close } = await server(() => reply(now - ahead));
    const drift = await sntpDrift({
      server: '127.0.0.1',
      port,
      clock: createVirtualClock({ now }),
    })({
      signal,
    });
    close();
    expect(Math.abs(drift - ahead)).toBeLessThan(1);
  });

  test('a server that refuses, or sends a short response or none', async () => {
    for (const answer of [reply(Date.now(), 0), new Uint8Array(10), undefined]) {
      const { port, close } = await server(() => answer);
      const drift = sntpDrift({ server: '127.0.0.1', port, timeout: 50 })({ signal });
      await expect(drift).rejects.toThrow();
      close();
    }
  });
});
