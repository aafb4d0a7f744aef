import { mkdtempSync, rmSync } from 'node:fs';
import { type networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { parseEnr } from '@devp2p/enr';
import { isLan, parseIp } from '@devp2p/ip';
import { afterEach, describe, expect, test } from 'vitest';
import { createNode, type NodeOptions } from '../../src/index.ts';
import { lanAddresses, localNetwork } from '../../src/nat/local-network.ts';
import { fakePmp, fakeUpnp, loopback, pmpAnswer } from './fake-gateway.ts';
import { mapped } from './mapped.ts';

const minutes = 60_000;
const own = { tcp: 30303, udp: 30304 };

describe('any gateway', () => {
  test('ND-15 NAT-PMP is used where no gateway supports UPnP', async () => {
    await using pmp = await fakePmp();
    await using upnp = await fakeUpnp();
    upnp.found = () => [];
    await using node = mapped(loopback({ pmp, upnp }));
    await node.clock.advance(0);
    expect(await node.pause()).toBe(8 * minutes);
    expect(node.fields).toMatchObject([{ gateway: 'NAT-PMP 127.0.0.1', ip: '1.2.3.4', ...own }]);
    // The search is over too, and only the timer of the refresh is left.
    await node.clock.advance(0);
    expect(node.clock.pending).toBe(1);
  });

  test('ND-15 UPnP is used where NAT-PMP is refused', async () => {
    await using pmp = await fakePmp(pmpAnswer({ result: 2 }));
    await using upnp = await fakeUpnp();
    await using node = mapped(loopback({ pmp, upnp }));
    await node.clock.advance(0);
    expect(await node.pause()).toBe(8 * minutes);
    const gateway = `UPnP 127.0.0.1:${upnp.httpPort}`;
    expect(node.fields).toMatchObject([{ gateway, ip: '1.2.3.4', ...own }]);
  });

  test('ND-15 the log has the most specific reason', async () => {
    await using pmp = await fakePmp(pmpAnswer({ ip: '10.0.0.1' }));
    await using upnp = await fakeUpnp();
    upnp.found = () => [];
    await using node = mapped(loopback({ pmp, upnp }));
    await node.clock.advance(0);
    await pmp.requests.next();
    // Only the two timers of the search are left.
    while (node.clock.pending !== 2) await turn();
    await node.clock.advance(10_000);
    expect(await node.pause()).toBe(15_000);
    expect(node.fields).toEqual([{ error: 'NAT-PMP 127.0.0.1 is not on the internet: 10.0.0.1' }]);
  });

  test('ND-15 the search for gateways uses the address that the node listens on', async () => {
    await using pmp = await fakePmp();
    const lan = [
      { address: '127.0.0.1', gateway: '127.0.0.9' },
      { address: '127.0.0.2', gateway: '127.0.0.1' },
    ];
    const network = { ...loopback({ pmp }), lanAddresses: () => lan };
    await using node = mapped(network, { method: 'pmp', host: '127.0.0.2' });
    expect(await node.pause()).toBe(8 * minutes);
    expect(pmp.requests.all.map(({ from }) => from.address)).toEqual(Array(4).fill('127.0.0.2'));
  });

  test.each(['upnp', 'pmp'] as const)(
    'ND-15 an interface that is down does not affect %s on another',
    async (method) => {
      await using pmp = await fakePmp();
      await using upnp = await fakeUpnp();
      const network = loopback({ pmp, upnp });
      const down = { address: '192.0.2.1', gateway: '127.0.0.1' };
      const lanAddresses = () => [down, ...network.lanAddresses()];
      await using node = mapped({ ...network, lanAddresses }, { method });
      await node.clock.advance(0);
      expect(await node.pause()).toBe(8 * minutes);
    },
  );

  test.each([
    ['192.168.7.20', '255.255.255.0', '192.168.7.1'],
    ['10.1.2.3', '255.0.0.0', '10.0.0.1'],
    ['172.16.9.9', '255.255.255.240', '172.16.9.1'],
    ['100.64.3.4', '255.192.0.0', '100.64.0.1'],
    ['77.7.7.7', '255.255.255.0', undefined],
    ['169.254.7.7', '255.255.0.0', undefined],
    ['fd00::7', 'ffff:ffff:ffff:ffff::', undefined],
  ])('ND-15 behind %s %s the search for a gateway includes %s', (address, netmask, gateway) => {
    const family = address.includes(':') ? 'IPv6' : 'IPv4';
    const one = { address, netmask, family, mac: '', cidr: null, scopeid: 0 } as const;
    const interfaces = { eth0: [{ ...one, internal: false }], lo: [{ ...one, internal: true }] };
    const found = lanAddresses(interfaces as ReturnType<typeof networkInterfaces>);
    expect(found).toEqual(gateway === undefined ? [] : [{ address, gateway }]);
  });

  test('ND-15 on this machine the search for gateways is limited to private networks', () => {
    const own = localNetwork.lanAddresses().map(({ address }) => address);
    expect(own.every((address) => isLan(parseIp(address) ?? new Uint8Array(4)))).toBe(true);
    expect(own).not.toContain('127.0.0.1');
  });
});

describe('a node', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  function options(more: Partial<NodeOptions>): NodeOptions {
    const datadir = mkdtempSync(join(tmpdir(), 'nat-'));
    folders.push(datadir);
    return { network: 'hoodi', datadir, host: '127.0.0.1', port: 0, ...more } as NodeOptions;
  }

  test('ND-15 its record has the endpoint at the gateway, and its mappings are deleted when it closes', async () => {
    await using gateway = await fakePmp(pmpAnswer({ shift: 1 }));
    const localNetwork = loopback({ pmp: gateway });
    const node = await createNode(options({ nat: { method: 'pmp' }, localNetwork }));
    const record = () => parseEnr(node.enr());
    while (record().ip !== '1.2.3.4') await turn();
    const [, , tcp, udp] = gateway.requests.all;
    expect(record()).toMatchObject({ tcp: (tcp?.port ?? 0) + 1, udp: (udp?.port ?? 0) + 1 });
    await node.close();
    expect(gateway.requests.all.slice(4)).toMatchObject([
      { op: 'tcp', port: tcp?.port, lifetime: 0 },
      { op: 'udp', port: udp?.port, lifetime: 0 },
    ]);
  });

  test('ND-15 without discovery only its TCP port is mapped', async () => {
    await using gateway = await fakePmp();
    const localNetwork = loopback({ pmp: gateway });
    const nat = { method: 'pmp' } as const;
    const node = await createNode(options({ nat, localNetwork, discovery: false }));
    for (const op of ['address', 'address', 'tcp']) {
      expect(await gateway.requests.next()).toMatchObject({ op });
    }
    await expect
      .poll(() => parseEnr(node.enr()), { timeout: 10_000 })
      .toMatchObject({
        ip: '1.2.3.4',
        udp: undefined,
      });
    await node.close();
    expect(gateway.requests.all.some(({ op }) => op === 'udp')).toBe(false);
  });

  test('ND-15 it runs without a gateway', async () => {
    await using gateway = await fakePmp(() => Uint8Array.of(0));
    const localNetwork = loopback({ pmp: gateway });
    const node = await createNode(options({ nat: { method: 'any' }, localNetwork }));
    await gateway.requests.next();
    await node.close();
    expect(node.enr()).toBeDefined();
  });
});
