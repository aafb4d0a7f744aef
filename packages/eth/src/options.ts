import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto } from '@devp2p/crypto';
import { array, bytes, func, integer, methods, type Rules, required, uint } from '@devp2p/options';
import { type RandomBytes, randomBytes } from '@devp2p/random';
import { checkOption } from './check.ts';
import { checkForks } from './fork-id.ts';
import type { BlockExchange } from './gossip/block-exchange.ts';
import type { TransactionExchange } from './gossip/transactions/transaction-exchange.ts';
import type { EthPeer } from './peer/eth-peer.ts';
import type { Chain, ChainRange } from './server/chain.ts';
import { Semaphore } from './server/semaphore.ts';
import type { EthVersion } from './wire/eth-version.ts';

/** Options of {@link eth}. */
export interface EthOptions {
  /** Chain of this node: its Status is sent, and its blocks are served. */
  readonly chain: Chain;
  /**
   * Exchange of pooled transactions.
   *
   * @default none: peers get empty responses, and their transactions are dropped
   */
  readonly transactions?: TransactionExchange | undefined;
  /**
   * Exchange of new blocks, on proof-of-authority and development chains: see {@link createBlockGossip}.
   *
   * @default none: NewBlock and NewBlockHashes are breaches, as on chains with a consensus layer
   */
  readonly blocks?: BlockExchange | undefined;
  /** Called after each BlockRangeUpdate of a peer, with the new {@link EthPeer.range}. @default not called */
  readonly onRange?: ((peer: EthPeer) => void) | undefined;
  /**
   * Versions to offer: numbers of supported ones (70, 69, 68), or versions that the caller defines. Each peer runs the
   * highest shared one. go-ethereum has no eth/68 since v1.17.
   * @default [70, 69]
   */
  readonly versions?: readonly (number | EthVersion)[] | undefined;
  /** Hashes headers and, for eth/68, the logs of receipts. @default nobleCrypto */
  readonly crypto?: Crypto | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Source of request ids. @default a cryptographically secure source */
  readonly random?: RandomBytes | undefined;
}

/** Options with their defaults, shared by the connections of all peers. */
export interface EthContext {
  readonly chain: Chain;
  readonly transactions: TransactionExchange | undefined;
  readonly blocks: BlockExchange | undefined;
  readonly onRange: ((peer: EthPeer) => void) | undefined;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Limits the reads of the chain after each first one, for all peers. */
  readonly reads: Semaphore;
}

/**
 * Responses that are read from the chain at once, for all peers: half of the threads with which Node.js reads files. The
 * others stay free for first reads and for the writes of the node.
 */
const maxReads = 2;

const rules: Rules<EthOptions> = {
  chain: required(methods('range', 'headers', 'bodies', 'receipts', 'onHead')),
  transactions: methods('connected'),
  blocks: methods('connected'),
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
export function withDefaults(options: EthOptions): EthContext {
  checkOption.options('eth', options, rules);
  checkChain(options.chain);
  const { chain, transactions, blocks, onRange, versions, crypto, clock, random } = options;
  if (versions?.length === 0) checkOption.fail('versions', versions, 'at least one version');
  return {
    chain,
    transactions,
    blocks,
    onRange,
    crypto: crypto ?? nobleCrypto,
    clock: clock ?? systemClock,
    random: random ?? randomBytes,
    reads: new Semaphore(maxReads),
  };
}

/** Checks a chain in its current state; later values are not checked. */
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
