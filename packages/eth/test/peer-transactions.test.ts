import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { decode } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import type { GetByHashes } from '../src/index.ts';
import { range } from './fetcher-world.ts';
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
import { MemoryChain } from './memory-chain.ts';
import { type Attack, attack, connect } from './peers.ts';

const announce = (peer: Attack, raws: readonly Uint8Array[]): Promise<void> =>
  peer.sendMessage('newPooledTransactionHashes', announcementOf(raws));

async function request({ clock, received, version }: Attack): Promise<GetByHashes | undefined> {
  await clock.advance(500);
  const found = received.splice(0).find(({ code }) => code === 0x09);
  return found && decode(version.messages.getPooledTransactions.codec, found.payload);
}

test('TP-23 a program without a pool reads the transactions of a peer, sent whole and announced', async () => {
  const peer = await attack({ crypto });
  const transactions = peer.peer.eth.transactions();
  const raws = [transaction(0), transaction(1), blobTransaction(2)] as const;
  await peer.send(0x02, list([raws[0], raws[0]].slice(1)));
  await announce(peer, raws);
  const blobs = await request(peer);
  expect(blobs?.hashes.map(toHex)).toEqual([toHex(hashOf(raws[2]))]);
  await peer.send(0x0a, pooled(blobs?.requestId ?? 0n, [raws[2]]));
  const plain = await request(peer);
  expect(plain?.hashes.map(toHex)).toEqual([toHex(hashOf(raws[1]))]);
  await peer.send(0x0a, pooled(plain?.requestId ?? 0n, [raws[1]]));
  const found: string[] = [];
  for await (const { hash, transaction: raw } of transactions) {
    expect(toHex(hashOf(raw))).toBe(toHex(hash));
    found.push(toHex(raw));
    if (found.length === 3) break;
  }
  expect(found).toEqual([raws[0], raws[2], raws[1]].map(toHex));
  // Nothing is fetched any more.
  await announce(peer, [blobTransaction(3)]);
  expect(await request(peer)).toBeUndefined();
  expect(peer.peer.eth.info()).not.toBe('handshake');
});

test('TP-23 a reader that is opened before Status, and two readers', async () => {
  const peers = await connect({ chain: new MemoryChain(3) }, { chain: new MemoryChain(3) });
  const [one, two] = [peers.left.eth.transactions(), peers.left.eth.transactions()];
  await peers.right.eth.sendTransactions([transaction(0)]);
  await peers.clock.advance(0);
  const results = await Promise.all([one.next(), two.next()]);
  expect(results.map(({ value }) => value && toHex(value.transaction))).toEqual(
    [0, 0].map(() => toHex(transaction(0))),
  );
  await one.return?.();
  await peers.right.eth.sendTransactions([transaction(1)]);
  await peers.clock.advance(0);
  expect((await one.next()).done).toBe(true);
  expect((await two.next()).value).toMatchObject({ transaction: transaction(1) });
});

test('TP-23 it ends with the peer, and rejects with the reason of its signal', async () => {
  const peer = await attack();
  const controller = new AbortController();
  const aborted = peer.peer.eth.transactions({ signal: controller.signal }).next();
  const open = peer.peer.eth.transactions();
  const ended = open.next();
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  await expect(peer.peer.eth.transactions({ signal: controller.signal }).next()).rejects.toThrow('enough');
  await peer.peer.disconnect('requested');
  expect((await ended).done).toBe(true);
  expect((await open.next()).done).toBe(true);
  expect((await peer.peer.eth.transactions().next()).done).toBe(true);
});

test('TP-35 a reader that does not read holds at most 4096 transactions, and the peer is still read from', async () => {
  const peer = await attack({ crypto });
  const transactions = peer.peer.eth.transactions();
  const raws = range(0, 4200).map((nonce) => transaction(nonce));
  await peer.send(0x02, list(raws));
  const blob = blobTransaction(5000);
  await announce(peer, [blob]);
  expect(await request(peer)).toBeUndefined();
  const headers = peer.peer.eth.getHeaders({ origin: 0, amount: 1 });
  headers.catch(() => {});
  expect((await peer.next())?.code).toBe(0x03);
  for (let i = 0; i < 4096; i++) expect((await transactions.next()).done).toBe(false);
  await announce(peer, [blob]);
  expect((await request(peer))?.hashes.map(toHex)).toEqual([toHex(hashOf(blob))]);
});

test('TP-35 a transaction that waits for the reader does not keep its message in memory', async () => {
  const peer = await attack({ crypto });
  const transactions = peer.peer.eth.transactions();
  await peer.send(0x02, list([transaction(0, 100_000), transaction(1)]));
  await transactions.next();
  const { value } = await transactions.next();
  expect(value?.transaction.buffer.byteLength).toBeLessThan(1000);
  expect(value && toHex(value.transaction)).toBe(toHex(transaction(1)));
});

test('TP-09 malformed transactions end the peer', async () => {
  const peer = await attack();
  const next = peer.peer.eth.transactions();
  await peer.send(0x02, list([garbage(1)]));
  expect((await peer.end()).code).toBe('invalid-transactions');
  // They were read before the whole message was checked.
  expect((await next.next()).done).toBe(false);
  expect((await next.next()).done).toBe(true);
});

test('TP-23 beside an exchange the reader gets what the exchange receives', async () => {
  const { connect: join, pool } = createGossipWorld();
  const peer = await join();
  const transactions = peer.peer.eth.transactions();
  const raws = [transaction(0), blobTransaction(1)] as const;
  await peer.send(0x02, list([raws[0]]));
  await announce(peer, [raws[1]]);
  const asked = await request(peer);
  await peer.send(0x0a, pooled(asked?.requestId ?? 0n, [raws[1]]));
  expect([await transactions.next(), await transactions.next()].map(({ value }) => toHex(value.hash))).toEqual(
    raws.map((raw) => toHex(hashOf(raw))),
  );
  expect(pool.transactions.size).toBe(2);
  await transactions.return?.();
  await peer.send(0x02, list([transaction(2)]));
  expect(pool.transactions.size).toBe(3);
});
