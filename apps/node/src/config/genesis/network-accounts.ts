import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { NetworkName } from '@devp2p/appkit/networks';
import { bigint, bytes, bytesUpTo, type Codec, decode, list, optional, struct } from '@devp2p/rlp';
import { ChainError } from '../../errors/chain-error.ts';
import type { GenesisAccounts } from './genesis-json.ts';

interface StoredAccount {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly rest?: { nonce: bigint; code: Uint8Array; slots: { slot: Uint8Array; value: Uint8Array }[] } | undefined;
}

/** The form of the data in go-ethereum's `core/genesis_alloc.go`: addresses without leading zeros. */
const accountsCodec: Codec<StoredAccount[]> = list(
  struct({
    address: bytesUpTo(20),
    balance: bigint(256),
    rest: optional(
      struct({
        nonce: bigint(64),
        code: bytes(),
        slots: list(struct({ slot: bytes(32), value: bytes(32) })),
      }),
    ),
  }),
);

/**
 * Reads the accounts of a public network's genesis state from the files of the program. The state root is that of
 * `networkGenesis`, which the state checks.
 *
 * @throws ChainError `file`
 */
export async function readNetworkAccounts(name: NetworkName): Promise<GenesisAccounts> {
  const file = new URL(`../../../genesis/${name}.rlp.gz`, import.meta.url);
  try {
    const accounts = decode(accountsCodec, await promisify(gunzip)(await readFile(file)));
    return accounts.map(({ address, balance, rest }) => {
      const padded = new Uint8Array(20);
      padded.set(address, 20 - address.length);
      const { nonce = 0n, code = new Uint8Array(0), slots = [] } = rest ?? {};
      return [padded, { balance, nonce, code, storage: slots.map(({ slot, value }) => [slot, value]) }];
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ChainError('file', `the genesis accounts of ${name} cannot be read (${reason})`, { cause });
  }
}
