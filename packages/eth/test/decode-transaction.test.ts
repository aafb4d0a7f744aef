import { concatBytes, fromHex, toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { RlpError } from '@devp2p/rlp';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accountAddress,
  type BlobSidecar,
  contractAddress,
  decodePooledTransaction,
  decodeTransaction,
  encodePooledTransaction,
  maxSignatureS,
  recoverAuthority,
  recoverSender,
  signAuthorization,
  signTransaction,
  transactionHash,
  type UnsignedTransaction,
} from '../src/index.ts';
import { filled } from './memory-chain.ts';

const key = filled(32, 0x46);
const sender = accountAddress(fastCrypto.secp256k1.publicKey(key));
const to = filled(20, 0x35);
const accessList = [{ address: filled(20, 1), storageKeys: [filled(32, 0), filled(32, 255)] }];
const fees = { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1n };
const base = { chainId: 1337n, nonce: 2n ** 63n, gas: 100_000n, value: 5n, input: fromHex('6000') };
const authorization = signAuthorization({ chainId: 0n, address: to, nonce: 7n }, filled(32, 9));
const transactions: readonly UnsignedTransaction[] = [
  { ...base, type: 0, gasPrice: 7n },
  { ...base, type: 1, gasPrice: 7n, to, accessList },
  { ...base, type: 2, ...fees, to, accessList },
  { ...base, type: 3, ...fees, to, accessList, maxFeePerBlobGas: 1n, blobVersionedHashes: [filled(32, 1)] },
  { ...base, type: 4, ...fees, to, accessList, authorizationList: [authorization] },
];

describe('transactions in canonical form', () => {
  test.each(transactions.map((unsigned) => [unsigned.type, unsigned] as const))(
    'TP-01 a signed transaction of type %i has its fields and its sender',
    (_, unsigned) => {
      const raw = signTransaction(unsigned, key, fastCrypto);
      expect(decodeTransaction(raw)).toMatchObject({ ...unsigned, raw });
      expect(recoverSender(raw)).toEqual(sender);
      expect(recoverSender(raw, fastCrypto)).toEqual(sender);
    },
  );

  test('TP-01 the authority of an authorization', () => {
    const authority = accountAddress(fastCrypto.secp256k1.publicKey(filled(32, 9)));
    expect(recoverAuthority(authorization)).toEqual(authority);
    expect(recoverAuthority({ ...authorization, nonce: 8n })).not.toEqual(authority);
    expect(recoverAuthority({ ...authorization, yParity: 2 })).toBeUndefined();
    expect(recoverAuthority({ ...authorization, s: maxSignatureS + 1n })).toBeUndefined();
    expect(recoverAuthority({ ...authorization, r: 0n })).toBeUndefined();
  });

  test('TP-01 the address of a contract', () => {
    // The first two contracts of an account (go-ethereum, `crypto.CreateAddress`).
    const account = fromHex('970e8128ab834e8eac17ab8e3812f010678cf791');
    expect(toHex(contractAddress(account, 0n))).toBe('333c3310824b7c685133f2bedb2ca4b8b4df633d');
    expect(toHex(contractAddress(account, 1n))).toBe('8bda78331c916a08481428e4b07c96d3e916d165');
  });

  test('TP-01 every truncation and every longer input is malformed', () => {
    for (const unsigned of transactions) {
      const raw = signTransaction(unsigned, key, fastCrypto);
      for (let length = 0; length < raw.length; length++) {
        expect(() => decodeTransaction(raw.subarray(0, length))).toThrow(RlpError);
      }
      expect(() => decodeTransaction(concatBytes(raw, filled(1, 0)))).toThrow(RlpError);
    }
    expect(() => decodeTransaction(Uint8Array.of(5, 0xc0))).toThrow('unknown transaction type 5');
  });

  test('TP-01 random bytes and altered transactions result in a value or an RlpError', () => {
    const all = transactions.map((unsigned) => signTransaction(unsigned, key, fastCrypto));
    const altered = fc
      .tuple(fc.constantFrom(...all), fc.nat(), fc.nat(255))
      .map(([raw, at, byte]) => raw.with(at % raw.length, byte));
    const input = fc.oneof(altered, fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(input, (raw) => {
        for (const decode of [decodeTransaction, decodePooledTransaction]) {
          try {
            decode(raw);
          } catch (error) {
            expect(error).toBeInstanceOf(RlpError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('network form', () => {
  const raw = signTransaction(transactions[3] as UnsignedTransaction, key, fastCrypto);
  const payload = RLP.decode(raw.subarray(1)) as Uint8Array[];
  const blob = filled(131_072, 7);
  const point = (byte: number): Uint8Array => filled(48, byte);
  const sidecars: readonly BlobSidecar[] = [
    { version: 0, blobs: [blob, blob], commitments: [point(1), point(2)], proofs: [point(3), point(4)] },
    { version: 1, blobs: [blob], commitments: [point(1)], proofs: Array.from({ length: 128 }, (_, i) => point(i)) },
    { version: 1, blobs: [], commitments: [], proofs: [] },
  ];

  test.each(sidecars)('TP-08 a blob transaction with a sidecar of version $version', (sidecar) => {
    const network = encodePooledTransaction(raw, sidecar);
    const { version, blobs, commitments, proofs } = sidecar;
    const wrapper = [payload, ...(version === 1 ? [version] : []), [...blobs], [...commitments], [...proofs]];
    expect(Buffer.compare(network, concatBytes(Uint8Array.of(3), RLP.encode(wrapper)))).toBe(0);
    const decoded = decodePooledTransaction(network);
    expect(decoded.transaction).toEqual(decodeTransaction(raw));
    expect(decoded.sidecar?.version).toBe(version);
    expect(Buffer.compare(encodePooledTransaction(raw, decoded.sidecar as BlobSidecar), network)).toBe(0);
    expect(transactionHash(network, fastCrypto)).toEqual(transactionHash(raw, fastCrypto));
  });

  test('TP-08 other types have no sidecar', () => {
    for (const unsigned of transactions.filter(({ type }) => type !== 3)) {
      const plain = signTransaction(unsigned, key, fastCrypto);
      expect(decodePooledTransaction(plain)).toEqual({ transaction: decodeTransaction(plain) });
      expect(() => encodePooledTransaction(plain, sidecars[2] as BlobSidecar)).toThrow('not a blob transaction');
    }
  });

  const wrap = (...items: Parameters<typeof RLP.encode>[0][]): Uint8Array =>
    concatBytes(Uint8Array.of(3), RLP.encode(items as Uint8Array[]));
  test.each<[string, Uint8Array, string]>([
    ['no sidecar', raw, 'without its sidecar'],
    ['an unknown version', wrap(payload, 2, [], [], []), 'unknown version'],
    ['version 0 with its number', wrap(payload, 0, [], [], []), 'unknown version'],
    ['a missing list', wrap(payload, 1, [], []), 'end of the list'],
    ['a further list', wrap(payload, 1, [], [], [], []), 'unread bytes'],
    ['a short blob', wrap(payload, 1, [filled(131_071, 7)], [], []), '131071 bytes'],
    ['a long proof', wrap(payload, 1, [], [], [filled(49, 7)]), '49 bytes'],
  ])('TP-08 malformed: %s', (_, network, text) => {
    expect(() => decodePooledTransaction(network)).toThrow(RlpError);
    expect(() => decodePooledTransaction(network)).toThrow(text);
  });

  test('TP-08 a sidecar is not part of the canonical form', () => {
    const network = encodePooledTransaction(raw, sidecars[0] as BlobSidecar);
    expect(() => decodeTransaction(network)).toThrow(RlpError);
  });
});
