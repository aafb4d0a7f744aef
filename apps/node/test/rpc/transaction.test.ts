import { fromHex, toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { contractAddress, type RawList, receiptCodec, type SealedHeader } from '@devp2p/eth';
import { bigint, encode, type Tree, tree } from '@devp2p/rlp';
import { describe, expect, test } from 'vitest';
import { type ReceiptContext, receiptJson } from '../../src/rpc/codec/receipt.ts';
import { transactionJson } from '../../src/rpc/codec/transaction.ts';
import { TransactionIdentities, type TransactionIdentity } from '../../src/rpc/codec/transaction-identities.ts';
import { decodeTransaction } from '../../src/validation/decode-transaction.ts';

const key = new Uint8Array(32).fill(0x46);
/** Address of that key, from the example of EIP-155. */
const sender = '0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f';

const number = (value: bigint): Uint8Array => {
  const encoded = encode(bigint(256), value);
  return value === 0n ? new Uint8Array() : value < 128n ? encoded : encoded.subarray(1);
};
const to = new Uint8Array(20).fill(0x35);
const slot = new Uint8Array(32).fill(1);
const access: Tree = [[to, [slot]]];
const place = {
  blockHash: slot,
  blockNumber: 5,
  blockTimestamp: 60,
  baseFee: 7n,
  index: 2,
};

/** Fields before the signature, by type. */
const fields: Readonly<Record<number, Tree[]>> = {
  1: [1n, 9n, 20n, 21_000n].map(number).concat([to, number(3n)], [Uint8Array.of(0xca)]),
  2: [1n, 9n, 2n, 30n, 21_000n].map(number).concat([to, number(3n)], [Uint8Array.of(0xca)]),
  3: [1n, 9n, 2n, 30n, 21_000n].map(number).concat([to, number(3n)], [Uint8Array.of(0xca)]),
  4: [1n, 9n, 2n, 30n, 21_000n].map(number).concat([to, number(3n)], [Uint8Array.of(0xca)]),
};
const rest: Readonly<Record<number, Tree[]>> = {
  1: [access],
  2: [access],
  3: [access, number(11n), [slot]],
  4: [access, [[1n, 0n, 1n, 0n, 5n, 6n].map(number).map((one, i) => (i === 1 ? to : one))]],
};

function sign(type: number): Uint8Array {
  const unsigned = [...(fields[type] ?? []), ...(rest[type] ?? [])];
  const hash = crypto.keccak256(Uint8Array.of(type, ...encode(tree(), unsigned)));
  const signature = crypto.secp256k1.sign(hash, key);
  const value = (start: number): Uint8Array => number(BigInt(`0x${toHex(signature.subarray(start, start + 32))}`));
  const parity = number(BigInt(signature[64] as number));
  return Uint8Array.of(type, ...encode(tree(), [...unsigned, parity, value(0), value(32)]));
}

/** Transactions of a block. */
const listOf = (...raw: readonly Uint8Array[]): RawList =>
  ({ length: raw.length, at: (index) => raw[index] }) as Partial<RawList> as RawList;
const identityOf = (raw: Uint8Array): TransactionIdentity =>
  new TransactionIdentities(crypto).of({ hash: slot }, listOf(raw), 0);

test('RP-15 EN-01 a legacy transaction of EIP-155', () => {
  const raw = fromHex(
    'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
  );
  expect(transactionJson(decodeTransaction(raw), place, identityOf(raw))).toEqual({
    blockHash: `0x${'01'.repeat(32)}`,
    blockNumber: '0x5',
    blockTimestamp: '0x3c',
    transactionIndex: '0x2',
    hash: `0x${toHex(crypto.keccak256(raw))}`,
    type: '0x0',
    chainId: '0x1',
    nonce: '0x9',
    from: sender,
    to: `0x${'35'.repeat(20)}`,
    value: '0xde0b6b3a7640000',
    input: '0x',
    gas: '0x5208',
    gasPrice: '0x4a817c800',
    v: '0x25',
    r: '0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276',
    s: '0x67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
  });
});

test('RP-15 EN-01 a legacy transaction without a chain id', () => {
  const unsigned: Tree[] = [9n, 20n, 21_000n].map(number).concat([new Uint8Array(), number(3n)], [slot]);
  const signature = crypto.secp256k1.sign(crypto.keccak256(encode(tree(), unsigned)), key);
  const word = (start: number) => number(BigInt(`0x${toHex(signature.subarray(start, start + 32))}`));
  const v = number(27n + BigInt(signature[64] as number));
  const raw = encode(tree(), [...unsigned, v, word(0), word(32)]);
  const json = transactionJson(decodeTransaction(raw), place, identityOf(raw));
  expect(json).toMatchObject({ from: sender, to: null, type: '0x0' });
  expect(json).not.toHaveProperty('chainId');
  expect(json).not.toHaveProperty('yParity');
});

describe('typed transactions', () => {
  const accessList = [{ address: `0x${'35'.repeat(20)}`, storageKeys: [`0x${'01'.repeat(32)}`] }];
  const fees = { maxFeePerGas: '0x1e', maxPriorityFeePerGas: '0x2', gasPrice: '0x9' };
  test.each([
    [1, { gasPrice: '0x14' }],
    [2, fees],
    [3, { ...fees, maxFeePerBlobGas: '0xb', blobVersionedHashes: [`0x${'01'.repeat(32)}`] }],
    [
      4,
      {
        ...fees,
        authorizationList: [
          {
            ...{ chainId: '0x1', address: `0x${'35'.repeat(20)}`, nonce: '0x1' },
            ...{ yParity: '0x0', r: '0x5', s: '0x6' },
          },
        ],
      },
    ],
  ])('RP-15 EN-01 type %i', (type, own) => {
    const raw = sign(type);
    const json = transactionJson(decodeTransaction(raw), place, identityOf(raw));
    expect(json).toMatchObject({
      type: `0x${type}`,
      ...{ chainId: '0x1', nonce: '0x9', from: sender, gas: '0x5208', value: '0x3', input: '0xca' },
      ...{ accessList, ...own },
      hash: `0x${toHex(crypto.keccak256(raw))}`,
    });
    const { v } = json;
    expect(json).toHaveProperty('yParity', v);
  });

  test('RP-15 in the pool the place is null, and the gas price is the fee cap', () => {
    const json = transactionJson(decodeTransaction(sign(2)), undefined, identityOf(sign(2)));
    expect(json).toMatchObject({ gasPrice: '0x1e', maxFeePerGas: '0x1e' });
    for (const field of ['blockHash', 'blockNumber', 'blockTimestamp', 'transactionIndex']) {
      expect(json).toHaveProperty(field, null);
    }
  });

  test('RP-15 EN-01 the gas price is at most the fee cap', () => {
    const json = transactionJson(decodeTransaction(sign(2)), { ...place, baseFee: 29n }, identityOf(sign(2)));
    expect(json).toHaveProperty('gasPrice', '0x1e');
  });

  test.each([
    ['an unknown type', () => Uint8Array.of(5, 0xc0)],
    [
      'too many fields',
      () => Uint8Array.of(1, ...encode(tree(), [...(fields[1] ?? []), access, ...Array<Tree>(4).fill(slot)])),
    ],
    ['bytes after it', () => Uint8Array.of(...sign(1), 0)],
    ['nothing', () => new Uint8Array()],
  ])('EN-06 %s is not a transaction', (_, make) => {
    expect(() => {
      decodeTransaction(make());
    }).toThrow();
  });
});

test('EN-01 the sender of an invalid signature is the zero address', () => {
  const { r, s } = decodeTransaction(sign(2));
  const unsigned = [...(fields[2] ?? []), ...(rest[2] ?? [])];
  for (const [parity, wrongR, wrongS] of [
    [0n, 0n, s],
    [0n, r, 0n],
    [2n, r, s],
    [0n, (1n << 256n) - 1n, s],
  ] as const) {
    const raw = Uint8Array.of(2, ...encode(tree(), [...unsigned, ...[parity, wrongR, wrongS].map(number)]));
    expect(identityOf(raw).sender).toEqual(new Uint8Array(20));
  }
});

test('RP-16 a receipt before Byzantium has a state root, and no status', () => {
  const root = new Uint8Array(32).fill(7);
  const encoded = encode(receiptCodec, { type: 0, outcome: root, cumulativeGas: 21_000, logs: [] });
  const header = { hash: slot, number: 5, timestamp: 60 } as Partial<SealedHeader> as SealedHeader;
  const config = { blobSchedule: [] } as Partial<ReceiptContext['config']> as ReceiptContext['config'];
  const context = { config, crypto, identities: new TransactionIdentities(crypto) };
  const json = receiptJson(header, listOf(sign(1)), listOf(encoded), 0, context);
  expect(json).toMatchObject({ root: `0x${'07'.repeat(32)}`, gasUsed: '0x5208', from: sender, contractAddress: null });
  expect(json).not.toHaveProperty('status');
});

test('EN-01 the address of a created contract', () => {
  // The first two contracts of an account (go-ethereum, `crypto.CreateAddress`).
  const account = fromHex('970e8128ab834e8eac17ab8e3812f010678cf791');
  expect(toHex(contractAddress(account, 0n, crypto))).toBe('333c3310824b7c685133f2bedb2ca4b8b4df633d');
  expect(toHex(contractAddress(account, 1n, crypto))).toBe('8bda78331c916a08481428e4b07c96d3e916d165');
});

describe('hashes and senders of the transactions of recent blocks', () => {
  const blockHash = (number: number): Uint8Array => new Uint8Array(32).fill(number);

  test('RP-15 a signature is recovered once, and each block has its own transactions', () => {
    let count = 0;
    const counting = {
      ...crypto,
      secp256k1: {
        ...crypto.secp256k1,
        recover: (...args: Parameters<typeof crypto.secp256k1.recover>) => {
          count++;
          return crypto.secp256k1.recover(...args);
        },
      },
    };
    const identities = new TransactionIdentities(counting);
    const [one, two] = [sign(1), sign(2)];
    for (let i = 0; i < 3; i++) {
      expect(toHex(identities.sender({ hash: blockHash(1) }, listOf(one, two), 1))).toBe(sender.slice(2));
      expect(identities.hash({ hash: blockHash(1) }, listOf(one, two), 1)).toEqual(crypto.keccak256(two));
      expect(identities.hash({ hash: blockHash(2) }, listOf(two, one), 1)).toEqual(crypto.keccak256(one));
    }
    expect(count).toBe(1);
  });

  test('RP-33 the memory for blocks is bounded, the one asked for last is kept', () => {
    const identities = new TransactionIdentities(crypto, 3_000);
    const raw = sign(1);
    for (let i = 0; i < 50; i++) {
      expect(identities.hash({ hash: blockHash(i) }, listOf(raw), 0)).toEqual(crypto.keccak256(raw));
      expect(identities.bytes).toBeLessThanOrEqual(3_000);
    }
    expect(identities.bytes).toBeGreaterThan(1_000);
    // A block that is larger than the memory is kept until another one is asked for.
    const many = listOf(...new Array<Uint8Array>(1_000).fill(raw));
    expect(identities.hash({ hash: blockHash(99) }, many, 999)).toEqual(crypto.keccak256(raw));
    expect(identities.bytes).toBeGreaterThan(3_000);
    identities.hash({ hash: blockHash(1) }, listOf(raw), 0);
    expect(identities.bytes).toBeLessThanOrEqual(3_000);
  });
});
