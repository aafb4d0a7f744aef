import { bigint, type Codec, decode, struct, uint } from '@devp2p/rlp';
import { forkIdCodec } from '../../fork-id.ts';
import { receiptList } from '../../types/receipt.ts';
import type { EthVersion } from '../eth-version.ts';
import * as codecs from '../messages.ts';
import { eth68 } from './68.ts';

const status: Codec<codecs.Status69> = struct({
  version: uint(32),
  networkId: bigint(64),
  genesisHash: codecs.hash,
  forkId: forkIdCodec,
  earliest: uint(64),
  latest: uint(64),
  latestHash: codecs.hash,
});

/** eth/69 (EIP-7642): Status and BlockRangeUpdate carry a block range, and receipts have no bloom. */
export const eth69: EthVersion = {
  version: 69,
  length: 18,
  messages: {
    ...eth68.messages,
    status: { code: 0x00, codec: status },
    blockRangeUpdate: { code: 0x11, codec: codecs.blockRange },
  },
  createStatus: (base, { earliest, latest }) => ({ ...base, earliest, latest }),
  receipts: {
    encode: (receipts) => receipts,
    decode: (item) => decode(receiptList, item),
    isDivisible: false,
  },
};
