import { readFileSync } from 'node:fs';
import { toHex } from '@devp2p/bytes';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { type Genesis, parseGenesis } from '../../src/config/genesis/genesis.ts';
import { type TestAccount, testAccount } from './sign-transaction.ts';

const file = new URL('../chain/fixtures/geth-export-genesis.json', import.meta.url);

/** Accounts with ether in {@link fundedGenesis}. */
export const accounts: readonly TestAccount[] = Array.from({ length: 8 }, (_, i) => testAccount(i + 1));

/**
 * The genesis of a chain with the contracts of the protocol and {@link accounts}: Shanghai from the start, then Cancun,
 * Prague, Osaka, BPO1, BPO2 and Amsterdam, 60 s each.
 *
 * @param changes of its `config`
 */
export function fundedGenesis(changes: Readonly<Record<string, number | undefined>> = {}): Genesis {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  for (const { address } of accounts) json.alloc[toHex(address)] = { balance: `0x${(10n ** 22n).toString(16)}` };
  json.config = { ...json.config, ...changes };
  return parseGenesis(JSON.stringify(json), crypto);
}
