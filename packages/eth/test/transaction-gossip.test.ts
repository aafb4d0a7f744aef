import { toHex } from '@devp2p/bytes';
import { sleep } from '@devp2p/clock';
import { decode } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { type GetByHashes, transactionsOf } from '../src/index.ts';
import { hashOf as hashOfNumber, range } from './fetcher-world.ts';
import {
  announcementOf,
  blobTransaction,
  createGossipWorld,
  garbage,
  hashOf,
  list,
  pooled,
  transaction,
} from './gossip-pool.ts';
import { filled } from './memory-chain.ts';
import type { Attack } from './peers.ts';

const hexes = (hashes: Iterable<Uint8Array>): string[] => [...hashes].map(toHex);

/** Messages that a peer has got: hashes of whole transactions, announced hashes, and requests. */
function received({ received: messages, version }: Attack) {
  const whole: string[][] = [];
  const announced: string[][] = [];
  const requests: GetByHashes[] = [];
  for (const { code, payload } of messages.splice(0)) {
    if (code === 0x02)
      whole.push([...decode(version.messages.transactions.codec, payload)].map((t) => toHex(hashOf(t))));
    if (code === 0x08) {
      announced.push(hexes(decode(version.messages.newPooledTransactionHashes.codec, payload).hashes));
    }
    if (code === 0x09) requests.push(decode(version.messages.getPooledTransactions.codec, payload));
  }
  return { whole, announced, requests };
}

