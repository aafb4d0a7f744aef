import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { bytes, func, methods, type Rules, required } from '@devp2p/options';
import type { RandomBytes } from '@devp2p/random';
import { checkOption } from '../../check.ts';
import type { GossipPool } from './gossip-pool.ts';

/** Options of {@link createTransactionGossip}. */
export interface TransactionGossipOptions {
  readonly pool: GossipPool;
  /**
   * Whether the node is synced. Until then announcements and transactions of peers are ignored, and none are sent; requests
   * are served. @default always
   */
  readonly isReady?: (() => boolean) | undefined;
  /**
   * Public key of this node, 64 bytes: has a part in the choice of peers that transactions are sent to whole.
   * @default a random one
   */
  readonly id?: Uint8Array | undefined;
  /** Hashes transactions. @default nobleCrypto; `@devp2p/crypto/fast` is faster */
  readonly crypto?: Crypto | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Source of keys and of the choice of peers. @default a cryptographically secure source */
  readonly random?: RandomBytes | undefined;
}

const rules: Rules<TransactionGossipOptions> = {
  pool: required(methods('wants', 'has', 'get', 'add', 'pending', 'onPending')),
  isReady: func,
  id: bytes(64),
  crypto: methods('keccak256'),
  clock: methods('now', 'monotonic', 'setTimeout'),
  random: func,
};

/** @throws EthError `invalid-option` */
export function checkTransactionOptions(options: TransactionGossipOptions): void {
  checkOption.options('createTransactionGossip', options, rules);
}
