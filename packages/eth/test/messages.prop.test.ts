import { nobleCrypto } from '@devp2p/crypto';
import { type Codec, decode, encode, RlpError } from '@devp2p/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bodyCodec,
  encodeReceipts,
  type Header,
  headerCodec,
  RawList,
  type Receipt,
  receiptCodec,
  receiptList,
  transactionsOf,
  withdrawalCodec,
} from '../src/index.ts';
import * as codecs from '../src/wire/messages.ts';
import { addBlooms, removeBlooms } from '../src/wire/receipt-encoding.ts';
import { eth68 } from '../src/wire/versions/68.ts';
import { eth69 } from '../src/wire/versions/69.ts';
import { eth70 } from '../src/wire/versions/70.ts';

const runs = { numRuns: 60 };
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash = fixed(32);
const uint = fc.maxSafeNat();
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const requestId = uint64;
const hashes = fc.array(hash, { maxLength: 5 });
const forkId = fc.record({ hash: fc.integer({ min: 0, max: 2 ** 32 - 1 }), next: uint64 });
const version = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const status = { version, networkId: uint64, genesisHash: hash, forkId, latestHash: hash };
const range = { earliest: uint, latest: uint, latestHash: hash };
const bytes = fc.uint8Array({ maxLength: 80 });

const log = fc.record({
  address: fixed(20),
  topics: fc.array(hash, { maxLength: 4 }),
  data: bytes,
});
const receipt: fc.Arbitrary<Receipt> = fc.record({
  type: fc.integer({ min: 0, max: 127 }),
  outcome: fc.oneof(fc.boolean(), hash),
  cumulativeGas: uint,
  logs: fc.array(log, { maxLength: 3 }),
});

const typedTransaction = fc
  .tuple(fc.integer({ min: 1, max: 127 }), fc.uint8Array({ minLength: 9, maxLength: 80 }))
  .map(([type, payload]) => Uint8Array.of(type, ...payload));
const legacyTransaction = fc.constant(Uint8Array.of(0xc9, ...new Array(9).fill(0x80)));
const transactions = fc
  .array(fc.oneof(typedTransaction, legacyTransaction), { maxLength: 5 })
  .map((list) => transactionsOf(list));
const item = fc.oneof(
  receipt.map((value) => encode(receiptCodec, value)),
  fc.constant(Uint8Array.of(0xc0)),
);
const items = fc.record({ requestId, items: fc.array(item, { maxLength: 5 }) });
const rawItems = (items: fc.Arbitrary<Uint8Array>): fc.Arbitrary<RawList> =>
  fc.array(items, { maxLength: 3 }).map((list) => RawList.of(list));
const getReceipts = { requestId, hashes };

const frontier = {
  parentHash: hash,
  unclesHash: hash,
  beneficiary: fixed(20),
  stateRoot: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  logsBloom: fixed(256),
  difficulty: uint256,
  number: uint,
  gasLimit: uint,
  gasUsed: uint,
  timestamp: uint,
  extraData: bytes,
  mixHash: hash,
  nonce: fixed(8),
};
const tail = {
  baseFeePerGas: uint256,
  withdrawalsRoot: hash,
  blobGasUsed: uint,
  excessBlobGas: uint,
  parentBeaconBlockRoot: hash,
  requestsHash: hash,
  blockAccessListHash: hash,
  slotNumber: uint,
};
const header: fc.Arbitrary<Header> = fc.nat({ max: 8 }).chain((length) => {
  const fields = { ...frontier, ...Object.fromEntries(Object.entries(tail).slice(0, length)) };
  return fc.record(fields) as fc.Arbitrary<Header>;
});

const withdrawal = fc.record({
  index: uint,
  validatorIndex: uint,
  address: fixed(20),
  amount: uint64,
});

const announcement = fc
  .array(fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 2 ** 31 - 1 }), hash), { maxLength: 5 })
  .map((list) => ({
    types: Uint8Array.from(list.map(([type]) => type)),
    sizes: list.map(([, size]) => size),
    hashes: list.map(([, , each]) => each),
  }));

function row<T>(
  name: string,
  codec: Codec<T>,
  values: fc.Arbitrary<T>,
): [string, Codec<unknown>, fc.Arbitrary<unknown>] {
  return [name, codec as Codec<unknown>, values];
}

