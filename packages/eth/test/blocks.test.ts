import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { decode, encode, list, RlpError, raw } from '@devp2p/rlp';
import { createMPT } from '@ethereumjs/mpt';
import { type Input, RLP } from '@ethereumjs/rlp';
import { describe, expect, test } from 'vitest';
import {
  addToBloom,
  bloomLength,
  bodyCodec,
  consensusReceipts,
  decodeBody,
  decodeHeader,
  encodeReceipts,
  type Header,
  headerCodec,
  type Receipt,
  receiptCodec,
  receiptList,
  sealHeader,
  transactionHash,
  transactionsOf,
  withdrawalCodec,
} from '../src/index.ts';
import { addBlooms, removeBlooms } from '../src/wire/receipt-encoding.ts';
import { filled, header } from './memory-chain.ts';
import vectors from './vectors/blocks.json' with { type: 'json' };

const crypto = nobleCrypto;

async function root(values: Iterable<Uint8Array>): Promise<string> {
  const trie = await createMPT();
  let index = 0;
  for (const value of values) await trie.put(RLP.encode(index++), value);
  return toHex(trie.root());
}

describe.each(vectors.blocks)('block $number of the ethtest chain', (block) => {
  const header = decodeHeader(fromHex(block.header), crypto);

  test('ET-01 header: hash and fields', () => {
    expect(toHex(header.hash)).toBe(block.hash);
    expect(header.number).toBe(block.number);
    expect(header.raw).toEqual(fromHex(block.header));
    expect(toHex(encode(headerCodec, header))).toBe(block.header);
    expect('blobGasUsed' in header).toBe(block.number >= 6);
    expect('requestsHash' in header).toBe(block.number >= 12);
    expect('blockAccessListHash' in header).toBe(false);
    const parent = vectors.blocks[block.number - 1];
    if (parent !== undefined) expect(toHex(header.parentHash)).toBe(parent.hash);
  });

  // The 10 MB of receipts of one block are left out.
  if (block.body === null || block.receipts === null) return;
  const consensus = block.receipts.map(fromHex);
  const raw = fromHex(block.body);

  test('ET-01 body: its parts have the roots of the header', async () => {
    const body = decodeBody(raw);
    expect(await root(body.transactions)).toBe(toHex(header.transactionsRoot));
    expect(toHex(crypto.keccak256(body.uncles.raw))).toBe(toHex(header.unclesHash));
    expect(await root(body.withdrawals ?? [])).toBe(toHex(header.withdrawalsRoot ?? filled(0, 0)));
    expect(toHex(encode(bodyCodec, body))).toBe(block.body);
  });

  test('ET-09 receipts: root and bloom are computed without a bloom on the wire', async () => {
    // eth/68 sends the consensus form, with typed receipts as strings.
    const wire68 = RLP.encode(consensus.map((r) => ((r[0] as number) < 0x80 ? r : RLP.decode(r))));
    const stored = removeBlooms(wire68);
    const computed = consensusReceipts(stored, crypto);
    expect(computed.receipts.map(toHex)).toEqual(block.receipts);
    expect(await root(computed.receipts)).toBe(toHex(header.receiptsRoot));
    expect(toHex(computed.bloom)).toBe(toHex(header.logsBloom));
    expect(toHex(addBlooms(stored.raw, crypto))).toBe(toHex(wire68));
    // The same for the typed form.
    const receipts = decode(list(receiptCodec), stored.raw);
    expect(toHex(encodeReceipts(receipts))).toBe(toHex(stored.raw));
    expect(receipts.at(-1)?.cumulativeGas ?? 0).toBe(header.gasUsed);
  });
});

test('ET-01 the vectors have legacy and typed transactions, receipts and withdrawals', () => {
  const bodies = vectors.blocks.flatMap(({ body }) => (body === null ? [] : [decodeBody(fromHex(body))]));
  const types = bodies.flatMap((body) => [...body.transactions].map((t) => t[0] as number));
  expect(new Set(types.map((type) => (type < 0x80 ? type : 0)))).toEqual(new Set([0, 1, 2, 3, 4]));
  const withdrawals = bodies.flatMap((body) => [...(body.withdrawals ?? [])]);
  expect(withdrawals.length).toBeGreaterThan(0);
  for (const withdrawal of withdrawals) {
    expect(encode(withdrawalCodec, decode(withdrawalCodec, withdrawal))).toEqual(withdrawal);
  }
});

test('ET-01 header: the optional fields of every fork', () => {
  const tail = {
    baseFeePerGas: 7n,
    withdrawalsRoot: filled(32, 1),
    blobGasUsed: 131_072,
    excessBlobGas: 0,
    parentBeaconBlockRoot: filled(32, 2),
    requestsHash: filled(32, 3),
    blockAccessListHash: filled(32, 4),
    slotNumber: 12_345_678,
  };
  const { baseFeePerGas: _, withdrawalsRoot: __, ...frontier } = header();
  for (let length = 0; length <= 8; length++) {
    const fields = { ...frontier, ...Object.fromEntries(Object.entries(tail).slice(0, length)) };
    const sealed = sealHeader(fields, crypto);
    expect(sealed).toEqual({ ...fields, hash: crypto.keccak256(sealed.raw), raw: sealed.raw });
  }
});

