import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { description, type FakeUpnp, fakeUpnp, foundAt, loopback } from './fake-gateway.ts';
import { type Mapped, mapped } from './mapped.ts';

const own = { tcp: 30303, udp: 30304 };
const minutes = 60_000;

function upnp(gateway: FakeUpnp): Mapped {
  return mapped(loopback({ upnp: gateway }), { method: 'upnp' });
}

/** Waits until the search is sent. */
async function search(node: Mapped): Promise<void> {
  await node.clock.advance(0);
}

describe('UPnP', () => {
  test.each([
    ['InternetGatewayDevice:1', 'WANIPConnection:1'],
    ['InternetGatewayDevice:2', 'WANIPConnection:2'],
    ['InternetGatewayDevice:1', 'WANPPPConnection:1'],
  ])(
    'ND-15 both ports are mapped for 10 min by an %s with %s, refreshed after 8 and deleted on close',
    async (device, service) => {
      await using gateway = await fakeUpnp();
      const { found } = gateway;
      gateway.found = (target) => (target.endsWith(device) ? found(target) : []);
      gateway.describe = (_, response) => response.end(description(service));
      await using node = upnp(gateway);
      await search(node);
      expect(await node.pause()).toBe(8 * minutes);
      expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
      const mapping = (port: number, protocol: string) => ({
        action: 'AddPortMapping',
        service,
        args: {
          NewRemoteHost: '',
          NewExternalPort: `${port}`,
          NewProtocol: protocol,
          NewInternalPort: `${port}`,
          NewInternalClient: '127.0.0.1',
          NewEnabled: '1',
          NewPortMappingDescription: 'devp2p-node',
          NewLeaseDuration: '600',
        },
      });
      const mappings = [mapping(30303, 'TCP'), mapping(30304, 'UDP')];
      const address = { action: 'GetExternalIPAddress', service, args: {} };
      expect(gateway.calls.all).toEqual([address, address, ...mappings]);

      await node.clock.advance(8 * minutes);
      expect(await node.pause()).toBe(8 * minutes);
      expect(gateway.calls.all.slice(4)).toEqual([address, ...mappings]);
      expect(gateway.gets.all).toEqual(['/root.xml']);

      await node.close();
      const returned = gateway.calls.all.slice(7);
      expect(returned.map(({ action, args }) => [action, args])).toEqual([
        ['DeletePortMapping', { NewRemoteHost: '', NewExternalPort: '30303', NewProtocol: 'TCP' }],
        ['DeletePortMapping', { NewRemoteHost: '', NewExternalPort: '30304', NewProtocol: 'UDP' }],
      ]);
      expect(node.clock.pending).toBe(0);
    },
  );

  test('ND-15 a port in conflict is replaced by another, and that one is deleted on close', async () => {
    await using gateway = await fakeUpnp();
    const { answer } = gateway;
    gateway.answer = (call) =>
      call.action === 'AddPortMapping' && call.args.NewExternalPort === '30303' ? 718 : answer(call);
    await using node = upnp(gateway);
    await search(node);
    await node.pause();
    const [endpoint] = node.endpoints;
    expect(endpoint).toMatchObject({ ip: '1.2.3.4', udp: 30304 });
    expect(endpoint?.tcp).toBeGreaterThanOrEqual(1_024);
    expect(endpoint?.tcp).not.toBe(30303);
    const { length } = gateway.calls.all;
    await node.close();
    const returned = gateway.calls.all.slice(length).map(({ args }) => args.NewExternalPort);
    expect(returned).toEqual([`${endpoint?.tcp}`, '30304']);
  });

  test('ND-15 a mapping of a gateway without leases has no expiry, and is deleted on close', async () => {
    await using gateway = await fakeUpnp();
    const { answer } = gateway;
    gateway.answer = (call) =>
      call.action === 'AddPortMapping' && call.args.NewLeaseDuration !== '0' ? 725 : answer(call);
    await using node = upnp(gateway);
    await search(node);
    expect(await node.pause()).toBe(8 * minutes);
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
    await node.close();
    expect(gateway.calls.all.filter(({ action }) => action === 'DeletePortMapping')).toHaveLength(2);
  });

  test('ND-15 the first of several connections with a public address is used', async () => {
    await using gateway = await fakeUpnp();
    const { answer } = gateway;
    gateway.describe = (_, response) =>
      response.end(
        `<root>${description('WANIPConnection:1', '/down')}${description('WANPPPConnection:1', '/up')}</root>`.replaceAll(
          /<\?xml.*?\?>/g,
          '',
        ),
      );
    gateway.answer = (call) =>
      call.service === 'WANIPConnection:1' ? { NewExternalIPAddress: '0.0.0.0' } : answer(call);
    await using node = upnp(gateway);
    await search(node);
    await node.pause();
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
  });

  const descriptions: Record<string, (response: ServerResponse) => void> = {
    'no XML': (response) => response.end('<<<<'),
    nothing: (response) => response.end(),
    'no service': (response) => response.end('<root/>'),
    'another service': (response) => response.end(description('SwitchPower:1')),
    'a control URL on another host': (response) =>
      response.end(description('WANIPConnection:1', 'http://127.0.0.2/control')),
    'an invalid control URL': (response) => response.end(description('WANIPConnection:1', 'http://:::')),
    'a file: control URL': (response) => response.end(description('WANIPConnection:1', 'file:///etc/passwd')),
    'more than 64 KiB': (response) => response.end(`<root>${' '.repeat(70_000)}</root>`),
    'no end': (response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('<a>'.repeat(1_000)));
      };
      response.on('drain', more);
      more();
    },
    'deep nesting': (response) => response.end('<a>'.repeat(20_000)),
    'entities of entities': (response) => {
      const levels = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
      response.end(`<!DOCTYPE a [<!ENTITY e0 "x">${levels.join('')}]><root>&e9;</root>`);
    },
    'names of prototype properties': (response) =>
      response.end('<root><__proto__><service/></__proto__><constructor>1</constructor></root>'),
    'a redirection': (response) => response.writeHead(302, { Location: '/root2.xml' }).end(),
    'a broken connection': (response) => response.destroy(),
  };
  test.each(Object.entries(descriptions))('ND-15 a device whose description has %s is skipped', async (_, describe) => {
    await using gateway = await fakeUpnp();
    gateway.describe = (_, response) => describe(response);
    await using node = upnp(gateway);
    await failed(node, gateway);
    expect(gateway.calls.all).toEqual([]);
    expect(gateway.gets.all).toEqual(['/root.xml']);
  });

  const answers: Record<string, FakeUpnp['answer']> = {
    'the fault "not authorized"': ({ action }) =>
      action === 'AddPortMapping' ? 606 : { NewExternalIPAddress: '1.2.3.4' },
    'a conflict on every port': ({ action }) =>
      action === 'AddPortMapping' ? 718 : { NewExternalIPAddress: '1.2.3.4' },
    'a fault code that is not a number': () => Number.NaN,
    'no address': () => ({}),
    'an invalid address': () => ({ NewExternalIPAddress: 'here' }),
    'an IPv6 address': () => ({ NewExternalIPAddress: '2600::1' }),
    'an unspecified address': () => ({ NewExternalIPAddress: '0.0.0.0' }),
    'a private address': () => ({ NewExternalIPAddress: '192.168.1.1' }),
    'markup as address': () => ({ NewExternalIPAddress: '<a>1.2.3.4</a>' }),
    'a long address': () => ({ NewExternalIPAddress: '1'.repeat(60_000) }),
  };
  test.each(Object.entries(answers))(
    'ND-15 no port is mapped by a gateway that responds with %s',
    async (_, answer) => {
      await using gateway = await fakeUpnp();
      gateway.answer = answer;
      await using node = upnp(gateway);
      await failed(node, gateway);
      const adds = gateway.calls.all.filter(({ action }) => action === 'AddPortMapping');
      expect(adds.length).toBeLessThanOrEqual(4);
    },
  );

  const found: Record<string, (port: number) => string> = {
    nothing: () => '',
    'no location': () => 'HTTP/1.1 200 OK\r\n\r\n',
    'a location on another host': (port) => foundAt(`http://127.0.0.2:${port}/root.xml`),
    'a host name': (port) => foundAt(`http://localhost:${port}/root.xml`),
    'an invalid location': () => foundAt('http://:::'),
    'a file: location': () => foundAt('file:///etc/passwd'),
    'a location with another scheme': (port) => foundAt(`https://127.0.0.1:${port}/root.xml`),
    'an oversized location': (port) => foundAt(`http://127.0.0.1:${port}/${'a'.repeat(5_000)}`),
    'no success': (port) => foundAt(`http://127.0.0.1:${port}/root.xml`).replace('200', '404'),
    'an announcement': (port) => foundAt(`http://127.0.0.1:${port}/root.xml`).replace(/^.*/, 'NOTIFY * HTTP/1.1'),
  };
  test.each(Object.entries(found))('ND-15 a search response with %s is ignored', async (_, answer) => {
    await using gateway = await fakeUpnp();
    const last = foundAt(`http://127.0.0.1:${gateway.httpPort}/last`);
    gateway.found = () => [answer(gateway.httpPort), last];
    gateway.describe = (_, response) => response.end('<root/>');
    await using node = upnp(gateway);
    await failed(node, gateway);
    expect(gateway.gets.all).toEqual(['/last']);
  });

  test('ND-15 of a flood of search responses eight are used', async () => {
    await using gateway = await fakeUpnp();
    gateway.found = () => Array.from({ length: 50 }, (_, i) => foundAt(`http://127.0.0.1:${gateway.httpPort}/${i}`));
    gateway.describe = (_, response) => response.end('<root/>');
    await using node = upnp(gateway);
    await failed(node, gateway, 8);
    expect(gateway.gets.all).toHaveLength(8);
  });

  test('ND-15 a device without HTTP is skipped for one with it', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('SSH-2.0-OpenSSH\r\n');
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await using gateway = await fakeUpnp();
    const { found } = gateway;
    gateway.found = (target) => [foundAt(`http://127.0.0.1:${port}/`), ...found(target)];
    await using node = upnp(gateway);
    await search(node);
    await node.pause();
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
    other.close();
  });

  test('ND-15 the search is repeated when a gateway stops responding', async () => {
    await using gateway = await fakeUpnp();
    const { answer } = gateway;
    await using node = upnp(gateway);
    await search(node);
    await node.pause();
    gateway.answer = () => undefined;
    const { length } = gateway.calls.all;
    await node.clock.advance(8 * minutes);
    while (gateway.calls.all.length === length) await turn();
    expect(gateway.calls.all.length).toBe(length + 1);
    await node.clock.advance(3_000);
    expect(await node.pause()).toBe(15_000);
    expect(node.lines).toHaveLength(2);
    gateway.answer = answer;
    const searches = gateway.searches.all.length;
    await node.clock.advance(15_000);
    await node.pause();
    expect(gateway.searches.all.length).toBeGreaterThan(searches);
    expect(node.endpoints).toEqual([{ ip: '1.2.3.4', ...own }]);
    expect(node.lines).toHaveLength(3);
  });

  test('ND-15 close does not wait for a gateway', async () => {
    await using gateway = await fakeUpnp();
    gateway.describe = () => {};
    const describing = upnp(gateway);
    await search(describing);
    await gateway.gets.next();
    await describing.close();
    await describing.clock.advance(0);
    expect(describing.clock.pending).toBe(0);
    gateway.found = () => [];
    const searching = upnp(gateway);
    await search(searching);
    await searching.close();
    await searching.clock.advance(0);
    expect(searching.clock.pending).toBe(0);
    expect([...describing.lines, ...searching.lines]).toEqual([]);
  });
});

/** Waits until all found devices were queried and the search has ended, and expects that no port is mapped. */
async function failed(node: Mapped, gateway: FakeUpnp, found = 1): Promise<void> {
  let isPaused = false;
  const paused = node.pause().then((pause) => {
    isPaused = true;
    return pause;
  });
  await search(node);
  for (let i = 0; i < found; i++) await gateway.gets.next();
  // The search has two timers, and one more while a device is queried.
  const isIdle = (): boolean => isPaused || node.clock.pending === 2;
  while (!isIdle()) await turn();
  while (!isPaused) await node.clock.advance(1_000);
  expect(await paused).toBe(15_000);
  expect(node.endpoints).toEqual([]);
  expect(node.lines).toEqual(['ports cannot be mapped; inbound connections may fail']);
}
