import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { createTransactionGossip, type TransactionGossip, transactionHash } from '@devp2p/eth';
import type { RandomBytes } from '@devp2p/random';
import type { BlockReader, CanonicalChain } from '../../chain/interfaces.ts';
import type { Log } from '../../logging/log.ts';
import { readMovement } from '../../txpool/head-movement.ts';
import { createGossipPool, type ExchangedPool } from './gossip-pool.ts';

/** @see createNodeTransactions */
export interface NodeTransactionsOptions {
  /** Public key of the node, 64 bytes. */
  readonly id: Uint8Array;
  readonly pool: ExchangedPool;
  readonly chain: Pick<CanonicalChain, 'head' | 'onHead'> & Pick<BlockReader, 'blockByHash'>;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** The exchange of transactions of a node. */
export interface NodeTransactions {
  /** The option `transactions` of eth. */
  readonly gossip: TransactionGossip;
  /**
   * Begins the exchange once the node is synced. Later it goes on while the node catches up with a new head.
   *
   * @param isSynced called often until it has returned `true`
   * @param finalized the number of the last final block, if it is known
   */
  follow(isSynced: () => boolean, finalized: () => Promise<number | undefined>): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Creates the exchange of transactions of a node, which begins when `follow` is called. */
export function createNodeTransactions(options: NodeTransactionsOptions): NodeTransactions {
  const { id, pool, chain, crypto, clock, random, log } = options;
  let isSynced = false;
  let look = (): boolean => false;
  let finalized = async (): Promise<number | undefined> => undefined;
  const gossip = createTransactionGossip({
    pool: createGossipPool(pool),
    id,
    isReady() {
      isSynced ||= look();
      return isSynced;
    },
    crypto,
    clock,
    random,
  });

  /** The head up to which peers have been credited. */
  let credited = chain.head;
  let crediting = Promise.resolve();
  const credit = async (): Promise<void> => {
    const { head } = chain;
    const { joined } = await readMovement(chain, credited, head);
    credited = head;
    for (const { number, timestamp, transactions } of joined) {
      gossip.included({ number, timestamp, transactions: transactions.map((raw) => transactionHash(raw, crypto)) });
    }
    const last = await finalized();
    if (last !== undefined) gossip.finalized(last);
  };
  let isClosed = false;
  const unsubscribe = chain.onHead(() => {
    crediting = crediting.then(async () => {
      if (isClosed || credited === chain.head) return;
      await credit().catch((error: unknown) =>
        log.debug({ error }, 'peers not credited for the transactions of a block'),
      );
    });
  });
  return {
    gossip,
    follow(condition, lastFinalized) {
      look = condition;
      finalized = lastFinalized;
    },
    close() {
      isClosed = true;
      unsubscribe();
      gossip.close();
      return crediting;
    },
  };
}
