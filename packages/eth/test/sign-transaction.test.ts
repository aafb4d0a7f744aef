import { fromHex, toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { expect, test } from 'vitest';
import {
  accountAddress,
  EthError,
  signAuthorization,
  signTransaction,
  type UnsignedTransaction,
} from '../src/index.ts';
import { filled } from './memory-chain.ts';

const key = filled(32, 0x46);
const to = filled(20, 0x35);
const fees = { maxFeePerGas: 3_000_000_000n, maxPriorityFeePerGas: 1n };
const accessList = [{ address: filled(20, 1), storageKeys: [filled(32, 0), filled(32, 255)] }];

test('the example of EIP-155', () => {
  const signed = signTransaction(
    {
      type: 0,
      chainId: 1n,
      nonce: 9n,
      gasPrice: 20_000_000_000n,
      gas: 21_000n,
      to,
      value: 10n ** 18n,
    },
    key,
  );
  expect(toHex(signed)).toBe(
    'f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025' +
      'a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
      'a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83',
  );
});

test('the address of a key', () => {
  const publicKey = nobleCrypto.secp256k1.publicKey(key);
  expect(toHex(accountAddress(publicKey))).toBe('9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f');
  expect(() => accountAddress(key)).toThrow('publicKey');
});

const transactions: readonly UnsignedTransaction[] = [
  { type: 0, chainId: 1337n, nonce: 0n, gas: 53_000n, gasPrice: 7n, input: fromHex('6000') },
  { type: 1, chainId: 1337n, nonce: 1n, gas: 60_000n, gasPrice: 7n, to, accessList },
  { chainId: 1337n, nonce: 2n, gas: 21_000n, to, value: 5n, ...fees },
  {
    type: 3,
    chainId: 1337n,
    nonce: 2n ** 63n,
    gas: 21_000n,
    to,
    ...fees,
    accessList,
    maxFeePerBlobGas: 1n,
    blobVersionedHashes: [filled(32, 1)],
  },
  {
    type: 4,
    chainId: 1337n,
    nonce: 4n,
    gas: 100_000n,
    to,
    ...fees,
    authorizationList: [signAuthorization({ chainId: 0n, address: to, nonce: 0n }, filled(32, 9))],
  },
];

/** Computed with @ethereumjs/tx 10.1.3 from the same fields. */
const hashes = [
  'edc6d40ce15d4da8bb7debdfea35210ed8ead70e30f99ea440910ff7680512b7',
  '83a363ea1c5859f72c8b346e90f5e7055626f5c529e0075e01c1b2952e3c76d1',
  '57e9ed2391bfd90aba69232bee32b1d1d9944233cd48f7e18550b84aceee6fc6',
  '012ff2f49ca41733b0cf5b138fac2bcbe5400699dc983382be4eeabd7d934282',
  '7c9dec5238f525b2e85782c29b8ab64caab66710fd6d8e775517bb9a84722907',
];

test.each(transactions.map((transaction, i) => [transaction.type ?? 2, transaction, hashes[i]] as const))(
  'a signed transaction of type %i',
  (_, transaction, hash) => {
    const signed = signTransaction(transaction, key);
    expect(toHex(nobleCrypto.keccak256(signed))).toBe(hash);
  },
);

test.each<[string, object, string]>([
  ['a nonce that is a number', { ...transactions[2], nonce: 1 }, 'nonce'],
  ['an unknown type', { ...transactions[2], type: 5 }, 'type'],
  ['a gas price in type 2', { ...transactions[2], gasPrice: 1n }, 'gasPrice'],
  ['no recipient in type 3', { ...transactions[3], to: undefined }, 'to'],
  ['a short recipient', { ...transactions[2], to: filled(19, 1) }, 'to'],
  ['a value of 257 bits', { ...transactions[2], value: 1n << 256n }, 'value'],
  ['a short storage key', { ...transactions[2], accessList: [{ address: to, storageKeys: [to] }] }, 'storageKeys'],
  [
    'an unsigned authorization',
    { ...transactions[4], authorizationList: [{ chainId: 0n, address: to, nonce: 0n }] },
    'yParity',
  ],
])('refused: %s', (_, transaction, name) => {
  const attempt = (): unknown => signTransaction(transaction as UnsignedTransaction, key);
  expect(attempt).toThrow(EthError);
  expect(attempt).toThrow(name);
});
