import { toHex } from '@devp2p/bytes';
import { decode } from '@devp2p/rlp';
import { expect, test } from 'vitest';
import { type EthPeer, type TransactionExchange, transactionsOf } from '../src/index.ts';
import { filled } from './memory-chain.ts';
import { attack, exchange } from './peers.ts';

const transactions = [filled(20, 2), Uint8Array.of(0xc9, ...filled(9, 0x80))];
const announcement = {
  types: Uint8Array.of(2, 0),
  sizes: [20, 10],
  hashes: [filled(32, 1), filled(32, 2)],
};

test('ET-02 transactions and announcements are passed to the exchange unchanged', async () => {
  const got: unknown[] = [];
  const from: EthPeer[] = [];
  const perPeer = exchange({
    received: (list) => {
      got.push([...list].map(toHex));
    },
    announced: async (list) => {
      got.push(list);
    },
    disconnected: () => {
      got.push('disconnected');
    },
  });
  const transactionExchange: TransactionExchange = {
    connected(peer, end) {
      from.push(peer);
      return perPeer.connected(peer, end);
    },
  };
  const attacked = await attack({ transactions: transactionExchange });
  await attacked.sendMessage('transactions', transactionsOf(transactions));
  await attacked.sendMessage('newPooledTransactionHashes', announcement);
  expect(got).toEqual([transactions.map(toHex), announcement]);
  expect(from).toEqual([attacked.peer.eth]);
  await attacked.peer.disconnect('requested');
  expect(got).toEqual([transactions.map(toHex), announcement, 'disconnected']);
});

test('ET-02 without an exchange they are dropped, but must be well-formed', async () => {
  const attacked = await attack();
  await attacked.sendMessage('transactions', transactionsOf(transactions));
  await attacked.sendMessage('newPooledTransactionHashes', announcement);
  await attacked.sendMessage('newPooledTransactionHashes', {
    types: new Uint8Array(),
    sizes: [],
    hashes: [],
  });
  expect(attacked.peer.eth.info()).not.toBe('handshake');
  await attacked.send(0x02, Uint8Array.of(0xc1, 0x80));
  expect((await attacked.end()).code).toBe('malformed-message');
});

test('ET-02 a busy exchange delays its peer, a rejecting one ends it', async () => {
  let go: (error?: Error) => void = () => {};
  let calls = 0;
  const busy = exchange({
    received: () => {
      calls++;
      return new Promise<void>((resolve, reject) => {
        go = (error) => (error === undefined ? resolve() : reject(error));
      });
    },
  });
  const attacked = await attack({ transactions: busy });
  await attacked.sendMessage('transactions', transactionsOf(transactions));
  await attacked.sendMessage('transactions', transactionsOf(transactions));
  expect(calls).toBe(1);
  go();
  await attacked.clock.advance(0);
  expect(calls).toBe(2);
  go(new Error('no more of these'));
  const { reason, direction } = await attacked.end();
  expect({ reason, direction }).toEqual({ reason: 'subprotocol-error', direction: 'local' });
});

test('ET-02 5000 transactions are accepted, one more ends the peer', async () => {
  const many = (count: number): Uint8Array => transactionsOf(new Array(count).fill(filled(10, 2))).raw;
  let got = 0;
  const counting = exchange({
    received: ({ length }) => {
      got += length;
    },
  });
  const attacked = await attack({ transactions: counting });
  await attacked.send(0x02, many(5000));
  expect(got).toBe(5000);
  await attacked.send(0x02, many(5001));
  expect((await attacked.end()).code).toBe('malformed-message');
});

test('ET-02 transactions and announcements are sent', async () => {
  const attacked = await attack();
  await attacked.peer.eth.sendTransactions(transactions);
  await attacked.peer.eth.announceTransactions(announcement);
  const sent = [await attacked.next(), await attacked.next()];
  const { messages } = attacked.version;
  expect(sent.map((message) => message?.code)).toEqual([0x02, 0x08]);
  const list = decode(messages.transactions.codec, sent[0]?.payload as Uint8Array);
  expect([...list].map(toHex)).toEqual(transactions.map(toHex));
  expect(decode(messages.newPooledTransactionHashes.codec, sent[1]?.payload as Uint8Array)).toEqual(announcement);
});
