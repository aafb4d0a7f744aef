import type { Crypto } from '@devp2p/crypto';
import {
  bytes,
  type Checker,
  createChecker,
  func,
  integer,
  methods,
  type Rule,
  type Rules,
  string,
  uint,
} from '@devp2p/options';
import { DevError } from '../errors/dev-error.ts';
import { type DevAccount, devAccounts } from './dev-accounts.ts';
import type { DevChainOptions } from './dev-chain.ts';
import { devGenesis } from './dev-genesis.ts';

/** When blocks are made: a number of seconds apart, as soon as transactions wait, or by calls of `mine` alone. */
export type BlockInterval = number | 'transactions' | 'calls';

/** Choices that every development chain has. */
export interface DevSettings {
  /** Number of accounts with ether, 1 to 1,000. @default 10 */
  readonly accounts?: number | undefined;
  /** Balance of each account in wei. @default 10,000 ether */
  readonly balance?: bigint | undefined;
  /** @default 1337 */
  readonly chainId?: number | undefined;
  /**
   * Text of a genesis.json of a proof-of-stake chain, which is used instead of one with the options above: accounts and
   * forks are those of the file. @default all forks up to BPO2 from the start
   */
  readonly genesis?: string | undefined;
  /** @default 'calls' */
  readonly interval?: BlockInterval | undefined;
  /** Account that receives the tips, 20 bytes. @default the zero address */
  readonly beneficiary?: Uint8Array | undefined;
}

const check: Checker = createChecker(DevError, 'invalid-option');

const intervalRule: Rule = {
  expected: "a number of seconds from 1 to 86,400, 'transactions' or 'calls'",
  fits: (value) => value === 'transactions' || value === 'calls' || integer(1, 86_400).fits(value),
};

const settings = {
  accounts: integer(1, 1_000),
  balance: uint(248),
  chainId: integer(1),
  genesis: string,
  interval: intervalRule,
  beneficiary: bytes(20),
} satisfies Rules<DevSettings>;

const rules: Rules<DevChainOptions> = {
  ...settings,
  datadir: string,
  logs: func,
  clock: methods('now', 'monotonic', 'setTimeout'),
  crypto: methods('keccak256'),
};

/** @throws DevError `invalid-option` */
export function checkDevChainOptions(options: DevChainOptions): void {
  check.options('createDevChain', options, rules);
}

/** Settings with their defaults. */
export interface CompleteDevSettings {
  readonly accounts: readonly DevAccount[];
  readonly genesis: string;
  readonly interval: BlockInterval;
  readonly beneficiary: Uint8Array;
}

const ether = 10n ** 18n;

export function withDevDefaults(options: DevSettings, crypto: Crypto): CompleteDevSettings {
  const { balance = 10_000n * ether, chainId = 1337, interval = 'calls' } = options;
  const accounts = devAccounts(options.accounts ?? 10, crypto);
  return {
    accounts,
    genesis: options.genesis ?? devGenesis({ accounts, chainId, balance }),
    interval,
    beneficiary: options.beneficiary ?? new Uint8Array(20),
  };
}
