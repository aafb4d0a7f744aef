import { bigint, type Codec, map, struct, uint } from '@devp2p/rlp';
import { forkIdCodec } from '../../fork-id.ts';
import type { EthVersion } from '../eth-version.ts';
import * as codecs from '../messages.ts';
import { addBlooms, removeBlooms } from '../receipt-encoding.ts';

const status: Codec<codecs.Status68> = struct({
  version: uint(32),
  networkId: bigint(64),
  totalDifficulty: bigint(256),
  latestHash: codecs.hash,
  genesisHash: codecs.hash,
  forkId: forkIdCodec,
});

const getReceipts: Codec<codecs.GetReceipts> = map(
  codecs.getByHashes,
  (request) => ({ ...request, firstBlockReceiptIndex: 0 }),
  ({ requestId, hashes }) => ({ requestId, hashes }),
);

const receipts: Codec<codecs.Receipts> = map(
  codecs.items,
  (response) => ({ ...response, lastBlockIncomplete: false }),
  ({ requestId, items }) => ({ requestId, items }),
);

/**
 * Longest Receipts message in bytes, the limit of an RLPx frame. Receipts are not divisible in eth/68 and eth/69: a long
 * list cannot be continued in a further message, and go-ethereum sends it whole.
 */
const maxReceiptsLength = 16 * 1024 * 1024;

/** eth/68 (EIP-5793). */
export const eth68: EthVersion = {
  version: 68,
  length: 17,
  messages: {
    status: { code: 0x00, codec: status },
    newBlockHashes: { code: 0x01, codec: codecs.newBlockHashes },
    transactions: { code: 0x02, codec: codecs.transactions },
    getBlockHeaders: { code: 0x03, codec: codecs.getBlockHeaders },
    blockHeaders: { code: 0x04, codec: codecs.items },
    getBlockBodies: { code: 0x05, codec: codecs.getByHashes },
    blockBodies: { code: 0x06, codec: codecs.items },
    newBlock: { code: 0x07, codec: codecs.newBlock },
    newPooledTransactionHashes: { code: 0x08, codec: codecs.newPooledTransactionHashes },
    getPooledTransactions: { code: 0x09, codec: codecs.getByHashes },
    pooledTransactions: { code: 0x0a, codec: codecs.pooledTransactions },
    getReceipts: { code: 0x0f, codec: getReceipts },
    receipts: { code: 0x10, codec: receipts, maxLength: maxReceiptsLength },
  },
  createStatus: (base, { totalDifficulty }) => ({ ...base, totalDifficulty }),
  receipts: { encode: addBlooms, decode: removeBlooms, isDivisible: false },
};
