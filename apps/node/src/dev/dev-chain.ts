import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectable } from '@devp2p/appkit';
import { type Clock, systemClock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { type LocalChain, openChain } from '../chain/chain.ts';
import type { Account } from '../chain/interfaces.ts';
import { parseGenesis } from '../config/genesis/genesis.ts';
import { executorOf } from '../execution/open-executor.ts';
import { type Logs, silentLogs } from '../logging/log.ts';
import { type BlockProducer, createBlockProducer } from './block-producer.ts';
import type { DevAccount } from './dev-accounts.ts';
import { checkDevChainOptions, type DevSettings, withDevDefaults } from './dev-options.ts';

/** Options of {@link createDevChain}. */
export interface DevChainOptions extends DevSettings {
  /** Directory of the databases, created if it is missing. @default a temporary one, which is removed when the chain closes */
  readonly datadir?: string | undefined;
  /** Receives the log lines of each module. @default no log */
  readonly logs?: Logs | undefined;
  /** Time of blocks, and of `interval`. @default systemClock */
  readonly clock?: Clock | undefined;
  /** @default fastCrypto */
  readonly crypto?: Crypto | undefined;
}

/** A chain that makes its own blocks, without a consensus client. */
export interface DevChain extends Omit<BlockProducer, 'close'> {
  /** For `eth({ chain })` of `@devp2p/eth`, and for reading blocks. */
  readonly chain: LocalChain;
  /** The accounts with ether. Their keys are public. */
  readonly accounts: readonly DevAccount[];
  /** Text of a genesis.json, with which other nodes follow the chain. */
  readonly genesis: string;
  /**
   * Nonce, balance and code hash of an account after the head.
   *
   * @param address 20 bytes
   */
  account(address: Uint8Array): Promise<Account | undefined>;
  /** Waits for the block that is being made, and closes the databases. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a development chain inside of this program: for tests of other programs. It has no network; every block is
 * executed, in this thread.
 *
 * @throws DevError `invalid-option`; ChainError `invalid-genesis`, and others of the database
 */
export async function createDevChain(options: DevChainOptions = {}): Promise<DevChain> {
  checkDevChainOptions(options);
  const { clock = systemClock, crypto = fastCrypto, logs = silentLogs } = options;
  const { accounts, genesis: text, interval, beneficiary } = withDevDefaults(options, crypto);
  const genesis = parseGenesis(text, crypto);
  const temporary = options.datadir === undefined ? await mkdtemp(join(tmpdir(), 'devp2p-dev-')) : undefined;
  const removeFiles = async (): Promise<void> => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  const datadir = options.datadir ?? (temporary as string);
  let chain: LocalChain;
  try {
    chain = await openChain({
      location: join(datadir, 'chain'),
      genesis,
      clock,
      crypto,
      openExecutor: executorOf({ location: join(datadir, 'state'), genesis, threads: false, crypto, clock }),
    });
    await chain.caughtUp;
  } catch (error) {
    await removeFiles();
    throw error;
  }
  const producer = createBlockProducer({ chain, crypto, clock, log: logs('dev'), interval, beneficiary });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= producer
      .close()
      .then(() => chain.close())
      .finally(removeFiles);
    return closed;
  };
  const devChain: DevChain = {
    chain,
    accounts,
    genesis: text,
    get waiting() {
      return producer.waiting;
    },
    add: producer.add,
    mine: producer.mine,
    onBlock: producer.onBlock,
    account: (address) => chain.account(address),
    close,
    [Symbol.asyncDispose]: close,
  };
  return inspectable('DevChain', devChain, ({ waiting }) => ({ chain, accounts: accounts.length, waiting }));
}
