import { createVirtualClock } from '@devp2p/clock/virtual';
import type { EthPeer } from '@devp2p/eth';
import { expect, test } from 'vitest';
import type { NodePeer } from '../../src/network/peers.ts';
import { chooseUsefulPeers } from '../../src/network/transactions/useful-peers.ts';

test('TP-33 the most useful of dialed and of accepted peers are kept, chosen once in a second', async () => {
  const clock = createVirtualClock();
  const all = Array.from({ length: 6 }, (_, i) => ({ inbound: i < 3, eth: { version: i } }) as unknown as NodePeer);
  const calls: number[] = [];
  let best = 0;
  const transactions = {
    mostUseful: (peers: readonly EthPeer[]) => {
      calls.push(peers.length);
      return new Set([peers[best] as EthPeer]);
    },
  };
  const isUseful = chooseUsefulPeers({ list: () => all }, transactions, clock);
  expect(all.map(isUseful)).toEqual([true, false, false, true, false, false]);
  best = 1;
  expect(all.map(isUseful)).toEqual([true, false, false, true, false, false]);
  expect(calls).toEqual([3, 3]);
  await clock.advance(1000);
  expect(all.map(isUseful)).toEqual([false, true, false, false, true, false]);
  expect(chooseUsefulPeers({ list: () => all }, undefined, clock)(all[0] as NodePeer)).toBe(false);
});
