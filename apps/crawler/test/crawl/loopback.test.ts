import { generatePrivateKey } from '@devp2p/crypto';
import { toHex } from '@devp2p/enr';
import { expect, test } from 'vitest';
import { createCrawler, memoryStore, type NodeRecord } from '../../src/index.ts';
import { startLoopback } from '../network/loopback.ts';
import { kinds } from '../network/population.ts';
import { clientOf, ourNetwork } from '../network/tcp-side.ts';

test('CR-01 CR-02 CR-03 a network on real sockets is found, and each of its nodes as what it is', async () => {
  const network = await startLoopback({ size: 100, slowness: 20 });
  const store = memoryStore();
  try {
    const crawler = await createCrawler({
      store,
      privateKey: generatePrivateKey(),
      host: '127.0.0.1',
      bootnodes: [network.bootnode],
      network: { networkId: ourNetwork },
      once: true,
      startupJitter: 0,
      maxHeadAge: 600_000,
      // Both ends are one busy process, in which nobody should be taken for dead.
      ...{ maxActive: 16, requestTimeout: 2_000, handshakeTimeout: 5_000 },
    });
    const { rollup } = await crawler.run();
    const records = new Map<string, NodeRecord>();
    for await (const record of store.nodes()) records.set(toHex(record.id), record);

    for (const inhabitant of network.inhabitants) {
      const { key, kind, ethVersion, enr } = inhabitant;
      const record = records.get(key);
      expect(record?.status, kind).toBe(kinds[kind].truth);
      if (kind !== 'dead') expect(record?.enr).toBeDefined();
      if (kind === 'synced') {
        expect(record).toMatchObject({
          trust: 'signed',
          client: clientOf(inhabitant),
          capabilities: [{ name: 'eth', version: ethVersion }],
          eth: { version: ethVersion, networkId: ourNetwork, latest: 1_000 },
          endpoint: { ip: '127.0.0.1', udp: enr.udp, tcp: enr.tcp },
        });
        expect(Object.keys(record?.rtt ?? {})).toEqual(['udp', 'tcp', 'hello']);
        expect(record?.error).toBeUndefined();
      }
      if (kind === 'full') expect(record?.disconnect).toBe('too-many-peers');
      if (kind === 'other') {
        expect(record).toMatchObject({ client: clientOf(inhabitant), error: 'peer/useless-peer' });
      }
      if (kind === 'closed') expect(record?.error).toBe('tcp/ECONNREFUSED');
      if (kind === 'mute') expect(record?.error).toBe('rlpx/handshake-timeout');
    }
    const count = (kind: keyof typeof kinds) =>
      network.inhabitants.filter((inhabitant) => inhabitant.kind === kind).length;
    expect(rollup.disconnects['too-many-peers']).toBe(count('full'));
    expect(rollup.errors['peer/useless-peer']).toBe(count('other'));
    expect(rollup.funnel.bonded).toBe(100 - count('dead'));
    expect(rollup.verified).toBe(100 - count('dead'));
  } finally {
    await network[Symbol.asyncDispose]();
  }
});