describe('out', () => {
  test('TP-29 whole to the root of the peers, the same ones for a sender, and by hash to the others', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peers: Attack[] = [];
    for (let i = 0; i < 10; i++) peers.push(await connect());
    const perSender: string[] = [];
    for (const sender of range(0, 8)) {
      const chosen: number[][] = [];
      for (const nonce of [0, 1]) {
        const raw = transaction(2 * sender + nonce);
        pool.put([raw], filled(20, sender));
        await clock.advance(0);
        const got = peers.map((peer) => received(peer));
        const whole = got.flatMap(({ whole: [hashes] }, i) => (hashes === undefined ? [] : [i]));
        expect(whole).toHaveLength(4);
        const announced = got.flatMap(({ announced: [hashes] }, i) => (hashes === undefined ? [] : [i]));
        expect([...whole, ...announced].toSorted((a, b) => a - b)).toEqual(range(0, 10));
        chosen.push(whole);
      }
      expect(chosen[0]).toEqual(chosen[1]);
      perSender.push(String(chosen[0]));
    }
    expect(new Set(perSender).size).toBeGreaterThan(1);
  });

  test('TP-29 never to a peer that has sent, announced or got it, nor to another one instead', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peers = [await connect(), await connect(), await connect(), await connect()] as const;
    const [sent, announced, fetched] = peers;
    const raws = [transaction(0), transaction(1), transaction(2)] as const;
    pool.outcome = () => 'refused';
    await sent.send(0x02, list([raws[0]]));
    pool.outcome = () => 'added';
    await announced.sendMessage('newPooledTransactionHashes', announcementOf([raws[1]]));
    pool.transactions.set(toHex(hashOf(raws[2])), raws[2]);
    await fetched.sendMessage('getPooledTransactions', { requestId: 1n, hashes: [hashOf(raws[2])] });
    for (const peer of peers) received(peer);
    pool.put(raws);
    await clock.advance(0);
    const all = peers.map((peer) => {
      const { whole, announced: hashes } = received(peer);
      return { whole: whole.flat(), all: [...whole.flat(), ...hashes.flat()].toSorted() };
    });
    const expected = (without: number | undefined) =>
      raws.flatMap((raw, i) => (i === without ? [] : [toHex(hashOf(raw))])).toSorted();
    expect(all.map((each) => each.all)).toEqual([0, 1, 2, undefined].map(expected));
    for (const raw of raws) {
      expect(all.filter(({ whole }) => whole.includes(toHex(hashOf(raw)))).length).toBeLessThanOrEqual(2);
    }
    // Once for each peer.
    pool.put(raws);
    await clock.advance(0);
    expect(peers.map((peer) => received(peer).whole.length + received(peer).announced.length)).toEqual([0, 0, 0, 0]);
  });

  test('TP-29 blob transactions and those above 4096 bytes are only announced', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const limit = 4096 - transaction(1, 3900).length + 3900;
    const [fits, long, blob] = [transaction(1, limit), transaction(2, limit + 1), blobTransaction(3)];
    expect(fits.length).toBe(4096);
    pool.put([fits, long, blob]);
    await clock.advance(0);
    const { whole, announced } = received(peer);
    expect(whole).toEqual([[toHex(hashOf(fits))]]);
    expect(announced).toEqual([[toHex(hashOf(long)), toHex(hashOf(blob))]]);
  });

  test('TP-31 a message of whole transactions ends with the one that reaches 100 KiB', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const raws = range(0, 60).map((nonce) => transaction(nonce, 3900));
    pool.put(raws);
    await clock.advance(0);
    const { whole } = received(peer);
    const length = raws[1]?.length as number;
    const first = Math.ceil((100 * 1024) / length);
    expect(whole.map((hashes) => hashes.length)).toEqual([first, first, 60 - 2 * first]);
    expect(whole.flat()).toEqual(raws.map((raw) => toHex(hashOf(raw))));
  });

  test('TP-31 at most 3200 hashes in a message, 4096 waiting, the oldest left out', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const hashes = range(0, 5000).map(hashOfNumber);
    pool.has = () => true;
    const infos = hashes.map((hash) => ({ hash, type: 3, size: 1, sender: filled(20, 1) }));
    for (const listener of pool.listeners) listener(infos);
    await clock.advance(0);
    const { announced } = received(peer);
    expect(announced.map((each) => each.length)).toEqual([3200, 896]);
    expect(announced[0]?.[0]).toBe(toHex(hashes[904] as Uint8Array));
  });

  test('TP-31 transactions that have left the pool are not sent', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const raws = [transaction(0), transaction(1), blobTransaction(2), blobTransaction(3)] as const;
    pool.put(raws);
    for (const gone of [raws[0], raws[2]]) pool.transactions.delete(toHex(hashOf(gone)));
    await clock.advance(0);
    expect(received(peer)).toMatchObject({
      whole: [[toHex(hashOf(raws[1]))]],
      announced: [[toHex(hashOf(raws[3]))]],
    });
  });

  test('TP-32 a new peer gets the hashes of all pending transactions without blobs, once', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const raws = [transaction(0), blobTransaction(1), transaction(2)] as const;
    pool.put(raws);
    const peer = await connect();
    await clock.advance(0);
    expect(received(peer).announced).toEqual([hexes([raws[0], raws[2]].map(hashOf))]);
    pool.put(raws);
    await clock.advance(0);
    expect(received(peer).announced).toEqual([[toHex(hashOf(raws[1]))]]);
  });

  test('TP-32 nothing is sent before the node is synced; then the pending ones with the first new one', async () => {
    let isReady = false;
    const { clock, pool, connect } = createGossipWorld({ isReady: () => isReady });
    const old = transaction(0);
    pool.put([old]);
    const peer = await connect();
    pool.put([transaction(1, 5000)]);
    await clock.advance(0);
    expect(received(peer)).toEqual({ whole: [], announced: [], requests: [] });
    isReady = true;
    pool.put([transaction(2)]);
    await clock.advance(0);
    const { whole, announced } = received(peer);
    expect(whole).toEqual([[toHex(hashOf(transaction(2)))]]);
    expect(announced.flat()).toEqual(hexes([old, transaction(1, 5000)].map(hashOf)));
  });
});

