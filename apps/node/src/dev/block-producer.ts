import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { RawList, type Receipt, receiptCodec, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { decode, list } from '@devp2p/rlp';
import type {
  BlockBuilder,
  BlockImporter,
  BlockReader,
  BuiltBlock,
  CanonicalChain,
  ChainRules,
  HeaderReader,
  StateView,
} from '../chain/interfaces.ts';
import { createQueue } from '../chain/queue.ts';
import { orderTransactions } from '../engine/order-transactions.ts';
import { DevError } from '../errors/dev-error.ts';
import type { Candidate } from '../execution/build-request.ts';
import type { Log } from '../logging/log.ts';
import type { TransactionPool } from '../txpool/transaction-pool.ts';
import { nextBaseFee } from '../validation/fees.ts';
import { checkSender, TransactionQueue, type WaitingTransaction } from './transaction-queue.ts';

/** The parts of the chain that a producer of blocks uses. */
type ProducedChain = Pick<CanonicalChain, 'head'> &
  ChainRules &
  Pick<HeaderReader, 'headerByHash'> &
  Pick<BlockReader, 'blockByHash'> &
  Pick<BlockImporter, 'insert' | 'setHead'> &
  BlockBuilder &
  StateView;

/** @see createBlockProducer */
export interface BlockProducerOptions {
  readonly chain: ProducedChain;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
  /** When blocks are made: a number of seconds apart, as soon as transactions wait, or by calls alone. */
  readonly interval: number | 'transactions' | 'calls';
  /** Account that receives the tips, 20 bytes. */
  readonly beneficiary: Uint8Array;
  /** Transactions of peers and of JSON-RPC, which blocks have after those that were handed over. @default none */
  readonly pool?: Pick<TransactionPool, 'pending' | 'onPending'> | undefined;
}

/** Choices for one block. */
export interface MineOptions {
  /** Hash of the block before it, 32 bytes. @default the head */
  readonly parent?: Uint8Array | undefined;
  /** In seconds, after that of the parent. @default the time of the clock, if that is after the parent */
  readonly timestamp?: number | undefined;
  /** At most 32 bytes, by which blocks with the same content differ. @default empty */
  readonly extraData?: Uint8Array | undefined;
}

/** A block that was made and imported. */
export interface MinedBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** In the order of its transactions. */
  readonly receipts: readonly Receipt[];
}

/** Makes blocks. */
export interface BlockProducer {
  /** Transactions that wait for a block. */
  readonly waiting: number;
  /**
   * Hands over a transaction for the next block.
   *
   * @param transaction in canonical form
   * @returns its hash, 32 bytes
   * @throws DevError `transaction-refused`, `queue-full`, `closed`
   */
  add(transaction: Uint8Array): Promise<Uint8Array>;
  /**
   * Makes a block, and imports it. It is the head if its number is higher than that of the head.
   *
   * @param transactions in canonical form and in this order; they all have to be part of the block. @default those that
   * wait, as far as they fit
   * @throws DevError
   */
  mine(transactions?: readonly Uint8Array[], options?: MineOptions): Promise<MinedBlock>;
  /** Calls the listener after each block. @returns a function that ends the subscription */
  onBlock(listener: (block: MinedBlock) => void): () => void;
  /** Waits for a block that is being made. Idempotent. */
  close(): Promise<void>;
}

const gasTarget = 60_000_000;
const noRoot: Uint8Array = new Uint8Array(32);
const receiptsCodec = list(receiptCodec);