const amsterdamHeader = (changes: Partial<Header> = {}): Header =>
  header({
    blobGasUsed: 0,
    excessBlobGas: 0,
    parentBeaconBlockRoot: filled(32, 8),
    requestsHash: filled(32, 9),
    blockAccessListHash: filled(32, 10),
    slotNumber: 0,
    ...changes,
  });

test.each([0, 127, 128, 2 ** 48, 2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n])(
  'ET-01 a gas limit and a slot number of %s are exact',
  (value) => {
    const fields = amsterdamHeader({ gasLimit: value, slotNumber: value });
    const sealed = sealHeader(fields, crypto);
    const items = RLP.decode(sealed.raw) as Uint8Array[];
    const bytes = RLP.decode(RLP.encode(value)) as Uint8Array;
    expect([items[9], items[22]]).toEqual([bytes, bytes]);
    expect(decodeHeader(sealed.raw, crypto)).toMatchObject({ gasLimit: value, slotNumber: value });
  },
);

test('ET-01 a gas limit or slot number of more than 64 bits, or with a leading zero, is refused', () => {
  const { raw: good } = sealHeader(amsterdamHeader(), crypto);
  for (const at of [9, 22]) {
    for (const bytes of [new Uint8Array(9).fill(1), Uint8Array.of(0, 1, 1, 1, 1, 1, 1, 1)]) {
      const items = RLP.decode(good) as Uint8Array[];
      items[at] = bytes;
      expect(() => decodeHeader(RLP.encode(items), crypto)).toThrow(RlpError);
    }
  }
  for (const value of [2n ** 64n, -1n, -1, 1.5, 2 ** 53]) {
    expect(() => sealHeader(amsterdamHeader({ gasLimit: value }), crypto)).toThrow(RlpError);
  }
});

test('ET-02 header: too many fields and integers out of range are refused', () => {
  const raws = decode(list(raw), sealHeader({ ...header() }, crypto).raw);
  const with_ = (index: number, item: string): Uint8Array => encode(list(raw), raws.with(index, fromHex(item)));
  expect(() => decode(headerCodec, with_(8, '00'))).toThrow(RlpError);
  expect(() => decode(headerCodec, with_(8, '8120'))).toThrow(RlpError);
  expect(() => decode(headerCodec, with_(8, '820001'))).toThrow(RlpError);
  expect(() => decode(headerCodec, with_(8, '8720000000000000'))).toThrow(RlpError);
  expect(decode(headerCodec, with_(8, '871fffffffffffff')).number).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => decode(headerCodec, with_(0, `9f${'00'.repeat(31)}`))).toThrow('parentHash');
  const long = [...raws, ...Array.from({ length: 7 }, () => fromHex('80'))];
  expect(() => decode(headerCodec, encode(list(raw), long))).toThrow(RlpError);
});

test('ET-02 header: a value that cannot be encoded is refused with the name of its field', () => {
  const { withdrawalsRoot: _, ...london } = header();
  const write = (fields: object) => () => encode(headerCodec, { ...london, ...fields });
  expect(write({})).not.toThrow();
  expect(write({ gasUsed: -1 })).toThrow('gasUsed');
  expect(write({ logsBloom: filled(255, 1) })).toThrow('logsBloom');
  expect(write({ slotNumber: 1 })).toThrow(expect.objectContaining({ code: 'optional-gap' }));
  expect(write({ blobGasUsed: 2 ** 53 })).toThrow('blobGasUsed');
  expect(() => encode(headerCodec, null as never)).toThrow(RlpError);
  // The encoder is reset.
  expect(decode(headerCodec, encode(headerCodec, london))).toEqual(london);
});

test('ET-02 body: elements that are not transactions are refused', () => {
  const body = (transactions: string): Uint8Array => encode(list(raw), [fromHex(transactions), fromHex('c0')]);
  const legacy = `c9${'80'.repeat(9)}`;
  const typed = `8a02c9${'80'.repeat(8)}`;
  const list2 = (...items: string[]): string => toHex(encode(list(raw), items.map(fromHex)));
  const { transactions, withdrawals } = decodeBody(body(list2(legacy, typed)));
  expect(withdrawals).toBeUndefined();
  expect([...transactions].map(toHex)).toEqual([legacy, typed.slice(2)]);
  expect(() => transactions.at(2)).toThrow(RangeError);
  expect(transactionsOf([...transactions]).raw).toEqual(transactions.raw);
  for (const bad of ['c0', '80', '01', `c8${'80'.repeat(8)}`, `8a00${'80'.repeat(9)}`, `8a80${'80'.repeat(9)}`]) {
    expect(() => decodeBody(body(list2(legacy, bad)))).toThrow('transactions[1]');
  }
});