describe('in', () => {
  test('TP-22 before the node is synced all messages are ignored', async () => {
    let isReady = false;
    const { clock, pool, connect, gossip } = createGossipWorld({ isReady: () => isReady });
    const peer = await connect();
    await peer.send(0x02, list([transaction(0)]));
    await peer.sendMessage('newPooledTransactionHashes', announcementOf([transaction(1)]));
    await clock.advance(1000);
    expect([pool.batches, received(peer).requests, gossip.stats.announced]).toEqual([[], [], 0]);
    isReady = true;
    await peer.send(0x02, list([transaction(0)]));
    expect(pool.batches).toEqual([[1, 1000]]);
  });

  test('TP-22 underpriced ones are not fetched again for 5 minutes, refused ones are', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const raws = [transaction(0), transaction(1)] as const;
    pool.outcome = (raw) => (toHex(raw) === toHex(raws[0]) ? 'underpriced' : 'refused');
    await peer.send(0x02, list(raws));
    const other = await connect();
    const ask = async () => {
      await other.sendMessage('newPooledTransactionHashes', announcementOf(raws));
      await clock.advance(500);
      const { requests } = received(other);
      for (const { requestId } of requests) await other.send(0x0a, pooled(requestId, []));
      return requests.flatMap(({ hashes }) => hexes(hashes));
    };
    expect(await ask()).toEqual([toHex(hashOf(raws[1]))]);
    await clock.advance(5 * 60_000 - 1000);
    expect(await ask()).toEqual([toHex(hashOf(raws[1]))]);
    await clock.advance(500);
    expect(await ask()).toEqual(hexes(raws.map(hashOf)));
  });

  test('TP-23 an announced transaction is requested, added and passed on', async () => {
    const { clock, pool, connect, gossip } = createGossipWorld();
    const peer = await connect();
    const raws = [transaction(0), blobTransaction(1)] as const;
    await peer.sendMessage('newPooledTransactionHashes', announcementOf(raws));
    const [blobRequest] = received(peer).requests;
    expect(hexes(blobRequest?.hashes ?? [])).toEqual([toHex(hashOf(raws[1]))]);
    await peer.send(0x0a, pooled(blobRequest?.requestId ?? 0n, [raws[1]]));
    await clock.advance(500);
    const [request] = received(peer).requests;
    await peer.send(0x0a, pooled(request?.requestId ?? 0n, [raws[0]]));
    expect([...pool.transactions.keys()].toSorted()).toEqual(hexes(raws.map(hashOf)).toSorted());
    expect(gossip.stats).toMatchObject({ announced: 2, wanted: 2, requested: 2, delivered: 2, broadcast: 0 });
    expect(gossip.stats.outcomes.added).toBe(2);
    expect(gossip.info(peer.peer.eth)).toMatchObject({ pendingAnnouncements: 0, stats: { delivered: 2 } });
  });

  test('TP-24 a request of transactions has no timeout, and its late response is accepted', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const raw = transaction(0);
    await peer.sendMessage('newPooledTransactionHashes', announcementOf([raw]));
    await clock.advance(500);
    const [request] = received(peer).requests;
    for (let i = 0; i < 10; i++) {
      await clock.advance(10_000);
      received(peer);
    }
    await peer.send(0x0a, pooled(request?.requestId ?? 0n, [raw]));
    expect(pool.has(hashOf(raw))).toBe(true);
  });

  test('TP-25 a false announcement ends its peer when the transaction arrives from another', async () => {
    const { clock, connect } = createGossipWorld();
    const [liar, honest] = [await connect(), await connect()];
    const raw = transaction(0);
    await liar.sendMessage('newPooledTransactionHashes', { ...announcementOf([raw]), types: Uint8Array.of(1) });
    await honest.send(0x02, list([raw]));
    await clock.advance(0);
    expect(await liar.end()).toMatchObject({ code: 'invalid-transactions', reason: 'breach-of-protocol' });
    expect(honest.peer.eth.info()).not.toBe('handshake');
  });

  test('TP-25 a refused blob transaction with another sidecar does not end honest announcers of its size', async () => {
    const { pool, connect } = createGossipWorld();
    const [liar, honest] = [await connect(), await connect()];
    const real = blobTransaction(0);
    const padded = blobTransaction(0, 500);
    await liar.sendMessage('newPooledTransactionHashes', announcementOf([padded]));
    await honest.sendMessage('newPooledTransactionHashes', announcementOf([real]));
    pool.outcome = () => 'refused';
    const [request] = received(liar).requests;
    await liar.send(0x0a, pooled(request?.requestId ?? 0n, [padded]));
    expect(pool.batches).toEqual([[1, 0]]);
    expect(honest.peer.eth.info()).not.toBe('handshake');
    const headers = honest.peer.eth.getHeaders({ origin: 0, amount: 1 });
    headers.catch(() => {});
    expect((await honest.next())?.code).toBe(0x03);
  });

  test('TP-27 batches of 128; after more than a quarter refused the next one waits 200 ms', async () => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const other = await connect();
    const raws = range(0, 300).map((nonce) => transaction(nonce));
    const refused = new Set(raws.slice(0, 32).map(toHex));
    pool.outcome = (raw) => (refused.has(toHex(raw)) ? 'refused' : 'added');
    await peer.send(0x02, list(raws));
    expect(pool.batches).toEqual([
      [128, 0],
      [128, 0],
      [44, 0],
    ]);
    pool.batches.length = 0;
    pool.outcome = (raw) => (refused.has(toHex(raw)) ? 'full' : 'added');
    const more = raws.slice(0, 33).concat(
      range(400, 495).map((nonce) => transaction(nonce)),
      transaction(500),
    );
    refused.add(toHex(raws[32] as Uint8Array));
    pool.transactions.clear();
    const sending = peer.send(0x02, list(more));
    await clock.advance(0);
    await other.send(0x02, list([transaction(600)]));
    expect(pool.batches).toEqual([
      [128, 0],
      [1, 0],
    ]);
    await clock.advance(200);
    await sending;
    expect(pool.batches.slice(2)).toEqual([[1, 200]]);
  });

  test('TP-35 known transactions do not reach the pool again', async () => {
    const { pool, connect, gossip } = createGossipWorld();
    const peer = await connect();
    const raws = range(0, 200).map((nonce) => transaction(nonce));
    pool.put(raws);
    await peer.send(0x02, list(raws));
    expect(pool.batches).toEqual([]);
    expect(gossip.stats.outcomes.known).toBe(200);
  });
});

