import { boolean, type Codec, struct, uint } from '@devp2p/rlp';
import type { EthVersion } from '../eth-version.ts';
import * as codecs from '../messages.ts';
import { eth69 } from './69.ts';

const getReceipts: Codec<codecs.GetReceipts> = struct({
  requestId: codecs.requestId,
  firstBlockReceiptIndex: uint(64),
  hashes: codecs.hashes,
});

const receipts: Codec<codecs.Receipts> = struct({
  requestId: codecs.requestId,
  lastBlockIncomplete: boolean,
  items: codecs.blockItems,
});

/** eth/70 (EIP-7975): the receipts of one block may be divided among several messages. */
export const eth70: EthVersion = {
  ...eth69,
  version: 70,
  messages: {
    ...eth69.messages,
    getReceipts: { code: 0x0f, codec: getReceipts },
    receipts: { code: 0x10, codec: receipts },
  },
  receipts: { ...eth69.receipts, isDivisible: true },
};
