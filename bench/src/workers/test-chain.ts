import { fastCrypto } from '@devp2p/crypto/fast';
import { decodeHeader, type SealedHeader } from '@devp2p/eth';
import { bytes, decode, Reader, raw, struct, Writer } from '@devp2p/rlp';
import { readFixture } from '../fixtures/files.ts';

/** A block of the chain that is downloaded, in the forms in which peers send it. */
export interface TestBlock {
  readonly header: SealedHeader;
  readonly body: Uint8Array;
  readonly receipts: Uint8Array;
}

const receiptsRecord = struct({ hash: bytes(32), receipts: raw });

/** The chain's blocks; the first is number 1. */
export function readTestChain(folder: string): TestBlock[] {
  const receipts = items(readFixture(folder, 'receipts.rlp')).map((item) =>
    decode(receiptsRecord, item),
  );
  return items(readFixture(folder, 'chain.rlp')).map((block, index) => {
    const reader = new Reader(block);
    reader.enterList();
    const header = decodeHeader(reader.item(), fastCrypto);
    const writer = new Writer(block.length);
    writer.copy(block.subarray(reader.position));
    writer.wrapList(0);
    const record = receipts[index];
    if (record === undefined || Buffer.compare(record.hash, header.hash) !== 0) {
      throw new Error(`no receipts of block ${header.number}`);
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
