import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { parseIp } from '@devp2p/ip';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore, type DiscoverEvent, openLocalNode } from '../src/index.ts';
import { cheapCrypto as crypto } from './cheap-crypto.ts';

const privateKey = new Uint8Array(32).fill(1);
const localAddress = { host: '192.168.0.5', port: 30303 };
const events: DiscoverEvent[] = [];
const onEvent = (event: unknown): void => {
  events.push(event as DiscoverEvent);
};
beforeEach(() => {
  events.length = 0;
  subscribe('devp2p:discover', onEvent);
});
afterEach(() => {
  unsubscribe('devp2p:discover', onEvent);
});

describe('D4-18 the local record', () => {
  test('has the configured content, and its changes are published with the id of the node', async () => {
    const clock = createVirtualClock();
    const entries = { eth: { hash: new Uint8Array(4), next: 1n } };
    const node = await openLocalNode({ privateKey, localAddress, entries, crypto, clock });
    expect(node.enr).toMatchObject({ ip: '192.168.0.5', tcp: 30303, udp: 30303, ...entries });
    expect(events).toEqual([]);
    const enr = await node.update({ tcp: 4000 });
    expect(await node.update({ tcp: 4000 })).toBe(enr);
    expect(events).toEqual([{ type: 'local-record', localId: node.id, enr }]);
  });

  test('has no UDP port without discovery, and the sequence number continues with it', async () => {
    const [clock, store] = [createVirtualClock(), createMemoryStore()];
    const options = { privateKey, externalIp: '9.9.9.9', tcpPort: 4000, store, crypto, clock };
    const without = await openLocalNode(options);
    const { seq } = without.enr;
    expect([without.enr.ip, without.enr.tcp, without.enr.udp]).toEqual(['9.9.9.9', 4000, undefined]);
    await without.setExternalEndpoint({ ip: '8.8.8.8', tcp: 1, udp: 2 });
    expect([without.enr.ip, without.enr.tcp, without.enr.udp]).toEqual(['8.8.8.8', 1, undefined]);
    const withDiscovery = await openLocalNode({ ...options, localAddress });
    expect(withDiscovery.enr).toMatchObject({ ip: '9.9.9.9', udp: 30303, seq: seq + 2n });
  });

  test('follows the statements of ten nodes, one vote per source, for each IP family', async () => {
    const node = await openLocalNode({
      privateKey,
      localAddress,
      crypto,
      clock: createVirtualClock(),
    });
    const state = async (host: string, endpoint: string, udp: number): Promise<void> => {
      const ip = parseIp(host) as Uint8Array;
      node.addStatement({ host, ip }, { ip: parseIp(endpoint) as Uint8Array, udp });
      await node.flush();
    };
    for (let i = 0; i < 20; i++) await state('60.0.0.1', '77.7.7.7', 40000);
    expect(node.enr.ip).toBe('192.168.0.5');
    for (let i = 2; i < 11; i++) await state(`60.0.0.${i}`, '77.7.7.7', 40000);
    expect(node.enr).toMatchObject({ ip: '77.7.7.7', udp: 40000 });
    for (let i = 0; i < 10; i++) await state(`2600:${i}::1`, '2a00::5', 40000);
    expect(node.enr).toMatchObject({ ip: '77.7.7.7', ip6: '2a00::5' });
  });

  test('a store that fails is reported, and the record does not change', async () => {
    const store = createMemoryStore();
    const options = { privateKey, localAddress, store, minStatements: 1, crypto };
    const node = await openLocalNode({ ...options, clock: createVirtualClock() });
    const { enr } = node;
    store.put = () => Promise.reject(new Error('disk full'));
    await expect(node.update({ tcp: 1 })).rejects.toThrow('disk full');
    const ip = Uint8Array.of(60, 1, 1, 1);
    node.addStatement({ host: '60.1.1.1', ip }, { ip: Uint8Array.of(7, 7, 7, 7), udp: 7 });
    await node.flush();
    await Promise.resolve();
    expect(node.enr).toBe(enr);
    expect(events).toMatchObject([{ type: 'store-failed', error: { message: 'disk full' } }]);
  });
});
