import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';

import { type Log, receiptCodec, transactionHash } from '@devp2p/eth';
import { randomBytes } from '@devp2p/random';
import { decode } from '@devp2p/rlp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LocalChain } from '../../src/chain/chain.ts';
import { ForkChoice } from '../../src/chain/fork-choice.ts';
import { syncStateOf } from '../../src/engine/sync-state.ts';
import { chainView } from '../../src/rpc/namespaces/chain-view.ts';
import { ethNamespace } from '../../src/rpc/namespaces/eth.ts';
import { findLogs, logFilter } from '../../src/rpc/namespaces/logs.ts';
import type { Namespace } from '../../src/rpc/transport/api.ts';
import { block, hex, length, openScene } from '../engine/scene.ts';
import { blocks } from '../sync/demo-blocks.ts';

let chain: LocalChain;
let close: () => Promise<void>;
let forkChoice: ForkChoice;
let eth: Namespace;
beforeAll(async () => {
  ({ chain, close } = await openScene());
});
const over = (source: LocalChain): Namespace =>
  ethNamespace({
    chain: source,
    crypto,
    clock: systemClock,
    random: randomBytes,
    tags: forkChoice,
    syncState: syncStateOf(source, forkChoice),
  });
beforeEach(() => {
  forkChoice = new ForkChoice(chain);
  eth = over(chain);
});
afterAll(() => close());

/** Fields of responses that are checked one by one. */
interface Looked {
  size: string;
  from: string;
  to: string | null;
  contractAddress: string | null;
  effectiveGasPrice: string;
}
type Json = Record<string, unknown> & Looked;
const call = async (method: string, ...params: unknown[]): Promise<unknown> => {
  const run = eth.methods[method];
  if (run === undefined) throw new Error(`there is no ${method}`);
  return run(params);
};
const quantity = (value: number | bigint): string => `0x${value.toString(16)}`;
const hashOf = (number: number): string => hex(block(number).header.hash);
const unknown = `0x${'22'.repeat(32)}`;
/** Number of the lowest block on the chain with a matching transaction. */
const withTransactions = (fits: (raw: Uint8Array) => boolean = () => true): number =>
  blocks.slice(0, length + 1).findIndex(({ body }) => [...body.transactions].some(fits));
const ref = (number: number) => ({ number, hash: block(number).header.hash });

