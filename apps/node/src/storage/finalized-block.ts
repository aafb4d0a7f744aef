import { bytes, type Codec, encode, struct, uint } from '@devp2p/rlp';
import { type Database, put } from './database.ts';
import { decodeRecord } from './records.ts';
import { type BlockRef, metaKey } from './schema.ts';

/** The record of the finalized block. */
const finalizedCodec: Codec<BlockRef> = struct({ number: uint(53), hash: bytes(32) });

/** The last finalized block, in the chain's database. */
export function createFinalizedBlock(database: Database): {
  read(): Promise<BlockRef | undefined>;
  write(block: BlockRef): Promise<void>;
} {
  const key = metaKey('finalized');
  return {
    async read() {
      const value = await database.get(key);
      return value && decodeRecord(finalizedCodec, value, 'the finalized block');
    },
    write: ({ number, hash }) => database.batch([put(key, encode(finalizedCodec, { number, hash }))]),
  };
}