const query = fc.record({
  origin: fc.oneof(uint64, hash),
  amount: uint64,
  skip: uint64,
  reverse: fc.boolean(),
});
const table = [
  row('Status of eth/68', eth68.messages.status.codec, fc.record({ ...status, totalDifficulty: uint256 })),
  row('Status of eth/69', eth69.messages.status.codec, fc.record({ ...status, ...range })),
  row(
    'NewBlock',
    eth70.messages.newBlock.codec,
    fc.record({ block: fc.constant(Uint8Array.of(0xc1, 0xc0)), totalDifficulty: uint256 }),
  ),
  row(
    'NewBlockHashes',
    eth70.messages.newBlockHashes.codec,
    fc.array(fc.record({ hash, number: uint }), { maxLength: 5 }),
  ),
  row('Transactions', eth70.messages.transactions.codec, transactions),
  row('GetBlockHeaders', eth70.messages.getBlockHeaders.codec, fc.record({ requestId, query })),
  row('BlockHeaders', eth70.messages.blockHeaders.codec, items),
  row('GetBlockBodies', eth70.messages.getBlockBodies.codec, fc.record({ requestId, hashes })),
  row('BlockBodies', eth70.messages.blockBodies.codec, items),
  row('NewPooledTransactionHashes', eth70.messages.newPooledTransactionHashes.codec, announcement),
  row('GetPooledTransactions', eth70.messages.getPooledTransactions.codec, fc.record({ requestId, hashes })),
  row('PooledTransactions', eth70.messages.pooledTransactions.codec, items),
  row(
    'GetReceipts of eth/69',
    eth69.messages.getReceipts.codec,
    fc.record({ ...getReceipts, firstBlockReceiptIndex: fc.constant(0) }),
  ),
  row(
    'GetReceipts of eth/70',
    eth70.messages.getReceipts.codec,
    fc.record({ ...getReceipts, firstBlockReceiptIndex: uint }),
  ),
  row(
    'Receipts of eth/69',
    eth69.messages.receipts.codec,
    items.map((value) => ({ ...value, lastBlockIncomplete: false })),
  ),
  row(
    'Receipts of eth/70',
    eth70.messages.receipts.codec,
    fc.tuple(items, fc.boolean()).map(([value, lastBlockIncomplete]) => ({ ...value, lastBlockIncomplete })),
  ),
  row('BlockRangeUpdate', codecs.blockRange, fc.record(range)),
  row('header', headerCodec, header),
  row('receipt', receiptCodec, receipt),
  row(
    'receipts of a block',
    receiptList,
    fc.array(receipt, { maxLength: 3 }).map((list) => decode(receiptList, encodeReceipts(list))),
  ),
  row('withdrawal', withdrawalCodec, withdrawal),
  row(
    'body',
    bodyCodec,
    fc.record(
      {
        transactions,
        uncles: rawItems(header.map((value) => encode(headerCodec, value))),
        withdrawals: rawItems(withdrawal.map((value) => encode(withdrawalCodec, value))),
      },
      { requiredKeys: ['transactions', 'uncles'] },
    ),
  ),
];

describe.each(table)('%s', (_, codec, values) => {
  test('ET-01 decoding reverses encoding, and encoding is canonical', () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = encode(codec, value);
        const decoded = decode(codec, encoded);
        expect(decoded).toEqual(value);
        expect(encode(codec, decoded)).toEqual(encoded);
      }),
      runs,
    );
  });

  test('HX-18 every truncation is refused', () => {
    const [value] = fc.sample(values, { numRuns: 1, seed: 18 });
    const encoded = encode(codec, value);
    for (let length = 0; length < encoded.length; length++) {
      expect(() => decode(codec, encoded.slice(0, length))).toThrow(RlpError);
    }
  });

  test('HX-19 random bytes and altered messages result in a value or an RlpError', () => {
    const altered = fc
      .tuple(values, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }))
      .map(([value, changes]) => {
        const encoded = encode(codec, value);
        for (const [at, byte] of changes) encoded[at % encoded.length] = byte;
        return encoded;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), altered), (input) => {
        try {
          // Accepted input is canonical: it is its only encoding.
          expect(encode(codec, decode(codec, input))).toEqual(input);
        } catch (error) {
          expect(error).toBeInstanceOf(RlpError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test('ET-09 receipts convert to the form of eth/68 and back', () => {
  fc.assert(
    fc.property(fc.array(receipt, { maxLength: 5 }), (receipts) => {
      const stored = encodeReceipts(receipts);
      expect(removeBlooms(addBlooms(stored, nobleCrypto)).raw).toEqual(stored);
    }),
    runs,
  );
});
