import { bigint, boolean, bytes, bytesUpTo, type Codec, list, map, RlpError, raw, struct, uint } from '@devp2p/rlp';
import type { ForkId } from '../fork-id.ts';
import type { RawList } from '../types/raw-list.ts';
import { transactionList } from '../types/transaction.ts';

/** Most blocks in one request or response (go-ethereum). */
export const maxBlocks = 1024;

/** Most hashes in one message: four times the limit that eth.md recommends for announcements. */
const maxHashes = 16_384;

/** Most transactions in one message (go-ethereum). */
const maxTransactions = 5000;

export const hash: Codec<Uint8Array> = bytes(32);
export const hashes: Codec<Uint8Array[]> = list(hash, { max: maxHashes });
export const requestId: Codec<bigint> = bigint(64);
const blockNumber = uint(64);

/** Blocks that a node has, as in Status and BlockRangeUpdate. */
export interface BlockRange {
  /** First block with body and receipts. */
  earliest: number;
  latest: number;
  /** 32 bytes. */
  latestHash: Uint8Array;
}

/** Fields that Status has in every version. */
export interface StatusBase {
  /** The negotiated eth version. */
  version: number;
  networkId: bigint;
  /** 32 bytes. */
  genesisHash: Uint8Array;
  forkId: ForkId;
  /** Hash of the head, 32 bytes. */
  latestHash: Uint8Array;
}

/** Status up to eth/68. */
export interface Status68 extends StatusBase {
  /** Sum of all difficulties up to the head. */
  totalDifficulty: bigint;
}

/** Status from eth/69 on (EIP-7642). */
export interface Status69 extends StatusBase, BlockRange {}

/** First message in each direction: the chain of a node and its head. */
export type Status = Status68 | Status69;

/** Request for headers. Its integers are any of 64 bits. */
export interface GetBlockHeaders {
  requestId: bigint;
  query: {
    /** Number, or hash (32 bytes), of the first block. */
    origin: bigint | Uint8Array;
    amount: bigint;
    /** Number of blocks to leave out between two headers. */
    skip: bigint;
    /** Towards the genesis. */
    reverse: boolean;
  };
}

/** GetBlockBodies and GetPooledTransactions. */
export interface GetByHashes {
  requestId: bigint;
  hashes: Uint8Array[];
}

export interface GetReceipts extends GetByHashes {
  /** Number of receipts of the first block to leave out. Always 0 in versions without divisible receipts. */
  firstBlockReceiptIndex: number;
}

/** A response. Its items stay encoded until its request is found. */
export interface Items {
  requestId: bigint;
  items: Uint8Array[];
}

export interface Receipts extends Items {
  /** Whether the last list lacks receipts at its end. Always `false` in versions without divisible receipts. */
  lastBlockIncomplete: boolean;
}

/** NewPooledTransactionHashes: three lists of the same length. */
export interface TransactionAnnouncement {
  /** One byte for each transaction. */
  types: Uint8Array;
  /** Length of each transaction's canonical form in bytes. */
  sizes: number[];
  /** 32 bytes each. */
  hashes: Uint8Array[];
}

/** NewBlock: a block that its sender has verified at least as far as its header. */
export interface NewBlock {
  /** RLP list `[header, transactions, uncles, withdrawals?]`. */
  block: Uint8Array;
  /** Sum of all difficulties up to the block, inclusive. */
  totalDifficulty: bigint;
}

/** Element of NewBlockHashes: a block that its sender has. */
export interface BlockAnnouncement {
  /** 32 bytes. */
  hash: Uint8Array;
  number: number;
}

/** The messages of eth by name, in the same form for every version. Each version has its own codecs for them. */
export interface Messages {
  status: Status;
  newBlockHashes: BlockAnnouncement[];
  transactions: RawList;
  getBlockHeaders: GetBlockHeaders;
  blockHeaders: Items;
  getBlockBodies: GetByHashes;
  blockBodies: Items;
  newBlock: NewBlock;
  newPooledTransactionHashes: TransactionAnnouncement;
  getPooledTransactions: GetByHashes;
  pooledTransactions: Items;
  getReceipts: GetReceipts;
  receipts: Receipts;
  blockRangeUpdate: BlockRange;
}

/** Name of the response to each request. */
export const responses = {
  getBlockHeaders: 'blockHeaders',
  getBlockBodies: 'blockBodies',
  getReceipts: 'receipts',
  getPooledTransactions: 'pooledTransactions',
} as const;

export type RequestName = keyof typeof responses;
export type ResponseName = (typeof responses)[RequestName];
/** The responses of {@link Messages}. */
export type Responses = Pick<Messages, ResponseName>;

export const blockRange: Codec<BlockRange> = struct({
  earliest: blockNumber,
  latest: blockNumber,
  latestHash: hash,
});

/** A block hash, or a block number of 64 bits; the length decides. */
const origin: Codec<bigint | Uint8Array> = {
  read(reader) {
    const start = reader.position;
    const length = reader.stringHeader();
    reader.position = start;
    return length === 32 ? hash.read(reader) : requestId.read(reader);
  },
  write(writer, value) {
    if (typeof value === 'bigint') requestId.write(writer, value);
    else hash.write(writer, value);
  },
};

export const getBlockHeaders: Codec<GetBlockHeaders> = struct({
  requestId,
  query: struct({ origin, amount: bigint(64), skip: bigint(64), reverse: boolean }),
});

export const getByHashes: Codec<GetByHashes> = struct({ requestId, hashes });

/** Headers, bodies or, as one list for each block, receipts. */
export const blockItems: Codec<Uint8Array[]> = list(raw, { max: maxBlocks });

export const items: Codec<Items> = struct({ requestId, items: blockItems });

export const newBlock: Codec<NewBlock> = struct({ block: raw, totalDifficulty: bigint(256) });

export const newBlockHashes: Codec<BlockAnnouncement[]> = list(struct({ hash, number: blockNumber }), {
  max: maxBlocks,
});

export const pooledTransactions: Codec<Items> = struct({
  requestId,
  items: list(raw, { max: maxHashes }),
});

export const transactions: Codec<RawList> = transactionList(maxTransactions);

export const newPooledTransactionHashes: Codec<TransactionAnnouncement> = map(
  struct({ types: bytesUpTo(maxHashes), sizes: list(uint(32), { max: maxHashes }), hashes }),
  checkLengths,
  checkLengths,
);

function checkLengths(announcement: TransactionAnnouncement): TransactionAnnouncement {
  const { types, sizes, hashes } = announcement;
  if (types.length !== hashes.length || sizes.length !== hashes.length) {
    throw new RlpError('invalid-value', 'lists of different lengths');
  }
  return announcement;
}
