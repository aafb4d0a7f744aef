import { type Clock, systemClock } from '@devp2p/clock';
import { type Crypto, nobleCrypto, type RandomBytes, randomBytes } from '@devp2p/crypto';
import type { Chain } from './chain.ts';
import type { EthPeer, TransactionPool } from './eth-peer.ts';

/** Options of {@link eth}. */
export interface EthOptions {
  /** The chain that is spoken about and served. */
  readonly chain: Chain;
  /** Pending transactions. @default none: peers get empty answers, and what they send is dropped */
  readonly pool?: TransactionPool | undefined;
  /** Called when a peer has said anew, after its Status, which blocks it has: see {@link EthPeer.range}. @default nobody */
  readonly onRange?: (peer: EthPeer) => void;
  /** Which versions to offer; the peers run the highest that both have. @default [70, 69, 68] */
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
}

export function withDefaults(options: EthOptions): EthParts {
  const { chain, pool, onRange, crypto, clock, random } = options;
  return {
    chain,
    pool,
    onRange,
    crypto: crypto ?? nobleCrypto,
    clock: clock ?? systemClock,
    random: random ?? randomBytes,
  };
}
