import { createVirtualClock } from '@devp2p/clock/virtual';
import { describe, expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import { stateOf, stateText } from '../../src/observability/node-state.ts';
import type { CompleteBlock } from '../../src/sync/chain.ts';
import { countVotes } from '../../src/sync/head-votes.ts';
import { createPeerHead, peerHeadText } from '../../src/sync/peer-head.ts';
import { createSync } from '../../src/sync/sync.ts';
import { blocks } from './demo-blocks.ts';
import { FakePeers, type Faults } from './fake-peers.ts';
import { MemoryChain } from './memory-chain.ts';
import { sideChain } from './side-chain.ts';

const upTo = (number: number): CompleteBlock[] => blocks.slice(0, number + 1);
const headersOf = (chain: readonly CompleteBlock[], first: number) => chain.slice(first).map(({ header }) => header);

/** A sync to the head on which peers in `required` networks agree. */
function setUp(required = 3) {
  const clock = createVirtualClock();
  const peers = new FakePeers(clock);
  const chain = new MemoryChain();
  const logged: string[] = [];
  const note = (_: unknown, text: string): void => void logged.push(text);
  const log = { ...silentLogs('sync'), warn: note, error: note };
  const peerHead = createPeerHead({ required, chain, peers, clock, log });
  const sync = createSync({ chain, peers, clock, log, peerHead, report: () => {}, onSynced: () => {} });
  const add = (all: readonly CompleteBlock[], group: string, faults: Faults = {}) =>
    peers.add(all, { isStatic: false, group, ...faults });
  const state = () =>
    stateOf({
      closing: false,
      failure: undefined,
      catchUp: undefined,
      peers: peers.list().map(() => ({ id: 'peer' })),
      statics: { count: 0, connected: 0 },
      known: 0,
      discovery: false,
      incompatible: { count: 0, most: undefined },
      targetSource: 'peers',
      peerHead: peerHead.state,
      refusedHead: undefined,
      sync: { target: undefined, missing: undefined, idleTime: 0, isSynced: sync.isSynced },
    });
  return { clock, peers, chain, logged, peerHead, sync, add, state };
}

describe('the count of votes', () => {
  const [main, side] = [upTo(700), sideChain(690, 11)];
  const vote = (group: string, chain: readonly CompleteBlock[], end = 701) => ({
    group,
    headers: headersOf(chain.slice(0, end), 650),
  });

  test('ND-08 the highest block that enough groups serve is the head', () => {
    const votes = [vote('a', main), vote('b', main, 699), vote('c', main, 696)];
    expect(countVotes(votes, 3)).toMatchObject({ agreed: { number: 695, groups: 3 }, disagreement: undefined });
    expect(countVotes(votes, 2)).toMatchObject({ agreed: { number: 698, groups: 2 } });
    expect(countVotes(votes, 4).agreed).toBeUndefined();
  });

  test('ND-08 a minority on another branch is named', () => {
    const votes = [vote('a', main), vote('b', main), vote('c', main), vote('d', side)];
    expect(countVotes(votes, 3)).toMatchObject({
      agreed: { number: 700, groups: 3 },
      disagreement: { number: 700, blocks: [{ groups: 3 }, { groups: 1 }] },
    });
  });

  test.each([11, 3, 30])('ND-08 of two branches with enough groups neither counts, of any length', (length) => {
    const other = sideChain(690, length);
    const votes = [vote('a', main), vote('b', main), vote('c', other, 800), vote('d', other, 800)];
    expect(countVotes(votes, 2)).toMatchObject({
      agreed: { number: 689, groups: 4 },
      disagreement: { number: Math.min(700, 689 + length), blocks: [{ groups: 2 }, { groups: 2 }] },
    });
  });
});

describe('a head of peers', () => {
  test('ND-08 is followed as it grows, once peers in enough networks serve it', async () => {
    const { clock, chain, sync, add, state } = setUp();
    const honest = [add(upTo(500), '10.1.0.0/16'), add(upTo(500), '10.2.0.0/16')];
    await clock.advance(60_000);
    expect(chain.head.number).toBe(0);
    expect(state()).toEqual({ name: 'too-few-networks', required: 3, networks: 2 });
    honest.push(add(upTo(500), '10.3.0.0/16'));
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(blocks[500]?.header.hash);
    expect(state()).toEqual({ name: 'synced' });
    for (const number of [501, 507, 530]) {
      for (const peer of honest) peer.grow(upTo(number));
      await clock.advance(20_000);
      expect(chain.head.number).toBe(number);
    }
    await sync.close();
    expect(clock.pending).toBe(0);
  });

  test('ND-08 HX-15 peers of one network count once', async () => {
    const { clock, chain, sync, add } = setUp();
    const lie = sideChain(100, 800);
    for (let i = 0; i < 20; i++) add(lie, i % 2 === 0 ? '10.1.0.0/16' : '10.2.0.0/16');
    await clock.advance(60_000);
    expect(chain.head.number).toBe(0);
    for (const group of ['10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16']) add(upTo(500), group);
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(blocks[500]?.header.hash);
    await sync.close();
  });

  test.each([
    ['with a longer chain', { chain: sideChain(300, 700) }],
    ['with a shorter chain', { chain: sideChain(300, 100) }],
    ['with the same height', { chain: sideChain(490, 11) }],
    ['that do not respond', { chain: sideChain(300, 700), silent: true }],
    ['that serve no more than one header', { chain: sideChain(300, 700), most: 1 }],
  ])('ND-08 HX-15 N - 1 liars %s do not change it', async (_, { chain: lie, ...faults }) => {
    const { clock, chain, sync, add } = setUp();
    for (const group of ['10.1.0.0/16', '10.2.0.0/16']) add(lie, group, faults);
    for (const group of ['10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16']) add(upTo(500), group);
    await clock.advance(120_000);
    expect(chain.head.hash).toEqual(blocks[500]?.header.hash);
    await sync.close();
  });

  test('ND-08 HX-15 N - 1 liars and N - 1 others have no head, and the reason is shown', async () => {
    const { clock, chain, sync, add, state, logged, peerHead } = setUp();
    for (const group of ['10.1.0.0/16', '10.2.0.0/16']) add(sideChain(300, 201), group);
    for (const group of ['10.3.0.0/16', '10.4.0.0/16']) add(upTo(500), group);
    await clock.advance(60_000);
    expect(chain.head.number).toBe(0);
    const reason =
      /^peers disagree about block 500: 0x[0-9a-f]{16}… of 2 networks, 0x[0-9a-f]{16}… of 2 networks; no block has 3 networks$/;
    expect(peerHeadText(peerHead.state)).toMatch(reason);
    expect(state()).toEqual({ name: 'peers-disagree', reason: expect.stringMatching(reason) });
    expect(stateText(state())).toMatch(/^no head: peers disagree/);
    // Once, not in each round.
    expect(logged.filter((text) => reason.test(text))).toHaveLength(1);
    await sync.close();
  });

  test('ND-08 in a partition it stays at the last common block, and follows when it has ended', async () => {
    const { clock, chain, sync, add, state, peerHead } = setUp();
    const groups = [1, 2, 3, 4, 5, 6].map((i) => `10.${i}.0.0/16`);
    const all = groups.map((group) => add(upTo(480), group));
    await clock.advance(60_000);
    expect(chain.head.number).toBe(480);
    const other = sideChain(481, 40);
    for (const [i, peer] of all.entries()) peer.grow(i < 3 ? upTo(510) : other);
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(blocks[480]?.header.hash);
    expect(peerHead.state).toMatchObject({
      agreed: { number: 480, groups: 6 },
      disagreement: { blocks: [{ groups: 3 }, { groups: 3 }] },
    });
    expect(state()).toEqual({ name: 'synced' });
    for (const peer of all) peer.grow(upTo(515));
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(blocks[515]?.header.hash);
    expect(peerHead.state.disagreement).toBeUndefined();
    await sync.close();
  });

  test('ND-08 a reorganization of the peers is followed', async () => {
    const { clock, chain, sync, add } = setUp();
    const all = [1, 2, 3].map((i) => add(upTo(480), `10.${i}.0.0/16`));
    await clock.advance(60_000);
    const other = sideChain(470, 20);
    for (const peer of all) peer.grow(other);
    await clock.advance(60_000);
    expect(chain.head.hash).toEqual(other.at(-1)?.header.hash);
    await sync.close();
  });

  test('ND-08 EN-16 an invalid block on which the peers agree is refused, and shown', async () => {
    const { clock, chain, sync, add, state, logged, peerHead } = setUp();
    chain.required = new Map([[400, new Uint8Array(32)]]);
    for (const group of ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']) add(upTo(500), group);
    await clock.advance(120_000);
    expect(chain.head.number).toBe(0);
    expect(state()).toMatchObject({ name: 'head-refused', from: 'peers' });
    expect(peerHeadText(peerHead.state)).toBe('3 networks have block 500, which is invalid');
    expect(logged).toContain('refused the head on which the peers agree');
    await sync.close();
  });
});