describe('what ends a peer', () => {
  test.each<[string, readonly Uint8Array[]]>([
    ['a blob transaction', [transaction(0), blobTransaction(1)]],
    ['the same one twice', [transaction(0), transaction(1), transaction(0)]],
  ])('TP-26 Transactions with %s', async (_, transactions) => {
    const { connect } = createGossipWorld();
    const peer = await connect();
    await peer.send(0x02, list(transactions));
    expect(await peer.end()).toMatchObject({ code: 'invalid-transactions', reason: 'breach-of-protocol' });
  });

  test('TP-26 more than 5000 transactions', async () => {
    const { connect } = createGossipWorld();
    const peer = await connect();
    await peer.send(0x02, transactionsOf(range(0, 5001).map(() => garbage(1))).raw);
    expect((await peer.end()).code).toBe('malformed-message');
  });

  test.each<[string, string, (raw: Uint8Array) => readonly Uint8Array[]]>([
    ['more items than asked', 'too-many-items', (raw) => [raw, transaction(9)]],
    ['another transaction', 'invalid-response', () => [transaction(9)]],
    ['a blob transaction without its sidecar', 'invalid-transactions', (raw) => [bare(raw)]],
    ['an undecodable sidecar', 'malformed-message', (raw) => [raw.subarray(0, -2)]],
  ])('TP-26 PooledTransactions with %s', async (_, code, items) => {
    const { connect } = createGossipWorld();
    const peer = await connect();
    const raw = blobTransaction(0);
    await peer.sendMessage('newPooledTransactionHashes', announcementOf([raw]));
    const [request] = received(peer).requests;
    await peer.send(0x0a, pooled(request?.requestId ?? 0n, items(raw)));
    expect(await peer.end()).toMatchObject({ code, reason: 'breach-of-protocol' });
  });

  test('TP-26 the same transaction twice in PooledTransactions', async () => {
    const { clock, connect } = createGossipWorld();
    const peer = await connect();
    const raws = [transaction(0), transaction(1)];
    await peer.sendMessage('newPooledTransactionHashes', announcementOf(raws));
    await clock.advance(500);
    const [request] = received(peer).requests;
    await peer.send(0x0a, pooled(request?.requestId ?? 0n, [transaction(0), transaction(0)]));
    expect((await peer.end()).code).toBe('invalid-response');
  });

  test.each([
    ['unasked', 5n, 0],
    ['with another id', 6n, 1],
  ])('TP-26 PooledTransactions %s', async (_, id, announced) => {
    const { connect } = createGossipWorld();
    const peer = await connect();
    const raws = [blobTransaction(0)].slice(0, announced);
    await peer.sendMessage('newPooledTransactionHashes', announcementOf(raws));
    await peer.send(0x0a, pooled(id, []));
    expect((await peer.end()).code).toBe('unknown-request');
  });

  test.each(['a broadcast', 'a response'])('TP-09 an invalid transaction in %s', async (way) => {
    const { clock, pool, connect } = createGossipWorld();
    const peer = await connect();
    const raws = [transaction(0), garbage(3), transaction(1)];
    pool.outcome = (raw) => (raw[1] === 3 ? 'invalid' : 'added');
    if (way === 'a broadcast') await peer.send(0x02, list(raws));
    else {
      await peer.sendMessage('newPooledTransactionHashes', announcementOf(raws));
      await clock.advance(500);
      await peer.send(0x0a, pooled(received(peer).requests[0]?.requestId ?? 0n, raws));
    }
    expect((await peer.end()).code).toBe('invalid-transactions');
  });

  test('TP-09 refused, known and underpriced ones do not', async () => {
    const { pool, connect } = createGossipWorld();
    const peer = await connect();
    const outcomes = ['refused', 'known', 'underpriced', 'full'] as const;
    let next = 0;
    pool.outcome = () => outcomes[next++ % 4] as (typeof outcomes)[number];
    for (let i = 0; i < 20; i++) {
      void peer.send(0x02, list([transaction(i)]));
      await peer.clock.advance(200);
    }
    expect(next).toBe(20);
    expect(peer.peer.eth.info()).not.toBe('handshake');
    const headers = peer.peer.eth.getHeaders({ origin: 1, amount: 1 });
    headers.catch(() => {});
    expect((await peer.next())?.code).toBe(0x03);
  });

  test('TP-09 a pool that fails', async () => {
    const { pool, connect } = createGossipWorld();
    const peer = await connect();
    pool.add = async () => {
      throw new Error('the disk is full');
    };
    await peer.send(0x02, list([transaction(0)]));
    expect(await peer.end()).toMatchObject({ reason: 'subprotocol-error', code: undefined });
  });
});

