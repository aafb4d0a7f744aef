import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { bytes, decode, list } from '@devp2p/rlp';
// The pool is not part of the package's public API.
import { openTransactionPool, type PoolChain } from '../../../apps/node/dist/txpool/transaction-pool.js';
import type { Cases, Slice } from './serve.ts';

/** Transactions that gossip adds at once. */
const batch = 128;

const blockForks = ['homestead', 'eip155', 'eip158', 'byzantium', 'constantinople', 'istanbul', 'berlin', 'london'];
const timeForks = ['shanghai', 'cancun', 'prague', 'osaka'];
const forks = Object.fromEntries([...blockForks, ...timeForks].map((name) => [name, 0]));

/** A chain with one block, in Osaka, after which all accounts are rich. */
const chain = {
  genesis: { config: { chainId: 1n, forks: { ...forks, amsterdam: Number.POSITIVE_INFINITY }, blobSchedule: [] } },
  head: {
    number: 100,
    timestamp: 1_800_000_000,
    gasLimit: 60_000_000,
    gasUsed: 30_000_000,
    difficulty: 0n,
    baseFeePerGas: 1_000_000_000n,
    hash: new Uint8Array(32),
  },
  onHead: () => () => {},
  blockByHash: async () => undefined,
  accounts: async (_: Uint8Array, addresses: readonly Uint8Array[]) =>
    addresses.map(() => ({ nonce: 0n, balance: 10n ** 24n, hasCode: false })),
} as unknown as PoolChain;

const silent = { error() {}, warn() {}, info() {}, debug() {}, trace() {} };

/** Reads transfers of different accounts, in canonical form. */
export function readTransfers(folder: string): readonly Uint8Array[] {
  return decode(list(bytes()), readFileSync(join(folder, 'transfers.rlp')));
}

/** Opens an empty pool, and adds the transfers in batches. */
export async function fillPool(transfers: readonly Uint8Array[], crypto: Crypto) {
  const pool = await openTransactionPool({ chain, crypto, clock: systemClock, log: silent });
  for (let start = 0; start < transfers.length; start += batch) await pool.add(transfers.slice(start, start + batch));
  const { pending } = pool.status;
  if (pending !== transfers.length) throw new Error(`${pending} of ${transfers.length} are pending`);
  return pool;
}

export function poolCases(folder: string, crypto: Crypto): Cases {
  const adding = (prepare: (transfers: readonly Uint8Array[]) => Promise<Crypto>) => async (): Promise<Slice> => {
    const transfers = readTransfers(folder);
    const used = await prepare(transfers);
    return async (over) => {
      let count = 0;
      while (!over()) {
        const pool = await fillPool(transfers, used);
        await pool.close();
        count += transfers.length;
      }
      return count;
    };
  };
  return {
    'pool-add': adding(async () => crypto),
    'pool-add-known-sender': adding((transfers) => withKnownKeys(transfers, crypto)),
  };
}

/** Looks up the keys of signatures that it has recovered before. */
async function withKnownKeys(transfers: readonly Uint8Array[], crypto: Crypto): Promise<Crypto> {
  const known = new Map<number, Uint8Array>();
  const numberOf = (signature: Uint8Array): number =>
    new DataView(signature.buffer, signature.byteOffset).getUint32(0) * 2 ** 20 + (signature[4] as number);
  const withRecover = (recover: Crypto['secp256k1']['recover']): Crypto => ({
    ...crypto,
    secp256k1: { ...crypto.secp256k1, recover },
  });
  const recording = withRecover((signature, hash) => {
    const key = crypto.secp256k1.recover(signature, hash);
    known.set(numberOf(signature), key);
    return key;
  });
  await (await fillPool(transfers, recording)).close();
  return withRecover((signature) => known.get(numberOf(signature)) as Uint8Array);
}
