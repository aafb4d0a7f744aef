import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { encodePooledTransaction, signAuthorization, signTransaction, type UnsignedTransaction } from '@devp2p/eth';
import { openKzg, versionedHash } from '../apps/node/src/execution/kzg/kzg.ts';
import { type TestAccount, testAccount } from '../apps/node/test/execution/sign-transaction.ts';
import type { TestChain } from './geth.ts';

/** A signed transaction of the test chain. */
export interface SignedTransaction {
  readonly name: string;
  /** In the form of the network. */
  readonly raw: Uint8Array;
}

/** The accounts of the test chain with ether. */
export function fundedAccounts({ folder }: TestChain): TestAccount[] {
  const file = readFileSync(join(folder, 'accounts.json'), 'utf8');
  return Object.entries(JSON.parse(file) as Record<string, { key: string }>).map(([address, { key }]) => ({
    address: fromHex(address.slice(2)),
    key: fromHex(key.slice(2)),
  }));
}

const gwei = 10n ** 9n;
const recipient = new Uint8Array(20).fill(0x99);
/** Longer than the transactions that peers send whole, unasked. */
const longInput = new Uint8Array(5_000).fill(1);
const kzg = openKzg();

/**
 * Two transactions of each type, one that peers send whole and one that they only announce, and a blob transaction with
 * a sidecar of version 1.
 *
 * @param accounts of each transaction another one, of nonce 0; nine at least
 * @param seed by which blobs and delegations differ
 */
export function transactionsOfEachType(
  chain: TestChain,
  accounts: readonly TestAccount[],
  seed: number,
): SignedTransaction[] {
  const chainId = BigInt(chain.networkId);
  const dynamic = { maxFeePerGas: 100n * gwei, maxPriorityFeePerGas: gwei };
  const accessList = [{ address: recipient, storageKeys: [new Uint8Array(32).fill(seed)] }];
  let next = 0;
  const sign = (name: string, fields: object): SignedTransaction => {
    const { key } = accounts[next++] as TestAccount;
    const common = { chainId, nonce: 0n, gas: 1_000_000n, to: recipient, value: 1n };
    return { name, raw: signTransaction({ ...common, ...fields } as UnsignedTransaction, key, crypto) };
  };
  const plain = (['whole', 'announced'] as const).flatMap((form, i) => {
    const input = form === 'whole' ? Uint8Array.of(1, 2, 3) : longInput;
    const authority = testAccount(1_000 + 2 * seed + i);
    const delegation = signAuthorization({ chainId, address: recipient, nonce: 0n }, authority.key, crypto);
    return [
      sign(`type 0, ${form}`, { type: 0, gasPrice: 100n * gwei, input }),
      sign(`type 1, ${form}`, { type: 1, gasPrice: 100n * gwei, accessList, input }),
      sign(`type 2, ${form}`, { type: 2, ...dynamic, input }),
      sign(`type 4, ${form}`, { type: 4, ...dynamic, authorizationList: [delegation], input }),
    ];
  });
  const blob = new Uint8Array(131_072);
  blob[1] = seed;
  const commitment = kzg.commitment(blob);
  const { proofs } = kzg.cellsAndProofs(blob);
  const { name, raw } = sign('type 3, announced', {
    type: 3,
    ...dynamic,
    maxFeePerBlobGas: 100n * gwei,
    blobVersionedHashes: [versionedHash(commitment)],
  });
  return [
    ...plain,
    { name, raw: encodePooledTransaction(raw, { version: 1, blobs: [blob], commitments: [commitment], proofs }) },
  ];
}
