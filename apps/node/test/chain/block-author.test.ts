import { sealHeader } from '@devp2p/eth';
import { expect, test } from 'vitest';
import { blockAuthor, cliqueSigner } from '../../src/validation/block-author.ts';
import { addressOf, keyOf } from '../execution/block/transactions.ts';
import { crypto, makeGenesis, withChanges } from './make-blocks.ts';

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const hashes = ['parentHash', 'unclesHash', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'mixHash'] as const;

/** The header of TestSealHash in go-ethereum's consensus/clique/clique_test.go, and the hash that its signer signs. */
const header = withChanges(makeGenesis('work').header, {
  ...Object.fromEntries(hashes.map((name) => [name, zeros(32)])),
  beneficiary: zeros(20),
  logsBloom: zeros(256),
  difficulty: 0n,
  number: 0,
  gasLimit: 0,
  gasUsed: 0,
  timestamp: 0,
  nonce: zeros(8),
  baseFeePerGas: 0n,
});
const sealHash = Buffer.from('bd3d1fa43fbc4c5bfcc91b179ec92e2861df3654de60468beb908ff805359e8f', 'hex');

test('ND-07 the signer of a Clique block is recovered from its seal', () => {
  const extraData = zeros(32 + 65);
  extraData.set(crypto.secp256k1.sign(sealHash, keyOf(5)), 32);
  expect(cliqueSigner({ ...header, extraData }, crypto)).toEqual(addressOf(keyOf(5)));
  expect(cliqueSigner(sealHeader({ ...header, extraData }, crypto), crypto)).toEqual(addressOf(keyOf(5)));
  expect(cliqueSigner({ ...header, extraData: zeros(32 + 65) }, crypto)).toBeUndefined();
  const { config } = makeGenesis('work', { config: { clique: {} }, extraData: `0x${'00'.repeat(97)}` });
  expect(blockAuthor(config, { ...header, extraData, difficulty: 0n }, crypto)).toEqual(header.beneficiary);
  expect(blockAuthor(config, { ...header, extraData: zeros(97), difficulty: 1n }, crypto)).toBeUndefined();
  expect(blockAuthor(makeGenesis('work').config, { ...header, difficulty: 1n }, crypto)).toEqual(header.beneficiary);
});
