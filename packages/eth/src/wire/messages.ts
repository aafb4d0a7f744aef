import {
  bigint,
  boolean,
  bytes,
  bytesUpTo,
  type Codec,
  list,
  map,
  RlpError,
  raw,
  struct,
  uint,
} from '@devp2p/rlp';
import { type ForkId, forkIdCodec } from '../forkid.ts';
import type { RawList } from '../types/raw-list.ts';
import { transactionList } from '../types/transaction.ts';

/** The most blocks that are asked for or served at once (go-ethereum's figure). */
export const maxBlocks = 1024;

/** The most hashes in one message: four times what eth.md recommends for the longest, an announcement. */
const maxHashes = 16_384;

/** The most transactions in one message (go-ethereum's figure). */
const maxTransactions = 5000;

const hash = bytes(32);
const hashes = list(hash, { max: maxHashes });
const requestId = bigint(64);
const blockNumber = uint(64);

/** Which blocks a node has; what a Status and a BlockRangeUpdate say. */
export interface BlockRange {
  /** The first block whose body and receipts are there. */
  earliest: number;
  latest: number;
  /** 32 bytes. */
  latestHash: Uint8Array;
}

interface StatusBase {
  /** The eth version that was negotiated. */
  version: number;
  networkId: bigint;
  /** 32 bytes. */
  genesisHash: Uint8Array;
  forkId: ForkId;
  /** 32 bytes: the head's hash. */
  latestHash: Uint8Array;
}

/** Status before eth/69. */
export interface Status68 extends StatusBase {
  /** Sum of all difficulties up to the head. */
  totalDifficulty: bigint;
}

/** Status since eth/69 (EIP-7642). */
export interface Status69 extends StatusBase, BlockRange {}

/** The first message each way: which chain a node is on, and where. */
export type Status = Status68 | Status69;

/** The question of GetBlockHeaders. Its integers may be anything of 64 bits. */
export interface GetBlockHeaders {
  requestId: bigint;
  query: {
    /** Number, or hash (32 bytes), of the first. */
    origin: bigint | Uint8Array;
    amount: bigint;
    /** How many blocks to leave out between two headers. */
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
  /** Receipts of the first block to leave out; always 0 before eth/70. */
  firstBlockReceiptIndex: number;
}

/** Every answer: items that stay encoded until the question is found. */
export interface Items {
  requestId: bigint;
  items: Uint8Array[];
}

export interface Receipts extends Items {
  /** Whether the last list lacks receipts at its end; always `false` before eth/70. */
  lastBlockIncomplete: boolean;
}

/** What NewPooledTransactionHashes says: three lists of the same length. */
export interface TransactionAnnouncement {
  /** One byte for each transaction. */
  types: Uint8Array;
  /** Length of each transaction's canonical form in bytes. */
  sizes: number[];
  /** 32 bytes each. */
  hashes: Uint8Array[];
}

export const status68: Codec<Status68> = struct({
  version: uint(32),
  networkId: bigint(64),
  totalDifficulty: bigint(256),
  latestHash: hash,
  genesisHash: hash,
  forkId: forkIdCodec,
});

export const status69: Codec<Status69> = struct({
  version: uint(32),
  networkId: bigint(64),
  genesisHash: hash,
  forkId: forkIdCodec,
  earliest: blockNumber,
  latest: blockNumber,
  latestHash: hash,
});

export const blockRange: Codec<BlockRange> = struct({
  earliest: blockNumber,
  latest: blockNumber,
  latestHash: hash,
});

/** A block hash, or a number of 64 bits; the length tells which. */
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

/** Headers, bodies and, as lists of one block each, receipts. */
const blockItems = list(raw, { max: maxBlocks });

export const items: Codec<Items> = struct({ requestId, items: blockItems });

export const getReceipts69: Codec<GetReceipts> = map(
  getByHashes,
  (request) => ({ ...request, firstBlockReceiptIndex: 0 }),
  ({ requestId, hashes }) => ({ requestId, hashes }),
);

export const getReceipts70: Codec<GetReceipts> = struct({
  requestId,
  firstBlockReceiptIndex: uint(64),
  hashes,
});

export const receipts69: Codec<Receipts> = map(
  items,
  (response) => ({ ...response, lastBlockIncomplete: false }),
  ({ requestId, items }) => ({ requestId, items }),
);

export const receipts70: Codec<Receipts> = struct({
  requestId,
  lastBlockIncomplete: boolean,
  items: blockItems,
});

export const pooledTransactions: Codec<Items> = struct({
  requestId,
  items: list(raw, { max: maxHashes }),
});

export const transactions: Codec<RawList> = transactionList(maxTransactions);

export const newPooledTransactionHashes: Codec<TransactionAnnouncement> = map(
  struct({ types: bytesUpTo(maxHashes), sizes: list(uint(32), { max: maxHashes }), hashes }),
  sameLengths,
  sameLengths,
);

function sameLengths(announcement: TransactionAnnouncement): TransactionAnnouncement {
  const { types, sizes, hashes } = announcement;
  if (types.length !== hashes.length || sizes.length !== hashes.length) {
    throw new RlpError('invalid-value', 'lists of different lengths');
  }
  return announcement;
}
