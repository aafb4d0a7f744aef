import type { Crypto } from '@devp2p/crypto';
import {
  decodeBody,
  decodeHeader,
  type RawList,
  receiptList,
  type SealedBody,
  type SealedHeader,
} from '@devp2p/eth';
import { bytes, type Codec, decode, Reader, struct, Writer } from '@devp2p/rlp';

/**
 * Decodes a block: the list of its header and what the body's list holds.
 *
 * @throws RlpError
 */
export function decodeBlock(
  raw: Uint8Array,
  crypto: Crypto,
): { header: SealedHeader; body: SealedBody } {
  const reader = new Reader(raw);
  reader.enterList();
  const header = decodeHeader(reader.item(), crypto);
  const writer = new Writer(raw.length);
  writer.copy(raw.subarray(reader.position));
  writer.wrapList(0);
  return { header, body: decodeBody(writer.finish()) };
}

/** Encodes a block from its header and body, both RLP lists. */
export function encodeBlock(header: Uint8Array, body: Uint8Array): Uint8Array {
  const content = new Reader(body);
  content.listHeader();
  const writer = new Writer(header.length + body.length + 4);
  writer.copy(body.subarray(content.position));
  writer.copy(header);
  writer.wrapList(0);
  return writer.finish();
}

/** A block's receipts in a file: `[block hash, [receipt, …]]`. */
export interface ReceiptsRecord {
  hash: Uint8Array;
  receipts: RawList;
}

export const receiptsRecordCodec: Codec<ReceiptsRecord> = struct({
  hash: bytes(32),
  receipts: receiptList,
});

/** Whether an RLP list from a file is a {@link ReceiptsRecord}, not a block: it begins with a string. */
export function isReceiptsRecord(item: Uint8Array): boolean {
  const reader = new Reader(item);
  return reader.listHeader() > 0 && !reader.isList();
}

/** @throws RlpError */
export function decodeReceiptsRecord(item: Uint8Array): ReceiptsRecord {
  return decode(receiptsRecordCodec, item);
}
