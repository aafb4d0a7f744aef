import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { transactionHash } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { ConsensusDriver, type DriverBlock } from './consensus-driver.ts';
import { fundedAccounts, type SignedTransaction, transactionsOfEachType } from './each-type.ts';
import type { Geth } from './geth.ts';
import { call } from './json-rpc.ts';
import { Scene } from './scene.ts';

const scene = new Scene();
/** Time of the first block: after the last fork, for which 40 slots have no block. */
const missedSlots = 40;
/** Real duration of a slot in ms, in which all transactions are executed on a busy machine. */
const slot = 6_000;
const patience = { timeout: 60_000, interval: 100 };

type Ask = (method: string, params?: readonly unknown[]) => Promise<unknown>;

interface Network {
  readonly geth: Geth;
  /** JSON-RPC of our node. */
  readonly ours: Ask;
  readonly driver: ConsensusDriver;
}

/** Our node and geth, connected, with a first block after the last fork, which a consensus client has chosen. */
async function startNetwork(): Promise<Network> {
  const geth = await scene.startGeth({ blocks: false, flags: ['--http.api=admin,eth,net,txpool'] });
  const http = ['--http', '--http.port=0', '--http.api=admin,eth,txpool'];
  const { program, engine } = await scene.startEngineNode([`--static=${geth.enode}`, ...http]);
  const [, endpoint = ''] = await program.line(/http server started endpoint=(\S+)/);
  await program.line(/peer added/);
  const driver = new ConsensusDriver({ geth: geth.engine, ours: engine }, scene.chain.genesisHash);
  const network: Network = { geth, driver, ours: (method, params = []) => call(`http://${endpoint}`, method, params) };
  // geth ignores transactions until a consensus client has chosen a head.
  await extend(network, await driver.build('geth', 30, missedSlots));
  return network;
}

/** Has both execute a block and take it as the head. */
async function extend({ driver }: Network, block: DriverBlock): Promise<void> {
  const valid = { geth: `VALID ${block.hash}`, ours: `VALID ${block.hash}` };
  // The answer of ours is SYNCING until its start has ended.
  if (driver.head === driver.genesis) await expect.poll(() => driver.send(block), patience).toEqual(valid);
  expect(await driver.send(block)).toEqual(valid);
  expect(await driver.choose(block)).toEqual(valid);
  driver.head = block;
}

const hex = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;
const hashOf = ({ raw }: SignedTransaction): string => hex(transactionHash(raw, crypto));

/** Sends transactions to one side. @returns what it shows of each of them, by name */
async function sendAll(to: Ask, transactions: readonly SignedTransaction[]): Promise<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const transaction of transactions) {
    const hash = hashOf(transaction);
    expect(await to('eth_sendRawTransaction', [hex(transaction.raw)])).toBe(hash);
    shown[transaction.name] = await to('eth_getTransactionByHash', [hash]);
  }
  return shown;
}

/** Waits until one side shows the same pending transactions as the other one. */
async function expectSeen(
  by: Ask,
  transactions: readonly SignedTransaction[],
  shown: Record<string, unknown>,
): Promise<void> {
  const seen = async () => {
    const each = await Promise.all(transactions.map((one) => by('eth_getTransactionByHash', [hashOf(one)])));
    return Object.fromEntries(transactions.map(({ name }, i) => [name, each[i]]));
  };
  await expect.poll(seen, patience).toEqual(shown);
}

/** A block of one side with these transactions and no others, which both execute; their receipts are the same. */
async function expectMined(network: Network, side: 'geth' | 'ours', transactions: readonly SignedTransaction[]) {
  const { driver, geth, ours } = network;
  const block = await driver.build(side, slot);
  await extend(network, block);
  const { transactions: mined } = (await ours('eth_getBlockByHash', [block.hash, false])) as { transactions: string[] };
  expect(mined.toSorted()).toEqual(transactions.map(hashOf).toSorted());
  const receipts = (await ours('eth_getBlockReceipts', [block.hash])) as { status: string }[];
  expect(receipts.map(({ status }) => status)).toEqual(transactions.map(() => '0x1'));
  expect(receipts).toEqual(await geth.rpc('eth_getBlockReceipts', [block.hash]));
  for (const ask of [ours, geth.rpc]) {
    await expect.poll(() => ask('txpool_status'), patience).toEqual({ pending: '0x0', queued: '0x0' });
  }
}

/** Counts of our exchange of transactions with geth. */
async function countsOf(ours: Ask): Promise<Record<string, unknown>> {
  const [peer] = (await ours('admin_peers')) as { transactions: Record<string, unknown> }[];
  return peer?.transactions ?? {};
}

test('TP-29 transactions of each type that our node gets reach geth, whole or on request, and each mines them', async () => {
  const network = await startNetwork();
  const { geth, ours } = network;
  const accounts = fundedAccounts(scene.chain);
  const first = transactionsOfEachType(scene.chain, accounts.slice(0, 9), 1);
  await expectSeen(geth.rpc, first, await sendAll(ours, first));
  expect(await countsOf(ours)).toMatchObject({ sentWhole: 4, sentHashes: 5, served: 5 });
  await expectMined(network, 'ours', first);
  const second = transactionsOfEachType(scene.chain, accounts.slice(9, 18), 2);
  await expectSeen(geth.rpc, second, await sendAll(ours, second));
  await expectMined(network, 'geth', second);
});

test('TP-22 transactions of each type that geth gets reach our node, whole or on request, and each mines them', async () => {
  const network = await startNetwork();
  const { geth, ours } = network;
  const accounts = fundedAccounts(scene.chain);
  const first = transactionsOfEachType(scene.chain, accounts.slice(0, 9), 3);
  await expectSeen(ours, first, await sendAll(geth.rpc, first));
  expect(await countsOf(ours)).toMatchObject({
    broadcast: 4,
    announced: 5,
    delivered: 5,
    outcomes: { added: 9, invalid: 0 },
  });
  await expectMined(network, 'ours', first);
  const second = transactionsOfEachType(scene.chain, accounts.slice(9, 18), 4);
  await expectSeen(ours, second, await sendAll(geth.rpc, second));
  await expectMined(network, 'geth', second);
});

test('TP-15 TP-20 both nodes put the transactions of a left block into their pools again, and mine them again', async () => {
  const network = await startNetwork();
  const { geth, ours, driver } = network;
  const transactions = transactionsOfEachType(scene.chain, fundedAccounts(scene.chain), 5);
  const shown = await sendAll(ours, transactions);
  await expectSeen(geth.rpc, transactions, shown);
  const parent = driver.head;
  await expectMined(network, 'ours', transactions);
  expect(await driver.choose(parent)).toEqual({ geth: `VALID ${parent.hash}`, ours: `VALID ${parent.hash}` });
  driver.head = parent;
  await expectSeen(ours, transactions, shown);
  await expectSeen(geth.rpc, transactions, shown);
  await expectMined(network, 'geth', transactions);
});