describe('blocks', () => {
  test('RP-14 EN-01 requests by number and by hash return the same complete block', async () => {
    const number = withTransactions();
    const { header, body } = block(number);
    const found = (await call('getBlockByNumber', quantity(number), false)) as Json;
    expect(await call('getBlockByHash', hashOf(number), false)).toEqual(found);
    expect(found).toMatchObject({
      number: quantity(number),
      hash: hashOf(number),
      parentHash: hashOf(number - 1),
      nonce: '0x0000000000000000',
      miner: hex(header.beneficiary),
      gasUsed: quantity(header.gasUsed),
      timestamp: quantity(header.timestamp),
      baseFeePerGas: quantity(header.baseFeePerGas ?? 0n),
      transactions: [...body.transactions].map((raw) => hex(crypto.keccak256(raw))),
      uncles: [],
    });
    // The list prefix of the block, the header, and the lists of the body without its prefix.
    expect(Number(found.size)).toBeGreaterThan(header.raw.length + body.raw.length - 4);
    expect(found).not.toHaveProperty('totalDifficulty');
    for (const field of [
      ...['mixHash', 'sha3Uncles', 'logsBloom', 'transactionsRoot', 'stateRoot', 'receiptsRoot', 'difficulty'],
      ...['extraData', 'gasLimit'],
    ]) {
      expect(found).toHaveProperty(field, expect.stringMatching(/^0x[0-9a-f]*$/));
    }
    const { transactions: _, uncles: __, size: ___, withdrawals: ____, ...fields } = found;
    expect(await call('getHeaderByNumber', quantity(number))).toEqual(fields);
    expect(await call('getHeaderByHash', hashOf(number))).toEqual(fields);
  });

  test('RP-14 EN-01 fields that forks have added are present from the fork on', async () => {
    const { forks } = chain.genesis.config;
    for (const [field, fork] of [
      ['withdrawals', forks.shanghai],
      ['excessBlobGas', forks.cancun],
      ['blockAccessListHash', forks.amsterdam],
      ['withdrawalsRoot', forks.shanghai],
      ['blobGasUsed', forks.cancun],
      ['parentBeaconBlockRoot', forks.cancun],
      ['requestsHash', forks.prague],
      ['slotNumber', forks.amsterdam],
    ] as const) {
      for (const number of [1, 300, 500, length]) {
        const found = (await call('getBlockByNumber', quantity(number), false)) as Json;
        expect([number, field, field in found]).toEqual([...[number, field, block(number).header.timestamp >= fork]]);
      }
    }
  });

  test('EN-01 tags', async () => {
    const numberOf = async (tag: string) =>
      ((await call('getBlockByNumber', tag, false)) as { number: string } | null)?.number;
    expect(await numberOf('earliest')).toBe('0x0');
    expect(await numberOf('latest')).toBe(quantity(length));
    expect(await numberOf('pending')).toBeUndefined();
    for (const tag of ['safe', 'finalized']) {
      await expect(numberOf(tag)).rejects.toMatchObject({
        number: -39001,
        message: 'Unknown block',
      });
    }
    await forkChoice.apply({ head: ref(690), safe: ref(680), finalized: ref(670) });
    expect(await numberOf('latest')).toBe(quantity(690));
    expect(await numberOf('safe')).toBe(quantity(680));
    expect(await numberOf('finalized')).toBe(quantity(670));
    expect(await call('blockNumber')).toBe(quantity(690));
    // Blocks above the head are found by hash only.
    expect(await numberOf(quantity(691))).toBeUndefined();
    expect(await call('getBlockByHash', hashOf(691), false)).toMatchObject({ hash: hashOf(691) });
    // A fork choice whose blocks are no longer on the chain is ignored.
    await forkChoice.apply({ head: { number: 690, hash: block(900).header.hash } });
    expect(await numberOf('latest')).toBe(quantity(length));
  });

  test('EN-01 every method returns null for an unknown block', async () => {
    for (const [number, hash, ...rest] of [
      ['getBlockByNumber', 'getBlockByHash', true],
      ['getHeaderByNumber', 'getHeaderByHash'],
      ['getBlockTransactionCountByNumber', 'getBlockTransactionCountByHash'],
      ['getUncleCountByBlockNumber', 'getUncleCountByBlockHash'],
      ['getUncleByBlockNumberAndIndex', 'getUncleByBlockHashAndIndex', '0x0'],
      ['getTransactionByBlockNumberAndIndex', 'getTransactionByBlockHashAndIndex', '0x0'],
      ['getRawTransactionByBlockNumberAndIndex', 'getRawTransactionByBlockHashAndIndex', '0x0'],
      ['getBlockReceipts', 'getBlockReceipts'],
    ] as const) {
      expect(await call(number, quantity(length + 1), ...rest)).toBeNull();
      expect(await call(hash, unknown, ...rest)).toBeNull();
    }
  });

  test.each([
    ['getBlockByNumber', ['2', false]],
    ['getBlockByNumber', [2, false]],
    ['getBlockByNumber', ['0x02', false]],
    ['getBlockByNumber', ['0x20000000000000', false]],
    ['getBlockByNumber', ['newest', false]],
    ['getBlockByNumber', ['latest']],
    ['getBlockByNumber', ['latest', 'yes']],
    ['getBlockByHash', [unknown.slice(2), false]],
    ['getBlockByHash', ['latest', false]],
    ['getBlockReceipts', [{}]],
    ['getBlockReceipts', [{ blockHash: unknown, blockNumber: '0x1' }]],
    ['getTransactionByBlockNumberAndIndex', ['latest', '0x-1']],
  ])('EN-05 %s of %j is refused', async (method, params) => {
    await expect(call(method, ...params)).rejects.toMatchObject({ number: -32602 });
  });
});

