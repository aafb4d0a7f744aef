import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import { array, bytes, func, integer, methods, type Rules, required, uint } from '@devp2p/options';
import { checkOption } from './check.ts';
import { checkForks } from './forkid.ts';
import type { EthPeer, TransactionPool } from './peer/eth-peer.ts';
import type { Chain, ChainRange } from './server/chain.ts';
import { Semaphore } from './server/semaphore.ts';

/** Options of {@link eth}. */
export interface EthOptions {
  /** The chain that is spoken about and served. */
  readonly chain: Chain;
  /** Pending transactions. @default none: peers get empty answers, and what they send is dropped */
  readonly pool?: TransactionPool | undefined;
  /** Called when a peer has said anew, after its Status, which blocks it has: see {@link EthPeer.range}. @default nobody */
  readonly onRange?: (peer: EthPeer) => void;
  /**
   * Versions to offer, of 70, 69 and 68; the peers run the highest that both have. go-ethereum has no 68 since v1.17.
   * @default [70, 69]
   */
  readonly versions?: readonly number[] | undefined;
  /** Hashes headers, and the logs of receipts for eth/68. @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Where request ids come from. @default a cryptographically secure source */
  readonly random?: RandomBytes | undefined;
}

/** Options with their defaults, as connections take them. */
export interface EthParts {
  readonly chain: Chain;
  readonly pool: TransactionPool | undefined;
  readonly onRange: ((peer: EthPeer) => void) | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** What takes more than one look at the chain, of all peers. */
  readonly reads: Semaphore;
}

/**
 * Answers of all peers that are read from the chain at once: half of the threads that Node.js reads files with, so that
 * one is always free for a look and for what the node itself writes.
 */
const maxReads = 2;

const rules: Rules<EthOptions> = {
  chain: required(methods('range', 'headers', 'bodies', 'receipts', 'onHead')),
  pool: methods('get'),
  onRange: func,
  versions: array,
  crypto: methods('keccak256'),
  clock: methods('monotonic', 'setTimeout'),
  random: func,
};

const chainRules: Partial<Rules<Chain>> = {
  networkId: required(uint(64)),
  genesisHash: required(bytes(32)),
};

const rangeRules: Rules<ChainRange> = {
  earliest: required(integer(0)),
  latest: required(integer(0)),
  latestHash: required(bytes(32)),
  latestTime: required(integer(0)),
  totalDifficulty: required({
    expected: 'a bigint of at least 0n',
    fits: (value) => typeof value === 'bigint' && value >= 0n,
  }),
};

/** @throws EthError `invalid-option` */
export function withDefaults(options: EthOptions): EthParts {
  checkOption.options('eth', options, rules);
  checkChain(options.chain);
  const { chain, pool, onRange, versions, crypto, clock, random } = options;
  if (versions?.length === 0) checkOption.fail('versions', versions, 'one version at least');
  return {
    chain,
    pool,
    onRange,
    crypto: crypto ?? nobleCrypto,
    clock: clock ?? systemClock,
    random: random ?? randomBytes,
    reads: new Semaphore(maxReads),
  };
}

/** Looks at a chain as it stands now: what it says later is the caller's to keep right. */
function checkChain(chain: Chain): void {
  checkOption.fields('chain', chain, chainRules);
  checkForks('chain.forks', chain.forks);
  const range = chain.range();
  checkOption.fields('chain.range()', range, rangeRules);
  const { earliest, latest } = range;
  if (earliest > latest) {
    checkOption.fail('chain.range().earliest', earliest, `at most its latest, ${latest}`);
  }
}