/** Creates a producer of blocks on a chain that executes them. */
export function createBlockProducer(options: BlockProducerOptions): BlockProducer {
  const { chain, crypto, clock, log, interval, beneficiary, pool } = options;
  const { config } = chain.genesis;
  const queue = new TransactionQueue({ config, crypto });
  const inTurn = createQueue();
  const listeners = new Set<(block: MinedBlock) => void>();
  let timer: Timer | undefined;
  let isClosed = false;

  const expectOpen = (): void => {
    if (isClosed) throw new DevError('closed', 'the development chain is closed');
  };

  const parentOf = async (hash: Uint8Array | undefined): Promise<SealedHeader> => {
    const parent = hash === undefined ? chain.head : await chain.headerByHash(hash);
    if (parent === undefined) throw new DevError('unknown-parent', `no block 0x${toHex(hash as Uint8Array)}`);
    return parent;
  };

  const build = async (
    parent: SealedHeader,
    transactions: readonly Candidate[],
    { timestamp, extraData = new Uint8Array() }: MineOptions,
  ): Promise<BuiltBlock> => {
    const now = Math.floor(clock.now() / 1000);
    const time = timestamp ?? Math.max(now, parent.timestamp + 1);
    if (time <= parent.timestamp) {
      const expected = `expected a time after that of the parent, ${parent.timestamp}`;
      throw new DevError('invalid-option', `timestamp is ${time}, ${expected}`);
    }
    const { forks } = config;
    return chain.build({
      parent,
      timestamp: time,
      beneficiary,
      mixHash: crypto.keccak256(parent.hash),
      ...(time >= forks.shanghai && { withdrawals: RawList.of([]) }),
      ...(time >= forks.cancun && { parentBeaconBlockRoot: noRoot }),
      ...(time >= forks.amsterdam && { slotNumber: Number(parent.slotNumber ?? 0) + 1 }),
      gasTarget,
      extraData,
      transactions,
    });
  };

  const importBlock = async ({ header, body, accessList }: BuiltBlock): Promise<MinedBlock> => {
    const result = await chain.insert({ header, body, accessList });
    if (result.status !== 'valid') {
      const reason = result.status === 'invalid' ? result.reason : 'the state of its parent is missing';
      throw new DevError('import-failed', `block ${header.number} cannot be imported: ${reason}`);
    }
    if (header.number > chain.head.number) await chain.setHead(header.hash);
    const stored = await chain.blockByHash(header.hash);
    return { header, body, receipts: decode(receiptsCodec, stored?.receipts ?? Uint8Array.of(0xc0)) };
  };

  /** Removes included transactions from the queue, and those that no later block can include. */
  const settle = async ({ included, refused }: BuiltBlock, tried: readonly WaitingTransaction[]): Promise<void> => {
    // Those after them are of the pool, which follows the head by itself.
    const isTried = (position: number): boolean => position < tried.length;
    for (const position of included.filter(isTried)) queue.remove(tried[position] as WaitingTransaction);
    for (const { position, code, reason } of refused) {
      if (!isTried(position)) continue;
      const transaction = tried[position] as WaitingTransaction;
      const account = code === 'transaction-nonce' ? await chain.account(transaction.sender) : undefined;
      // One with a higher nonce waits for those before it.
      if (account !== undefined && transaction.nonce > account.nonce) continue;
      queue.remove(transaction);
      log.warn({ transaction: transaction.hash, code, reason }, 'a transaction was dropped');
    }
  };

  /** Transactions of the pool by their tips, without blobs: a block of this chain has no sidecars beside it. */
  const pooledAfter = async (parent: SealedHeader): Promise<readonly Candidate[]> => {
    const conditions = {
      baseFee: nextBaseFee(config, parent),
      minTip: 0n,
      blobFee: undefined,
      sidecarVersion: 1,
    } as const;
    const pending = (await pool?.pending(conditions)) ?? [];
    return orderTransactions(pending, conditions);
  };

  const mine = async (given: readonly Uint8Array[] | undefined, choices: MineOptions): Promise<MinedBlock> => {
    if (given !== undefined && !Array.isArray(given)) {
      throw new DevError('invalid-option', 'transactions is not an array');
    }
    const parent = await parentOf(choices.parent);
    const transactions = given?.map((raw) => queue.check(raw, parent)) ?? queue.list();
    const pooled = given === undefined ? await pooledAfter(parent) : [];
    const built = await build(parent, [...transactions, ...pooled], choices);
    if (given !== undefined && built.included.length < given.length) throw refusal(built, given.length);
    const mined = await importBlock(built);
    if (given === undefined) await settle(built, transactions);
    const { number, hash, gasUsed } = mined.header;
    log.info({ number, hash, transactions: mined.body.transactions.length, gasUsed }, 'block made');
    for (const listener of [...listeners]) listener(mined);
    return mined;
  };

  const schedule = (milliseconds: number): void => {
    timer ??= clock.setTimeout(() => {
      timer = undefined;
      inTurn(async () => (isClosed ? undefined : mine(undefined, {})))
        .catch((error: unknown) => log.error({ error }, 'no block was made'))
        .finally(() => {
          if (isClosed) return;
          if (typeof interval === 'number') schedule(interval * 1000);
        });
    }, milliseconds);
  };
  if (typeof interval === 'number') schedule(interval * 1000);

  const unsubscribe = interval === 'transactions' ? pool?.onPending(() => schedule(0)) : undefined;

  return {
    get waiting() {
      return queue.size;
    },
    async add(raw) {
      expectOpen();
      const transaction = queue.check(raw, chain.head);
      checkSender(transaction, await chain.account(transaction.sender));
      expectOpen();
      queue.add(transaction);
      if (interval === 'transactions') schedule(0);
      return transaction.hash;
    },
    async mine(transactions, choices = {}) {
      expectOpen();
      return inTurn(() => {
        expectOpen();
        return mine(transactions, choices);
      });
    },
    onBlock(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      isClosed = true;
      unsubscribe?.();
      timer?.cancel();
      await inTurn(async () => {});
    },
  };
}

function refusal({ included, refused }: BuiltBlock, count: number): DevError {
  const [first] = refused;
  if (first === undefined) {
    return new DevError('transaction-refused', `${count - included.length} transactions do not fit into the block`);
  }
  const { position, code, reason } = first;
  return new DevError('transaction-refused', `transaction ${position}: ${reason}`, { transaction: code });
}
