import { toHex } from '@devp2p/bytes';
import type { Clock, Timer } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { RawList, type Receipt, receiptCodec, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { decode, list } from '@devp2p/rlp';
import type {
  BlockBuilder,
  BlockImporter,
  BlockReader,
  BuildRequest,
  BuiltBlock,
  CanonicalChain,
  ChainRules,
  HeaderReader,
  StateView,
} from '../chain/interfaces.ts';
import { createQueue } from '../chain/queue.ts';
import { blockConditions } from '../engine/block-conditions.ts';
import { orderTransactions } from '../engine/order-transactions.ts';
import { DevError } from '../errors/dev-error.ts';
import type { Log } from '../logging/log.ts';
import type { PendingTransaction } from '../txpool/transaction-source.ts';
import { checkGiven } from './check-given.ts';
import { TransactionQueue } from './transaction-queue.ts';
import { isOfFullBlock, type WaitingTransactions } from './waiting-transactions.ts';

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
  /** Transactions of blocks that are made without given ones. @default those of {@link BlockProducer.add} alone */
  readonly waiting?: WaitingTransactions | undefined;
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
   * @param transaction in canonical form; for a node, which has a pool, in that of the network, with the blobs
   * @returns its hash, 32 bytes
   * @throws DevError `transaction-refused`, `queue-full`, `closed`
   */
  add(transaction: Uint8Array): Promise<Uint8Array>;
  /**
   * Makes a block, and imports it. It is the head if its number is higher than that of the head.
   *
   * @param transactions in canonical form and in this order; they all have to be part of the block. @default those that
   * wait and pay the base fee, as far as they fit, the highest tips first
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
  const { chain, crypto, clock, log, interval, beneficiary } = options;
  const waiting = options.waiting ?? new TransactionQueue({ chain, crypto, log });
  const { config } = chain.genesis;
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

  /** @returns an empty block */
  const requestOf = (parent: SealedHeader, choices: MineOptions): BuildRequest => {
    const { timestamp, extraData = new Uint8Array() } = choices;
    const now = Math.floor(clock.now() / 1000);
    const time = timestamp ?? Math.max(now, parent.timestamp + 1);
    if (time <= parent.timestamp) {
      const expected = `expected a time after that of the parent, ${parent.timestamp}`;
      throw new DevError('invalid-option', `timestamp is ${time}, ${expected}`);
    }
    const { forks } = config;
    return {
      parent,
      timestamp: time,
      beneficiary,
      mixHash: crypto.keccak256(parent.hash),
      ...(time >= forks.shanghai && { withdrawals: RawList.of([]) }),
      ...(time >= forks.cancun && { parentBeaconBlockRoot: noRoot }),
      ...(time >= forks.amsterdam && { slotNumber: Number(parent.slotNumber ?? 0) + 1 }),
      gasTarget,
      extraData,
      transactions: [],
    };
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

  /** Waiting transactions by their tips, as in a payload; any tip suffices. */
  const waitingFor = async (request: BuildRequest): Promise<readonly PendingTransaction[]> => {
    const conditions = blockConditions(config, request, 0n);
    return orderTransactions(await waiting.pending(conditions), conditions);
  };

  const mine = async (given: readonly Uint8Array[] | undefined, choices: MineOptions): Promise<MinedBlock> => {
    if (given !== undefined && !Array.isArray(given)) {
      throw new DevError('invalid-option', 'transactions is not an array');
    }
    const parent = await parentOf(choices.parent);
    const checked = given?.map((raw) => checkGiven(raw, parent, config, crypto));
    const request = requestOf(parent, choices);
    const tried = checked ?? (await waitingFor(request));
    const transactions = tried.map(({ raw, sender }) => ({ raw, sender }));
    const built = await chain.build({ ...request, transactions });
    if (given !== undefined && built.included.length < given.length) throw refusal(built, given.length);
    const mined = await importBlock(built);
    if (given === undefined) await waiting.settle(built, tried);
    const { number, hash, gasUsed } = mined.header;
    log.info({ number, hash, transactions: mined.body.transactions.length, gasUsed }, 'block made');
    for (const listener of [...listeners]) listener(mined);
    if (given === undefined && interval === 'transactions' && !isClosed && hasLeft(built, tried)) schedule(0);
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

  const unsubscribe = interval === 'transactions' ? waiting.onPending(() => schedule(0)) : undefined;

  return {
    get waiting() {
      return waiting.size;
    },
    async add(raw) {
      expectOpen();
      const hash = await waiting.add(raw);
      expectOpen();
      return hash;
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

/** Whether transactions did not fit into a block that has others, so that the next one may have them. */
function hasLeft({ included, refused }: BuiltBlock, tried: readonly PendingTransaction[]): boolean {
  if (included.length === 0) return false;
  const positions = new Set(included);
  const senderOf = (position: number): string => toHex((tried[position] as PendingTransaction).sender);
  // Later transactions of these have the same fault.
  const senders = new Set(refused.filter(({ code }) => !isOfFullBlock(code)).map(({ position }) => senderOf(position)));
  return tried.some((_, position) => !positions.has(position) && !senders.has(senderOf(position)));
}

function refusal({ included, refused }: BuiltBlock, count: number): DevError {
  const [first] = refused;
  if (first === undefined) {
    return new DevError('transaction-refused', `${count - included.length} transactions do not fit into the block`);
  }
  const { position, code, reason } = first;
  return new DevError('transaction-refused', `transaction ${position}: ${reason}`, { transaction: code });
}