/** A blob transaction without its sidecar. */
function bare(network: Uint8Array): Uint8Array {
  // The list of the transaction is the first item, of 56 to 255 bytes, in a list of that length.
  return Uint8Array.of(3, ...network.subarray(3, 5 + (network[4] as number)));
}

test('TP-31 a closed gossip sends and takes nothing, and serves', async () => {
  const { clock, pool, connect, gossip } = createGossipWorld();
  const peer = await connect();
  gossip.close();
  pool.put([transaction(0)]);
  await peer.send(0x02, list([transaction(1)]));
  await peer.sendMessage('newPooledTransactionHashes', announcementOf([transaction(2)]));
  await clock.advance(1000);
  expect(received(peer)).toEqual({ whole: [], announced: [], requests: [] });
  expect(pool.batches).toEqual([]);
  await peer.sendMessage('getPooledTransactions', { requestId: 1n, hashes: [hashOf(transaction(0))] });
  expect((await peer.next())?.code).toBe(0x0a);
});

test('HX-16 a flood of invalid transactions from half the peers delays others by at most a batch of each', async () => {
  const { clock, pool, connect } = createGossipWorld();
  const flooding = await Promise.all(range(0, 5).map(() => connect()));
  const honest = await Promise.all(range(0, 5).map(() => connect()));
  // The pool takes 1 ms for each transaction, one after the other.
  let turn: Promise<void> = Promise.resolve();
  let inPool = 0;
  let most = 0;
  const add = pool.add.bind(pool);
  pool.outcome = (raw) => (raw[1] === 0xfe ? 'refused' : 'added');
  pool.add = async (transactions) => {
    inPool += transactions.length;
    most = Math.max(most, inPool);
    turn = turn.then(() => sleep(clock, transactions.length));
    await turn;
    inPool -= transactions.length;
    return add(transactions);
  };
  const invalid = (peer: number, i: number): Uint8Array =>
    Uint8Array.of(2, 0xfe, peer, i >> 16, (i >> 8) & 255, i & 255, ...filled(14, 1));
  for (const [p, peer] of flooding.entries()) {
    for (let sent = 0; sent < 19_200; sent += 4800) {
      void peer.send(0x02, transactionsOf(range(sent, sent + 4800).map((i) => invalid(p, i))).raw);
    }
  }
  await clock.advance(1000);
  const delays: number[] = [];
  for (const [i, peer] of honest.entries()) {
    const raw = transaction(i);
    void peer.send(0x02, list([raw]));
    let waited = 0;
    for (; !pool.has(hashOf(raw)); waited += 10) await clock.advance(10);
    delays.push(waited);
  }
  // A batch of each flooding peer is in front, never their messages.
  expect(Math.max(...delays)).toBeLessThanOrEqual(5 * 128 + 20);
  expect(most).toBeLessThanOrEqual(6 * 128);
  for (const peer of honest) expect(peer.peer.eth.info()).not.toBe('handshake');
});