test('ET-02 body: uncles and withdrawals that are too short are refused', () => {
  const empty = Uint8Array.of(0xc0);
  const fields = decode(list(raw), sealHeader(header(), crypto).raw).slice(0, 15);
  const uncle = encode(
    list(raw),
    fields.map((field, i) => (i >= 7 && i <= 12 ? Uint8Array.of(0x80) : field)),
  );
  const withdrawal = encode(withdrawalCodec, {
    index: 0,
    validatorIndex: 0,
    address: new Uint8Array(20),
    amount: 0n,
  });
  const listOf = (...items: Uint8Array[]): Uint8Array => encode(list(raw), items);
  const body = listOf(empty, listOf(uncle), listOf(withdrawal));
  expect(decodeBody(body).uncles.at(0)).toEqual(uncle);
  expect(decodeBody(body).withdrawals?.at(0)).toEqual(withdrawal);
  // Ten million of these in one message would need offsets of 160 MB.
  expect(() => decodeBody(listOf(empty, listOf(empty)))).toThrow('uncles[0]');
  expect(() => decodeBody(listOf(empty, listOf(withdrawal)))).toThrow('uncles[0]');
  expect(() => decodeBody(listOf(empty, empty, listOf(empty)))).toThrow('withdrawals[0]');
});

test('ET-01 transaction hashes do not cover a sidecar', () => {
  const { body } = vectors.blocks[9] as { body: string };
  const blob = decodeBody(fromHex(body)).transactions.at(0);
  expect(blob[0]).toBe(3);
  const hash = transactionHash(blob, crypto);
  expect(hash).toEqual(crypto.keccak256(blob));
  const fields = [blob.subarray(1), fromHex('c0'), fromHex('c0'), fromHex('c0')];
  const network = Uint8Array.of(3, ...encode(list(raw), fields));
  expect(transactionHash(network, crypto)).toEqual(hash);
});

test('ET-09 receipts: state roots, failed and empty ones', () => {
  const receipts: Receipt[] = [
    { type: 0, outcome: filled(32, 7), cumulativeGas: 21_000, logs: [] },
    { type: 0, outcome: false, cumulativeGas: 42_000, logs: [] },
    { type: 127, outcome: true, cumulativeGas: 63_000, logs: [] },
  ];
  const stored = encodeReceipts(receipts);
  expect(removeBlooms(addBlooms(stored, crypto)).raw).toEqual(stored);
  expect(decode(list(receiptCodec), stored)).toEqual(receipts);
  expect(toHex(stored)).toContain('c67f0182f618c0');
});

test.each<[string, Input]>([
  ['no field', []],
  ['a field too many', ['0x02', '0x', '0x0a', [], '0x']],
  ['a field too few', ['0x02', '0x', '0x0a']],
  ['a status of 2', ['0x02', '0x02', '0x0a', []]],
  ['a root of 31 bytes', ['0x02', `0x${'01'.repeat(31)}`, '0x0a', []]],
  ['a string for the logs', ['0x02', '0x', '0x0a', '0x']],
  ['a type of 8 bits', ['0x80', '0x', '0x0a', []]],
  ['a string', '0x02'],
])('ET-02 a receipt with %s', (_, receipt) => {
  expect(() => decode(receiptList, RLP.encode([receipt]))).toThrow(RlpError);
  expect(() => decode(list(receiptCodec), RLP.encode([receipt]))).toThrow(RlpError);
});

const address = `0x${'02'.repeat(20)}`;
const topic = `0x${'03'.repeat(32)}`;

test.each<[string, Input]>([
  ['no field', []],
  ['a field too many', [address, [topic], '0x', '0x']],
  ['a short address', ['0x02', [topic], '0x']],
  ['a short topic', [address, ['0x03'], '0x']],
  ['a list for the data', [address, [topic], []]],
])('ET-09 a log with %s shows when its bloom is computed', (_, log) => {
  const block = decode(receiptList, RLP.encode([['0x02', '0x', '0x0a', [log]]]));
  expect(() => consensusReceipts(block, crypto)).toThrow(RlpError);
});

test.each<[string, Input]>([
  ['no bloom', [['0x', '0x0a', []]]],
  ['a short bloom', [['0x', '0x0a', `0x${'00'.repeat(255)}`, []]]],
  ['the type of a legacy one', [Uint8Array.of(0, ...RLP.encode(['0x', '0x0a', filled(256, 0), []]))]],
  ['further bytes', [Uint8Array.of(2, ...RLP.encode(['0x', '0x0a', filled(256, 0), []]), 0)]],
  ['a type alone', ['0x02']],
  ['an empty string', ['0x']],
])('ET-02 an eth/68 receipt with %s', (_, receipts) => {
  expect(() => removeBlooms(RLP.encode(receipts))).toThrow(RlpError);
});

test('ET-09 logs bloom of an empty entry, computed by hand', () => {
  // keccak-256('') starts with c5d2 4601 86f7: bits 1490, 1537 and 1783, counted from the end.
  const bloom = new Uint8Array(bloomLength);
  addToBloom(bloom, new Uint8Array(), crypto);
  const expected = (1n << 1490n) | (1n << 1537n) | (1n << 1783n);
  expect(BigInt(`0x${toHex(bloom)}`)).toBe(expected);
});
