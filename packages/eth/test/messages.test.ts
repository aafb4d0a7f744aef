import { fromHex, toHex } from '@devp2p/bytes';
import { type Codec, decode, encode, list, RlpError, raw } from '@devp2p/rlp';
import { type Input, RLP } from '@ethereumjs/rlp';
import { expect, test } from 'vitest';
import { decodeBody, headerCodec, receiptCodec } from '../src/index.ts';
import * as codecs from '../src/wire/messages.ts';
import { removeBlooms } from '../src/wire/receipt-encoding.ts';
import { eth68 } from '../src/wire/versions/68.ts';
import { eth69 } from '../src/wire/versions/69.ts';
import { eth70 } from '../src/wire/versions/70.ts';
import { filled } from './memory-chain.ts';
import vectors from './vectors/eip-2481.json' with { type: 'json' };

const rlp = (type: string, index = 0): Uint8Array =>
  fromHex(vectors.cases.filter((c) => c.type === `${type}Packet66`)[index]?.rlp.slice(2) as string);
const padded = (text: string): Uint8Array => fromHex(text.padStart(64, '0'));
const hashes = [padded('deadc0de'), padded('feedbeef')];
const requestId = 1111n;

test('ET-01 GetBlockHeaders matches EIP-2481', () => {
  const query = { origin: padded('deadc0de'), amount: 5n, skip: 5n, reverse: false };
  expect(decode(codecs.getBlockHeaders, rlp('GetBlockHeaders'))).toEqual({ requestId, query });
  const byNumber = { requestId, query: { ...query, origin: 9999n } };
  expect(decode(codecs.getBlockHeaders, rlp('GetBlockHeaders', 1))).toEqual(byNumber);
  expect(encode(codecs.getBlockHeaders, byNumber)).toEqual(rlp('GetBlockHeaders', 1));
});

test.each(['GetBlockBodies', 'GetReceipts', 'GetPooledTransactions'])('ET-01 %s matches EIP-2481', (type) => {
  expect(decode(codecs.getByHashes, rlp(type))).toEqual({ requestId, hashes });
  expect(encode(codecs.getByHashes, { requestId, hashes })).toEqual(rlp(type));
});

test('ET-01 BlockHeaders matches EIP-2481', () => {
  const { items } = decode(codecs.items, rlp('BlockHeaders'));
  expect(items).toHaveLength(1);
  const header = decode(headerCodec, items[0] as Uint8Array);
  expect(header).toMatchObject({ difficulty: 2222n, number: 3333, gasLimit: 4444, gasUsed: 5555 });
  expect(header).toMatchObject({ timestamp: 6666, extraData: fromHex('7788') });
  expect(encode(codecs.items, { requestId, items })).toEqual(rlp('BlockHeaders'));
});

test('ET-01 BlockBodies matches EIP-2481', () => {
  const { items } = decode(codecs.items, rlp('BlockBodies'));
  const body = decodeBody(items[0] as Uint8Array);
  expect(body.transactions).toHaveLength(2);
  expect(decode(headerCodec, body.uncles.at(0)).number).toBe(3333);
  expect('withdrawals' in body).toBe(false);
});

test('ET-01 Receipts of eth/68 matches EIP-2481', () => {
  const { items, lastBlockIncomplete } = decode(eth69.messages.receipts.codec, rlp('Receipts'));
  expect(lastBlockIncomplete).toBe(false);
  const receipts = removeBlooms(items[0] as Uint8Array);
  expect(decode(receiptCodec, receipts.at(0))).toEqual({
    type: 0,
    outcome: false,
    cumulativeGas: 1,
    logs: [
      {
        address: fromHex('11'.padStart(40, '0')),
        topics: [padded('dead'), padded('beef')],
        data: fromHex('0100ff'),
      },
    ],
  });
});

test('ET-01 PooledTransactions matches EIP-2481', () => {
  const { items } = decode(codecs.pooledTransactions, rlp('PooledTransactions'));
  expect(items).toHaveLength(2);
  expect(encode(codecs.pooledTransactions, { requestId, items })).toEqual(rlp('PooledTransactions'));
});

