import { toHex } from '@devp2p/bytes';
import { generatePrivateKey } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import { createCrawler, createMemoryStore, type NodeRecord } from '../../src/index.ts';
import { startLoopback } from '../network/loopback.ts';
import { kinds } from '../network/population.ts';
import { clientOf, requestedNetwork } from '../network/tcp-side.ts';

test('CR-01 CR-02 CR-03 a network on real sockets is found, with the right status of each node', async () => {
  const network = await startLoopback({ size: 100, slowness: 20 });
  const store = createMemoryStore();
  try {
    const crawler = await createCrawler({
      store,
      privateKey: generatePrivateKey(),
      host: '127.0.0.1',
      bootnodes: [network.bootnode],
      network: { networkId: requestedNetwork },
      once: true,
      startupJitter: 0,
      maxHeadAge: 600_000,
      // All nodes run in this busy process, which must not cause timeouts.
      maxActive: 16,
      requestTimeout: 2_000,
      handshakeTimeout: 5_000,
    });
    const { rollup } = await crawler.run();
    const records = new Map<string, NodeRecord>();
    for await (const record of store.nodes()) records.set(toHex(record.id), record);

    for (const node of network.nodes) {
      const { key, kind, ethVersion, enr } = node;
      const record = records.get(key);
      expect(record?.status, kind).toBe(kinds[kind].truth);
      if (kind !== 'dead') expect(record?.enr).toBeDefined();
      if (kind === 'synced') {
        expect(record).toMatchObject({
          trust: 'signed',
          client: clientOf(node),
          capabilities: [{ name: 'eth', version: ethVersion }],
          eth: { version: ethVersion, networkId: requestedNetwork, latest: 1_000 },
          endpoint: { ip: '127.0.0.1', udp: enr.udp, tcp: enr.tcp },
        });
        expect(Object.keys(record?.rtt ?? {})).toEqual(['udp', 'tcp', 'hello']);
        expect(record?.error).toBeUndefined();
      }
      if (kind === 'full') expect(record?.disconnect).toBe('too-many-peers');
      if (kind === 'other') {
        expect(record).toMatchObject({ client: clientOf(node), error: 'peer/useless-peer' });
      }
      if (kind === 'closed') expect(record?.error).toBe('tcp/ECONNREFUSED');
      if (kind === 'mute') expect(record?.error).toBe('rlpx/handshake-timeout');
    }
    const count = (kind: keyof typeof kinds) => network.nodes.filter((node) => node.kind === kind).length;
    expect(rollup.disconnects['too-many-peers']).toBe(count('full'));
    expect(rollup.errors['peer/useless-peer']).toBe(count('other'));
    expect(rollup.funnel.bonded).toBe(100 - count('dead'));
    expect(rollup.verified).toBe(100 - count('dead'));
  } finally {
    await network[Symbol.asyncDispose]();
  }
});
