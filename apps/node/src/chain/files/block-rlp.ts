import type { Crypto } from '@devp2p/crypto';
import { decodeBody, decodeHeader, type RawList, receiptList, type SealedBody, type SealedHeader } from '@devp2p/eth';
import { bytes, type Codec, decode, Reader, RlpError, struct, Writer } from '@devp2p/rlp';
import { BlockError } from '../../errors/chain-error.ts';

/**
 * Maximum length of an item of a chain file, in bytes. The log bytes of a block's receipts are at most an eighth of its
 * gas, so a block would need a gas limit of 2 billion to exceed it. The limit of messages does not apply: receipts of one
 * block may take several (eth/70).
 */
export const maxFileItem: number = 256 * 1024 * 1024;

/** A block of a chain file. */
export interface FileBlock {
  readonly header: SealedHeader;
  readonly body: SealedBody;
  /** RLP list of the block access list (EIP-7928). */
  readonly accessList?: Uint8Array | undefined;
}

/**
 * Decodes a block of a chain file: a list of its header, transactions, uncles and, depending on its fork, withdrawals
 * and block access list. `geth export` adds the last one to the block of the wire format (go-ethereum v1.17.10,
 * `cmd/utils.exportBlock`).
 *
 * @throws RlpError
 * @throws BlockError `malformed` when only the header can be decoded
 */
export function decodeBlock(raw: Uint8Array, crypto: Crypto): FileBlock {
  const reader = new Reader(raw);
  const end = reader.enterList();
  const header = decodeHeader(reader.item(), crypto);
  try {
    const start = reader.position;
    for (let i = 0; i < 3 && !reader.done; i++) reader.item();
    const writer = new Writer(reader.position - start + 4);
    writer.copy(raw.subarray(start, reader.position));
    writer.wrapList(0);
    const body = decodeBody(writer.finish());
    if (reader.done) return { header, body };
    const accessList = reader.item();
    new Reader(accessList).listHeader();
    reader.leave(end);
    return { header, body, accessList };
  } catch (cause) {
    if (!(cause instanceof RlpError)) throw cause;
    throw new BlockError('malformed', header.number, cause.message, { cause });
  }
}

/** Encodes a block of a chain file from RLP lists. */
export function encodeBlock(
  header: Uint8Array,
  body: Uint8Array,
  accessList: Uint8Array = new Uint8Array(),
): Uint8Array {
  const content = new Reader(body);
  content.listHeader();
  const writer = new Writer(header.length + body.length + accessList.length + 4);
  writer.copy(accessList);
  writer.copy(body.subarray(content.position));
  writer.copy(header);
  writer.wrapList(0);
  return writer.finish();
}

/** Receipts of a block in a file: `[block hash, [receipt, …]]`. */
export interface ReceiptsRecord {
  hash: Uint8Array;
  receipts: RawList;
}

export const receiptsRecordCodec: Codec<ReceiptsRecord> = struct({
  hash: bytes(32),
  receipts: receiptList,
});

/** Whether an RLP list of a file is a {@link ReceiptsRecord}: unlike a block, it begins with a string. */
export function isReceiptsRecord(item: Uint8Array): boolean {
  const reader = new Reader(item);
  return reader.listHeader() > 0 && !reader.isList();
}

/**
 * The block hash of a {@link ReceiptsRecord}.
 *
 * @throws RlpError
 */
export function receiptsRecordHash(item: Uint8Array): Uint8Array {
  const reader = new Reader(item);
  reader.enterList();
  return reader.fixed(32);
}

/** @throws RlpError */
export function decodeReceiptsRecord(item: Uint8Array): ReceiptsRecord {
  return decode(receiptsRecordCodec, item);
}