test('ET-01 every message with a request id, empty', () => {
  const empty = fromHex('c4820457c0');
  expect(encode(codecs.getByHashes, { requestId, hashes: [] })).toEqual(empty);
  expect(encode(codecs.items, { requestId, items: [] })).toEqual(empty);
  const receipts = { requestId, items: [], lastBlockIncomplete: false };
  expect(encode(eth69.messages.receipts.codec, receipts)).toEqual(empty);
  expect(toHex(encode(eth70.messages.receipts.codec, receipts))).toBe('c582045780c0');
  expect(encode(codecs.pooledTransactions, { requestId, items: [] })).toEqual(empty);
});

test('ET-01 Receipts of eth/69 matches go-ethereum', () => {
  const message = fromHex(
    'f8da820457f8d5f8d3f866808082014df85ff85d940000000000000000000000000000000000000011f842a0' +
      '000000000000000000000000000000000000000000000000000000000000deada0000000000000000000000000' +
      '000000000000000000000000000000000000beef830100fff86901018201bcf862f86094000000000000000000' +
      '0000000000000000000022f842a000000000000000000000000000000000000000000000000000000000000056' +
      '68a0000000000000000000000000000000000000000000000000000000000000977386020f0f0f0608',
  );
  const { items } = decode(eth69.messages.receipts.codec, message);
  const receipts = decode(list(receiptCodec), items[0] as Uint8Array);
  expect(receipts.map(({ type, outcome, cumulativeGas }) => [type, outcome, cumulativeGas])).toEqual([
    [0, false, 333],
    [1, true, 444],
  ]);
});

test('ET-01 Status and BlockRangeUpdate field by field', () => {
  const forkId = { hash: 0xdeadbeef, next: 1n };
  const shared = {
    version: 69,
    networkId: 5n,
    genesisHash: filled(32, 1),
    forkId,
    latestHash: filled(32, 2),
  };
  const [genesis, head] = [`a0${'01'.repeat(32)}`, `a0${'02'.repeat(32)}`];
  const status69 = encode(eth69.messages.status.codec, { ...shared, earliest: 3, latest: 4 });
  expect(toHex(status69)).toBe(`f84d4505${genesis}c684deadbeef010304${head}`);
  const status68 = encode(eth68.messages.status.codec, {
    ...shared,
    version: 68,
    totalDifficulty: 256n,
  });
  expect(toHex(status68)).toBe(`f84e4405820100${head}${genesis}c684deadbeef01`);
  const update = encode(codecs.blockRange, { earliest: 3, latest: 4, latestHash: filled(32, 2) });
  expect(toHex(update)).toBe(`e30304${head}`);
});

test('ET-01 codes and lengths of the versions, and their shared formats', () => {
  expect([eth68, eth69, eth70].map(({ version, length }) => [version, length])).toEqual([
    [68, 17],
    [69, 18],
    [70, 18],
  ]);
  const codes = Object.fromEntries(Object.entries(eth70.messages).map(([name, { code }]) => [name, code]));
  expect(codes).toEqual({
    status: 0x00,
    newBlockHashes: 0x01,
    transactions: 0x02,
    getBlockHeaders: 0x03,
    blockHeaders: 0x04,
    getBlockBodies: 0x05,
    blockBodies: 0x06,
    newBlock: 0x07,
    newPooledTransactionHashes: 0x08,
    getPooledTransactions: 0x09,
    pooledTransactions: 0x0a,
    getReceipts: 0x0f,
    receipts: 0x10,
    blockRangeUpdate: 0x11,
  });
  expect([eth68.messages.blockRangeUpdate, eth69.messages.blockRangeUpdate?.code]).toEqual([undefined, 0x11]);
  const different = (a: typeof eth68, b: typeof eth68): string[] =>
    Object.keys(b.messages).filter((name) => a.messages[name as 'status'] !== b.messages[name as 'status']);
  expect(different(eth68, eth69)).toEqual(['status', 'blockRangeUpdate']);
  expect(different(eth69, eth70)).toEqual(['getReceipts', 'receipts']);
});

const hash = `0x${'01'.repeat(32)}`;
const big = `0x01${'00'.repeat(8)}`;