describe('transactions', () => {
  const known = (from: unknown): boolean => /^0x[0-9a-f]{40}$/.test(String(from)) && !/^0x0+$/.test(String(from));

  test.each([
    ['legacy', (raw: Uint8Array) => (raw[0] as number) >= 0xc0, '0x0'],
    ['with an access list', (raw: Uint8Array) => raw[0] === 1, '0x1'],
    ['with fees', (raw: Uint8Array) => raw[0] === 2, '0x2'],
    ['with blobs', (raw: Uint8Array) => raw[0] === 3, '0x3'],
    ['with authorizations', (raw: Uint8Array) => raw[0] === 4, '0x4'],
  ])('EN-01 one %s is returned by block and index', async (_, fits, type) => {
    const number = withTransactions(fits);
    if (number < 0) return;
    const { body } = block(number);
    const index = [...body.transactions].findIndex(fits);
    const raw = body.transactions.at(index);
    const found = (await call('getTransactionByBlockNumberAndIndex', quantity(number), quantity(index))) as Json;
    expect(found).toMatchObject({
      type,
      hash: hex(transactionHash(raw, crypto)),
      blockHash: hashOf(number),
      blockNumber: quantity(number),
      transactionIndex: quantity(index),
      blockTimestamp: quantity(block(number).header.timestamp),
    });
    expect(known(found.from)).toBe(true);
    expect('yParity' in found).toBe(type !== '0x0');
    expect('accessList' in found).toBe(type !== '0x0');
    const place = [hashOf(number), quantity(index)];
    expect(await call('getTransactionByBlockHashAndIndex', ...place)).toEqual(found);
    expect(await call('getRawTransactionByBlockHashAndIndex', ...place)).toBe(hex(raw));
    const whole = (await call('getBlockByNumber', quantity(number), true)) as {
      transactions: Json[];
    };
    expect(whole.transactions[index]).toEqual(found);
    expect(await call('getBlockTransactionCountByNumber', quantity(number))).toBe(quantity(body.transactions.length));
  });
});

describe('receipts', () => {
  test('RP-16 EN-01 gas and log indexes are cumulative over the block', async () => {
    let seenLogs = 0;
    for (const [number, { header, body, receipts }] of blocks.slice(0, length + 1).entries()) {
      if (number % 40 !== 0 && receipts.length < 3) continue;
      const found = (await call('getBlockReceipts', quantity(number))) as Json[];
      expect(found).toHaveLength(body.transactions.length);
      const gas = found.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0);
      expect(gas).toBe(header.gasUsed);
      const logs = found.flatMap(({ logs }) => logs as Json[]);
      expect(logs.map(({ logIndex }) => logIndex)).toEqual(logs.map((_, i) => quantity(i)));
      seenLogs += logs.length;
      for (const [i, receipt] of found.entries()) {
        const { cumulativeGas, outcome } = decode(receiptCodec, receipts.at(i));
        expect(receipt).toMatchObject({
          cumulativeGasUsed: quantity(cumulativeGas),
          status: outcome === true ? '0x1' : '0x0',
          transactionHash: hex(transactionHash(body.transactions.at(i), crypto)),
          blockHash: hashOf(number),
        });
        const raw = body.transactions.at(i);
        const type = (raw[0] as number) < 0xc0 ? (raw[0] as number) : 0;
        expect(receipt).toHaveProperty('type', quantity(type));
        expect(['blobGasUsed' in receipt, 'blobGasPrice' in receipt]).toEqual([type === 3, type === 3]);
        for (const log of receipt['logs'] as Json[]) {
          expect(log).toMatchObject({ blockTimestamp: quantity(header.timestamp), removed: false });
        }
        expect(receipt.to === null).toBe(receipt.contractAddress !== null);
        expect(Number(receipt.effectiveGasPrice)).toBeGreaterThanOrEqual(Number(header.baseFeePerGas));
      }
      if (found.length > 0) {
        expect(await call('getBlockReceipts', hashOf(number))).toEqual(found);
        expect(await call('getBlockReceipts', { blockHash: hashOf(number) })).toEqual(found);
      }
    }
    expect(seenLogs).toBeGreaterThan(0);
  });

  test('EN-01 missing receipts are an error, not an empty list', async () => {
    const lacking: LocalChain = Object.create(chain, {
      blockByHash: {
        value: async (hash: Uint8Array) => ({
          ...(await chain.blockByHash(hash)),
          receipts: undefined,
        }),
      },
    });
    eth = over(lacking);
    await expect(call('getBlockReceipts', quantity(600))).rejects.toMatchObject({ number: 4444 });
    const number = withLogs();
    await expect(call('getLogs', { blockHash: hashOf(number) })).rejects.toMatchObject({ number: 4444 });
  });
});

