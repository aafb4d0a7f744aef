import type { NetworkName } from '@devp2p/appkit/networks';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { expect, test } from 'vitest';
import { readNetworkAccounts } from '../../../src/config/genesis/network-accounts.ts';
import { networkGenesis } from '../../../src/config/genesis/networks.ts';
import { createStateStore } from '../../../src/execution/state/open-state-store.ts';

test.each<[NetworkName, number]>([
  ['mainnet', 8893],
  ['sepolia', 15],
  ['hoodi', 335],
])('ND-07 %s: the genesis state of %i accounts has the root of the genesis header', async (name, count) => {
  const genesis = networkGenesis(name, crypto);
  const accounts = await readNetworkAccounts(name);
  expect(accounts).toHaveLength(count);
  const store = await createStateStore({ genesis: { ...genesis, accounts }, crypto });
  expect(store.head).toEqual({ number: 0, hash: genesis.header.hash, stateRoot: genesis.header.stateRoot });
  const reader = store.reader(genesis.header.hash);
  for (const [address, { balance, nonce, code, storage }] of accounts) {
    const account = reader?.account(address);
    expect([account?.balance, account?.nonce]).toEqual([balance, nonce]);
    if (code.length > 0) expect(reader?.code(account?.codeHash as Uint8Array)).toEqual(code);
    for (const [slot, value] of storage) {
      expect(reader?.storage(address, BigInt(`0x${Buffer.from(slot).toString('hex')}`))).toBe(
        BigInt(`0x${Buffer.from(value).toString('hex')}`),
      );
    }
  }
  await store.close();
});
