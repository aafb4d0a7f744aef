// Adds blob transactions to a pool in a directory, and prints the position of each one that is stored. Needs a build.
import { readFileSync, writeSync } from 'node:fs';
import { systemClock } from '@devp2p/clock';
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { bytes, decode, list } from '@devp2p/rlp';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';
import { silentLogs } from '../../dist/logging/log.js';
import { openTransactionPool } from '../../dist/txpool/transaction-pool.js';

const [directory, genesisFile, transactionsFile] = process.argv.slice(2);
const genesis = parseGenesis(readFileSync(genesisFile, 'utf8'), crypto);
const transactions = decode(list(bytes()), readFileSync(transactionsFile));
const say = (...words) => writeSync(1, `${words.join(' ')}\n`);

/** A chain of which the genesis is the head, and whose accounts have ether. */
const chain = {
  genesis,
  head: genesis.header,
  onHead: () => () => {},
  accounts: async (_, addresses) => addresses.map(() => ({ nonce: 0n, balance: 10n ** 19n, hasCode: false })),
  verifySidecar: async () => true,
  blockByHash: async () => undefined,
  finalizedBlock: { read: async () => undefined, write: async () => {} },
};

const pool = await openTransactionPool({ chain, directory, crypto, clock: systemClock, log: silentLogs('txpool') });
for (const [position, transaction] of transactions.entries()) {
  const [{ status, code }] = await pool.add([transaction]);
  say(code ?? status, position);
}
await pool.close();
say('complete');
