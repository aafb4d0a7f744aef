import { fastCrypto } from '@devp2p/crypto/fast';
import { decodeHeader, type SealedHeader } from '@devp2p/eth';
import { bytes, decode, Reader, raw, struct, Writer } from '@devp2p/rlp';
import { readFixture } from '../fixtures/files.ts';

/** A block of the chain to download, in the encodings that peers send. */
export interface TestBlock {
  readonly header: SealedHeader;
  readonly body: Uint8Array;
  readonly receipts: Uint8Array;
}

const receiptsRecord = struct({ hash: bytes(32), receipts: raw });

/** Returns the blocks of the chain; the first is number 1. */
export function readTestChain(folder: string): TestBlock[] {
  const receipts = items(readFixture(folder, 'receipts.rlp')).map((item) => decode(receiptsRecord, item));
  return items(readFixture(folder, 'chain.rlp')).map((block, index) => {
    const reader = new Reader(block);
    reader.enterList();
    const header = decodeHeader(reader.item(), fastCrypto);
    const writer = new Writer(block.length);
    writer.copy(block.subarray(reader.position));
    writer.wrapList(0);
    const record = receipts[index];
    if (record === undefined || Buffer.compare(record.hash, header.hash) !== 0) {
      throw new Error(`receipts of block ${header.number} are missing`);
    }
    return { header, body: writer.finish(), receipts: record.receipts };
  });
}

function items(file: Uint8Array): Uint8Array[] {
  const reader = new Reader(file);
  const found: Uint8Array[] = [];
  while (!reader.done) found.push(reader.item());
  return found;
}
