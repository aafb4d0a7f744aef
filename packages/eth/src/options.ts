import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import type { Chain } from './chain.ts';
import { checkOption } from './check.ts';
import type { EthPeer, TransactionPool } from './eth-peer.ts';
import { checkForks } from './forkid.ts';
import { Semaphore } from './semaphore.ts';

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

const optionNames = ['chain', 'pool', 'onRange', 'versions', 'crypto', 'clock', 'random'] as const;

/** @throws EthError `invalid-option` */
export function withDefaults(options: EthOptions): EthParts {
  checkOption.object('the options of eth', options, optionNames);
  checkChain(options.chain);
  const { chain, pool, onRange, versions, crypto, clock, random } = options;
  if (pool !== undefined) checkOption.methods('pool', pool, ['get']);
  if (onRange !== undefined) checkOption.function('onRange', onRange);
  if (versions !== undefined) checkOption.array('versions', versions);
  if (versions?.length === 0) checkOption.fail('versions', versions, 'one version at least');
  if (clock !== undefined) checkOption.methods('clock', clock, ['monotonic', 'setTimeout']);
  if (crypto !== undefined) checkOption.methods('crypto', crypto, ['keccak256']);
  if (random !== undefined) checkOption.function('random', random);
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
  checkOption.methods('chain', chain, ['range', 'headers', 'bodies', 'receipts', 'onHead']);
  checkOption.uint64('chain.networkId', chain.networkId);
  checkOption.bytes('chain.genesisHash', chain.genesisHash, 32);
  checkForks('chain.forks', chain.forks);
  const range = chain.range();
  checkOption.object('chain.range()', range);
  const { earliest, latest, latestHash, latestTime, totalDifficulty } = range;
  checkOption.integer('chain.range().latest', latest, 0, Number.MAX_SAFE_INTEGER);
  checkOption.integer('chain.range().earliest', earliest, 0, latest);
  checkOption.bytes('chain.range().latestHash', latestHash, 32);
  checkOption.integer('chain.range().latestTime', latestTime, 0, Number.MAX_SAFE_INTEGER);
  if (typeof totalDifficulty !== 'bigint' || totalDifficulty < 0n) {
    checkOption.fail('chain.range().totalDifficulty', totalDifficulty, 'a bigint of 0n or more');
  }
}
