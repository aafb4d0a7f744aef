import { type Clock, sleep } from '@devp2p/clock';
import { createVirtualClock } from '@devp2p/clock/virtual';
import { expect, test } from 'vitest';
import { silentLogs } from '../../src/logging/log.ts';
import type { CompleteBlock, DownloadedBlock } from '../../src/sync/chain.ts';
import { createSync } from '../../src/sync/sync.ts';
import { blocks } from './demo-blocks.ts';
import { FakePeers, type Faults } from './fake-peers.ts';
import { MemoryChain } from './memory-chain.ts';
import { sideChain } from './side-chain.ts';

const upTo = (number: number): CompleteBlock[] => blocks.slice(0, number + 1);

/** A chain whose execution takes a time for each batch, in ms. */
class SlowChain extends MemoryChain {
  readonly #clock: Clock;
  readonly #time: number;
  constructor(clock: Clock, time: number) {
    super();
    this.#clock = clock;
    this.#time = time;
  }

  override async append(added: readonly DownloadedBlock[]): Promise<void> {
    if (this.#time > 0) await sleep(this.#clock, this.#time);
    await super.append(added);
  }
}

/** A sync to the best blocks of peers that the operator has not chosen. */
function setUp(followsAll = true, executionTime = 0) {
  const clock = createVirtualClock();
  const peers = new FakePeers(clock);
  const chain = new SlowChain(clock, executionTime);
  const logged: string[] = [];
  const note = (_: unknown, text: string): void => void logged.push(text);
  const log = { ...silentLogs('sync'), warn: note, error: note };
  const sync = createSync({ chain, peers, clock, log, followsAll, report: () => {}, onSynced: () => {} });
  const add = (all: readonly CompleteBlock[], faults: Faults = {}) => peers.add(all, { isStatic: false, ...faults });
  /** A peer that announces a block which no peer has. */
  const addLiar = (number: number) => {
    const liar = add(upTo(0));
    const announce = (mark: number): void => {
      Object.assign(liar.eth, { range: { earliest: 0, latest: number, latestHash: new Uint8Array(32).fill(mark) } });
    };
    announce(1);
    return { liar, announce };
  };
  return { clock, peers, chain, logged, sync, add, addLiar };
}

const givenUp = 'no peer delivers the best block that a peer has reported';

test.each([true, false])('ND-08 ET-13 followsAll %s: the best block of any peer is followed', async (followsAll) => {
  const { clock, chain, sync, add } = setUp(followsAll);
  const peer = add(upTo(300));
  await clock.advance(30_000);
  expect(chain.head.number).toBe(followsAll ? 300 : 0);
  peer.grow(upTo(340));
  await clock.advance(30_000);
  expect(chain.head.number).toBe(followsAll ? 340 : 0);
  await sync.close();
  expect(clock.pending).toBe(0);
});

test('ND-08 ET-13 the longest branch replaces a shorter one', async () => {
  const { clock, chain, sync, add } = setUp();
  add(upTo(300));
  await clock.advance(30_000);
  const other = sideChain(280, 40);
  add(other);
  await clock.advance(30_000);
  expect(chain.head.hash).toEqual(other.at(-1)?.header.hash);
  await sync.close();
});

test('ND-08 ET-13 HX-15 a best block that cannot be delivered is given up after 30 s, and its peer is disconnected', async () => {
  const { clock, chain, logged, sync, add, addLiar } = setUp();
  const { liar } = addLiar(2 ** 40);
  const honest = add(upTo(500));
  await clock.advance(29_000);
  expect(chain.head.number).toBe(0);
  expect(sync.target).toMatchObject({ number: 2 ** 40 });
  await clock.advance(31_000);
  expect(chain.head.number).toBe(500);
  expect(logged.filter((text) => text === givenUp)).toHaveLength(1);
  expect([liar.dropped, honest.dropped]).toEqual([true, false]);
  await sync.close();
});

test('ND-08 ET-13 HX-15 a peer that announces another such block again and again holds the node up once', async () => {
  const { clock, chain, logged, sync, add, addLiar } = setUp();
  const honest = add(upTo(100));
  const { liar, announce } = addLiar(2 ** 40);
  for (let round = 2; round < 12; round++) {
    announce(round);
    honest.grow(upTo(100 + round));
    await clock.advance(29_000);
  }
  await clock.advance(10_000);
  expect(liar.dropped).toBe(true);
  expect(chain.head.number).toBe(111);
  expect(logged.filter((text) => text === givenUp)).toHaveLength(1);
  await sync.close();
});

test('ND-08 ET-13 a peer without the bodies of its best block is given up, and others are followed', async () => {
  const { clock, chain, logged, sync, add } = setUp();
  const bare = add(upTo(600), { completeTo: 400 });
  await clock.advance(20_000);
  const honest = add(upTo(500));
  await clock.advance(90_000);
  expect(logged).toContain(givenUp);
  // Empty blocks need no body.
  const { number, hash } = chain.head;
  expect(number).toBeGreaterThanOrEqual(500);
  expect(number).toBeLessThan(600);
  expect(hash).toEqual(blocks[number]?.header.hash);
  expect([bare.dropped, honest.dropped]).toEqual([true, false]);
  await sync.close();
});

test('ND-08 ET-13 a static peer that cannot deliver its best block stays connected, and the block is not tried again', async () => {
  const { clock, chain, logged, sync, add, addLiar } = setUp();
  const { liar } = addLiar(700);
  Object.assign(liar, { isStatic: true });
  add(upTo(500));
  await clock.advance(120_000);
  expect(chain.head.number).toBe(500);
  expect(liar.dropped).toBe(false);
  expect(logged.filter((text) => text === givenUp)).toHaveLength(1);
  await sync.close();
});

test('ND-08 ET-13 a peer is not disconnected when the execution of its blocks takes longer than 30 s', async () => {
  const { clock, chain, logged, sync, add } = setUp(true, 100_000);
  const peer = add(upTo(600));
  for (let seconds = 0; seconds < 95; seconds += 5) {
    await clock.advance(5_000);
    expect(sync.idleTime).toBeLessThan(10_000);
  }
  expect(chain.head.number).toBe(0);
  await clock.advance(300_000);
  expect(chain.head.number).toBe(600);
  expect(logged).toEqual([]);
  expect(peer.dropped).toBe(false);
  await sync.close();
});

test('ND-08 ET-13 HX-15 a peer that connects again with another id does not hold the node up again', async () => {
  const { clock, chain, sync, peers, add, addLiar } = setUp();
  const honest = add(upTo(100));
  let ids = 0;
  const connectAgain = (): void => {
    const { liar, announce } = addLiar(2 ** 40);
    announce(++ids);
    const unsubscribe = peers.onChange(() => {
      if (!liar.dropped) return;
      unsubscribe();
      connectAgain();
    });
  };
  connectAgain();
  await clock.advance(35_000);
  expect(chain.head.number).toBe(100);
  for (let number = 101; number < 110; number++) {
    honest.grow(upTo(number));
    const latestHash = blocks[number]?.header.hash;
    Object.assign(honest.eth, { range: { earliest: 0, latest: number, latestHash } });
    await clock.advance(60_000);
    expect(chain.head.number).toBe(number);
  }
  expect(ids).toBeGreaterThan(5);
  expect(honest.dropped).toBe(false);
  await sync.close();
});

test('ND-08 ET-13 HX-15 a best block that no peer has is given up when its peer disconnects', async () => {
  const { clock, chain, logged, sync, peers, add, addLiar } = setUp();
  const { liar } = addLiar(2 ** 40);
  add(upTo(100));
  await clock.advance(5_000);
  expect(sync.target).toMatchObject({ number: 2 ** 40 });
  peers.remove(liar);
  await clock.advance(2_000);
  expect(chain.head.number).toBe(100);
  expect(logged).toEqual([]);
  await sync.close();
});
