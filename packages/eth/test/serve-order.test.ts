import { sleep } from '@devp2p/clock';
import { createVirtualClock, type VirtualClock } from '@devp2p/clock/virtual';
import { openPeer, type Peer } from '@devp2p/peer';
import { streamPair } from '@devp2p/peer/pipe';
import { describe, expect, test } from 'vitest';
import { type EthPeer, eth, type HeaderQuery } from '../src/index.ts';
import { filled, MemoryChain } from './memory-chain.ts';

/** Threads of Node.js that read and write files. */
const threads = 4;
/** Duration of a first read, and of a further read or a write of a batch, in ms. */
const quick = 1;
const slow = 1_000;

/** A chain on a disk with a few concurrent operations of a fixed duration. */
class DiskChain extends MemoryChain {
  readonly #clock: VirtualClock;
  readonly #waiting: (() => void)[] = [];
  #free = threads;

  constructor(length: number, clock: VirtualClock) {
    super(length);
    this.#clock = clock;
  }

  async #work(ms: number): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await sleep(this.#clock, ms);
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  override async headers(query: HeaderQuery): Promise<Uint8Array[]> {
    await this.#work(query.amount === 1 ? quick : slow);
    return super.headers(query);
  }

  override async bodies(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#work(hashes.length === 1 ? quick : slow);
    return super.bodies(hashes);
  }

  override async receipts(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    await this.#work(hashes.length === 1 ? quick : slow);
    return super.receipts(hashes);
  }

  /** Writes a batch of the sync. */
  write(): Promise<void> {
    return this.#work(slow);
  }
}

describe('ET-07 missing blocks', () => {
  /** A node on a slow disk, and its peers. */
  async function node(count: number) {
    const clock = createVirtualClock();
    const chain = new DiskChain(100, clock);
    const served = eth({ chain, clock });
    const asking = eth({ chain: new MemoryChain(100), clock });
    const peers: (Peer & { eth: EthPeer })[] = [];
    for (let i = 0; i < count; i++) {
      const [a, b] = streamPair();
      const [, peer] = await Promise.all([
        openPeer(a, { clock, protocols: [served] }),
        openPeer(b, { clock, protocols: [asking] }),
      ]);
      peers.push(peer);
    }
    await clock.advance(0);
    const hashes = chain.blocks.map(({ header }) => header.hash);
    const blocks = chain.blocks.map(({ header }) => header);
    const load = (peer: EthPeer): Promise<unknown>[] =>
      Array.from({ length: 10 }, () => [
        peer.getBodies(hashes).catch(() => {}),
        peer.getReceipts(blocks).catch(() => {}),
        peer.getHeaders({ origin: 0, amount: 100 }).catch(() => {}),
      ]).flat();
    return { clock, chain, peers: peers.map((peer) => peer.eth), load };
  }

  const unknown = filled(32, 0xee);
  const requests: [string, (peer: EthPeer) => Promise<unknown[]>][] = [
    ['a header by hash', (peer) => peer.getHeaders({ origin: unknown, amount: 1 })],
    ['headers by hash', (peer) => peer.getHeaders({ origin: unknown, amount: 512, reverse: true })],
    ['headers by number', (peer) => peer.getHeaders({ origin: 5000, amount: 192 })],
    ['bodies', (peer) => peer.getBodies([unknown, unknown])],
    ['receipts', (peer) => peer.getReceipts([{ hash: unknown, gasUsed: 1 }])],
    ['transactions', (peer) => peer.getPooledTransactions([unknown])],
  ];

  test.each(requests)('%s: reported at once, independently of other reads and writes', async (_, send) => {
    const { clock, chain, peers, load } = await node(12);
    const [last, ...others] = peers.reverse() as [EthPeer, ...EthPeer[]];
    for (const peer of others) load(peer);
    void chain.write();
    await clock.advance(20 * quick);
    let response: unknown[] | undefined;
    void send(last).then((items) => {
      response = items;
    });
    await clock.advance(20 * quick);
    expect(response).toEqual([]);
  });

  test.each(requests)('%s: reported at once, also to a peer with pending requests', async (_, send) => {
    const { clock, peers, load } = await node(1);
    const [peer] = peers as [EthPeer];
    const loaded = load(peer);
    let response: unknown[] | undefined;
    void send(peer).then((items) => {
      response = items;
    });
    await clock.advance(60 * quick);
    expect(response).toEqual([]);
    await clock.advance(100 * slow);
    await Promise.all(loaded);
  });

  test('up to two responses are read at once, and every peer is served', async () => {
    const { clock, chain, peers } = await node(4);
    const blocks = chain.blocks.map(({ header }) => header.hash).slice(0, 10);
    const order: number[] = [];
    const pending = peers.flatMap((peer, i) =>
      [0, 1, 2].map(async () => {
        expect(await peer.getBodies(blocks)).toHaveLength(10);
        order.push(i);
      }),
    );
    await clock.advance(slow + 20 * quick);
    expect(order).toHaveLength(2);
    await clock.advance(20 * slow);
    await Promise.all(pending);
    const rounds = [order.slice(0, 4), order.slice(4, 8), order.slice(8)];
    expect(rounds.map((round) => round.toSorted())).toEqual(new Array(3).fill([0, 1, 2, 3]));
  });
});
