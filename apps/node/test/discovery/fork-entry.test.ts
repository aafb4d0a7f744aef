import { nobleCrypto } from '@devp2p/crypto';
import { type Enr, type EnrContent, type EthEntry, signEnr } from '@devp2p/enr';
import { expect, test } from 'vitest';
import { type ForkChain, forkEntry, keepForkEntry, mayShareChain } from '../../src/discovery/fork-entry.ts';
import { silentLogs } from '../../src/logging/log.ts';

/** A chain with a fork at block 10 and one at time 5000, whose head can be moved. */
function chainAt(number: number, timestamp: number, genesis = 1) {
  const listeners = new Set<() => void>();
  const chain = {
    genesisHash: new Uint8Array(32).fill(genesis),
    forks: { blocks: [10], times: [5_000] },
    head: { number, timestamp },
    onHead(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    move(to: number, time: number) {
      chain.head = { number: to, timestamp: time };
      for (const listener of listeners) listener();
    },
  };
  return chain satisfies ForkChain;
}

function recordWith(content: EnrContent): Enr {
  return signEnr(content, new Uint8Array(32).fill(1), { crypto: nobleCrypto });
}

test('D4-17 the eth entry changes with the fork id, not with every block', () => {
  const chain = chainAt(0, 100);
  const updates: (EthEntry | undefined)[] = [];
  const discovery = {
    update: async ({ eth }: EnrContent) => {
      updates.push(eth);
      return recordWith({ eth });
    },
  };
  const end = keepForkEntry(chain, discovery, silentLogs('discovery'));
  expect(forkEntry(chain).next).toBe(10n);
  chain.move(9, 900);
  expect(updates).toEqual([]);
  chain.move(10, 1_000);
  chain.move(11, 1_100);
  expect(updates).toEqual([forkEntry(chainAt(10, 1_000))]);
  expect(updates[0]?.next).toBe(5_000n);
  chain.move(20, 5_000);
  chain.move(9, 900);
  expect(updates.map((entry) => entry?.next)).toEqual([5_000n, 0n, 10n]);
  end();
  chain.move(10, 1_000);
  expect(updates).toHaveLength(3);
});

test('a record that cannot be stored is logged, and discovery continues', async () => {
  const chain = chainAt(0, 100);
  const failed = new Promise((resolve) => {
    const log = { ...silentLogs('discovery'), error: resolve };
    keepForkEntry(chain, { update: () => Promise.reject(new Error('disk full')) }, log);
  });
  chain.move(10, 1_000);
  expect(await failed).toMatchObject({ error: { message: 'disk full' } });
});

test.each([
  ['no entry', recordWith({ ip: '192.0.2.1' }), true],
  ['no record', undefined, true],
  ['the same rules', recordWith({ eth: forkEntry(chainAt(12, 1_200)) }), true],
  ['one that is behind and has the fork in its schedule', recordWith({ eth: forkEntry(chainAt(0, 0)) }), true],
  ['one that is ahead', recordWith({ eth: forkEntry(chainAt(99, 9_000)) }), true],
  ['another genesis', recordWith({ eth: forkEntry(chainAt(12, 1_200, 2)) }), false],
  ['one that has missed a fork', recordWith({ eth: { ...forkEntry(chainAt(0, 0)), next: 0n } }), false],
  ['an unrelated entry', recordWith({ pairs: { eth: Uint8Array.of(0xc1, 0x05) } }), true],
])('of the nodes found, %s', (_what, record, expected) => {
  expect(mayShareChain(record, chainAt(11, 1_100))).toBe(expected);
});