/** All logs of the chain with their blocks. */
const allLogs: { log: Log; number: number }[] = blocks
  .slice(0, length + 1)
  .flatMap(({ header, receipts }) =>
    [...receipts].flatMap((raw) => decode(receiptCodec, raw).logs.map((log) => ({ log, number: header.number }))),
  );
const withLogs = (): number => allLogs[0]?.number ?? 0;

describe('logs', () => {
  const all = { fromBlock: 'earliest', toBlock: 'latest' };
  const first = () => (allLogs[0] as (typeof allLogs)[number]).log;

  test('EN-01 all logs, in order', async () => {
    const found = (await call('getLogs', all)) as Json[];
    expect(found.map(({ blockNumber, address, data }) => [blockNumber, address, data])).toEqual(
      allLogs.map(({ log, number }) => [quantity(number), hex(log.address), hex(log.data)]),
    );
    expect(allLogs.length).toBeGreaterThan(1);
  });

  test('EN-01 logs of an address, of topics, of a block', async () => {
    const { address, topics } = first();
    const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) => hex(a) === hex(b);
    const count = (fits: (log: Log) => boolean) => allLogs.filter(({ log }) => fits(log)).length;
    const lengthOf = async (filter: object) => ((await call('getLogs', { ...all, ...filter })) as Json[]).length;
    const byAddress = count((log) => same(log.address, address));
    expect(await lengthOf({ address: hex(address) })).toBe(byAddress);
    expect(await lengthOf({ address: [hex(address), `0x${'99'.repeat(20)}`] })).toBe(byAddress);
    expect(await lengthOf({ address: `0x${'99'.repeat(20)}` })).toBe(0);
    expect(await lengthOf({ address: [] })).toBe(allLogs.length);
    const byTopic = count((log) => same(log.topics[0], topics[0]));
    expect(await lengthOf({ topics: [hex(topics[0])] })).toBe(byTopic);
    expect(await lengthOf({ topics: [[unknown, hex(topics[0])]] })).toBe(byTopic);
    expect(await lengthOf({ topics: [null] })).toBe(count((log) => log.topics.length >= 1));
    expect(await lengthOf({ topics: [null, null, null, null] })).toBe(count((log) => log.topics.length >= 4));
    expect(await lengthOf({ topics: [unknown] })).toBe(0);
    const number = withLogs();
    const here = allLogs.filter((one) => one.number === number).length;
    expect(await call('getLogs', { blockHash: hashOf(number) })).toHaveLength(here);
  });

  test.each([
    ['both a hash and a number', { blockHash: unknown, fromBlock: '0x1' }, -32602],
    ['from above to', { fromBlock: '0x5', toBlock: '0x4' }, -32602],
    ['to above the head', { fromBlock: '0x1', toBlock: quantity(length + 1) }, -32602],
    ['the pending block', { fromBlock: '0x1', toBlock: 'pending' }, -32602],
    ['five topics', { topics: [null, null, null, null, null] }, -32602],
    ['1001 addresses', { address: Array(1_001).fill(`0x${'99'.repeat(20)}`) }, -32602],
    ['an address of 19 bytes', { address: `0x${'99'.repeat(19)}` }, -32602],
    ['an unknown hash', { blockHash: unknown }, -32000],
    ['no filter', undefined, -32602],
  ])('EN-01 EN-38 %s is refused', async (_, filter, number) => {
    await expect(call('getLogs', filter)).rejects.toMatchObject({ number });
  });

  test('EN-38 a query beyond its limits is refused', async () => {
    const view = chainView(chain, forkChoice);
    const ask = (limits: { maxBlocks: number; maxBytes: number }) =>
      findLogs(logFilter(all), { chain, view, crypto, clock: systemClock }, { ...limits, maxTime: 60_000 });
    await expect(ask({ maxBlocks: length, maxBytes: 1e9 })).rejects.toMatchObject({
      number: -32602,
      message: `range of ${length + 1} blocks, at most ${length}`,
    });
    await expect(ask({ maxBlocks: 1e6, maxBytes: 1_000 })).rejects.toMatchObject({
      number: -32003,
    });
    expect(await ask({ maxBlocks: length + 1, maxBytes: 1e9 })).toHaveLength(allLogs.length);
  });
});