test.each<[string, Codec<unknown>, Input, string]>([
  ['an id with a leading zero', codecs.getByHashes, '0xc200c0', 'requestId'],
  ['an id with a needless prefix', codecs.getByHashes, '0xc38101c0', 'requestId'],
  ['an id of 65 bits', codecs.getByHashes, [big, []], 'requestId'],
  ['a string for a list', codecs.getByHashes, ['0x01', '0x'], 'hashes'],
  ['a hash of 31 bytes', codecs.getByHashes, ['0x01', [hash, hash.slice(0, -2)]], 'hashes[1]'],
  ['a list for a hash', codecs.getByHashes, ['0x01', [[]]], 'hashes[0]'],
  ['a field too many', codecs.getByHashes, ['0x01', [], '0x'], ''],
  ['a field too few', codecs.getByHashes, ['0x01'], 'hashes'],
  ['a length that exceeds the message', codecs.getByHashes, '0xc3', ''],
  ['further bytes after the message', codecs.getByHashes, '0xc201c000', ''],
  ['an origin of 9 bytes', codecs.getBlockHeaders, ['0x01', [big, '0x05', '0x', '0x']], 'query.origin'],
  ['a direction of 2', codecs.getBlockHeaders, ['0x01', ['0x01', '0x05', '0x', '0x02']], 'query.reverse'],
  ['an amount of 65 bits', codecs.getBlockHeaders, ['0x01', ['0x01', big, '0x', '0x']], 'query.amount'],
  ['a block number of 54 bits', codecs.blockRange, ['0x20000000000000', '0x01', hash], 'earliest'],
  ['a hash of 33 bytes', codecs.blockRange, ['0x01', '0x01', `${hash}01`], 'latestHash'],
  ['a flag of 2', eth70.messages.receipts.codec, ['0x01', '0x02', []], 'lastBlockIncomplete'],
  ['an index of 65 bits', eth70.messages.getReceipts.codec, ['0x01', big, []], 'firstBlockReceiptIndex'],
  ['a type without hash', codecs.newPooledTransactionHashes, ['0x02', ['0x05'], []], ''],
  ['a size without type', codecs.newPooledTransactionHashes, ['0x', ['0x05'], [hash]], ''],
  ['a size of 33 bits', codecs.newPooledTransactionHashes, ['0x02', ['0x0100000000'], [hash]], 'sizes[0]'],
  ['a version of 33 bits', eth69.messages.status.codec, ['0x0100000000'], 'version'],
  ['a fork id of 3 bytes', eth69.messages.status.codec, ['0x45', '0x05', hash, ['0x010203', '0x']], 'forkId.hash'],
])('ET-02 %s', (_, codec, message, path) => {
  const bytes = typeof message === 'string' ? fromHex(message.slice(2)) : RLP.encode(message);
  let error: unknown;
  try {
    decode(codec, bytes);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(RlpError);
  expect((error as RlpError).path).toBe(path);
});

test('ET-02 lists are bounded before their items are read', () => {
  const many = (count: number, item: Uint8Array): Uint8Array =>
    encode(list(raw), [fromHex('01'), encode(list(raw), new Array(count).fill(item))]);
  const empty = fromHex('c0');
  expect(decode(codecs.items, many(1024, empty)).items).toHaveLength(1024);
  expect(() => decode(codecs.items, many(1025, empty))).toThrow('more than 1024');
  expect(() => decode(eth69.messages.receipts.codec, many(1025, empty))).toThrow('more than 1024');
  const item = RLP.encode(hash);
  expect(decode(codecs.getByHashes, many(16_384, item)).hashes).toHaveLength(16_384);
  expect(() => decode(codecs.getByHashes, many(16_385, item))).toThrow('more than 16384');
  const transaction = fromHex(`c9${'80'.repeat(9)}`);
  const transactions = (count: number): Uint8Array => encode(list(raw), new Array(count).fill(transaction));
  expect(decode(codecs.transactions, transactions(5000))).toHaveLength(5000);
  expect(() => decode(codecs.transactions, transactions(5001))).toThrow('more than 5000');
});