describe('the rest', () => {
  test('EN-01 chain id and accounts', async () => {
    expect(await call('chainId')).toBe(quantity(chain.genesis.config.chainId));
    expect(await call('accounts')).toEqual([]);
    expect(await call('blockNumber')).toBe(quantity(length));
  });

  test('RP-31 EN-01 syncing is false only at the head of the consensus client', async () => {
    const state = { startingBlock: quantity(length), currentBlock: quantity(length) };
    expect(await call('syncing')).toEqual({ ...state, highestBlock: quantity(length) });
    forkChoice.request({ head: block(length).header.hash });
    expect(await call('syncing')).toBe(false);
    forkChoice.keepHeader(block(900).header);
    forkChoice.request({ head: block(900).header.hash });
    expect(await call('syncing')).toEqual({ ...state, highestBlock: quantity(900) });
    const top = 950;
    const { hash: topHash, parentHash: tailParent } = block(top).header;
    await chain.syncProgress.write([block(top).header], [{ top, topHash, tail: top, tailParent }]);
    expect(await call('syncing')).toEqual({ ...state, highestBlock: quantity(top) });
    await chain.syncProgress.clear();
  });

  test.each([
    'call',
    'getBalance',
    'getCode',
    'getStorageAt',
    'getTransactionCount',
    'getProof',
    'estimateGas',
    'sendRawTransaction',
    'sendRawTransactionSync',
    'fillTransaction',
    'createAccessList',
    'getStorageValues',
  ])('RP-11 EN-01 %s fails because there is no state', async (method) => {
    await expect(call(method, {}, 'latest')).rejects.toMatchObject({
      number: -32000,
      message: 'state is not available without execution',
    });
  });

  test.each(['getTransactionByHash', 'getTransactionReceipt', 'getRawTransactionByHash'])(
    'RP-13 %s returns what the methods about its block return',
    async (method) => {
      const number = withTransactions();
      for (const [index, raw] of [...block(number).body.transactions].entries()) {
        const found = await call(method, hex(transactionHash(raw, crypto)));
        const receipts = (await call('getBlockReceipts', quantity(number))) as Json[];
        const expected = {
          getTransactionByHash: await call('getTransactionByBlockHashAndIndex', hashOf(number), quantity(index)),
          getTransactionReceipt: receipts[index],
          getRawTransactionByHash: hex(raw),
        };
        expect(found).toEqual(expected[method as keyof typeof expected]);
      }
    },
  );

  test.each(['getTransactionByHash', 'getTransactionReceipt', 'getRawTransactionByHash'])(
    'RP-08 %s returns null for an unknown hash',
    async (method) => {
      expect(await call(method, unknown)).toBeNull();
    },
  );

  test.each([
    ['RP-12 an index that is being built', { isEnabled: true, remaining: 5 }, 'transaction indexing is in progress'],
    ['RP-12 no index', { isEnabled: false, remaining: 0 }, 'transactions are not indexed by hash'],
  ])('%s is an error instead of null', async (_, state, message) => {
    eth = over(
      Object.create(chain, {
        transactionIndex: { value: { ...state, first: 5 } },
        findTransaction: { value: async () => undefined },
      }),
    );
    for (const method of ['getTransactionByHash', 'getTransactionReceipt', 'getRawTransactionByHash']) {
      await expect(call(method, unknown)).rejects.toMatchObject({ number: -32000, message });
    }
  });
});
