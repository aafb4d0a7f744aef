import type { Crypto } from '@devp2p/crypto';
import { decode, Reader, RlpError, Writer } from '@devp2p/rlp';
import { addToBloom, bloomLength } from '../types/bloom.ts';
import { RawList, skipList } from '../types/raw-list.ts';
import { readHead, readReceipt, receiptList } from '../types/receipt.ts';

/** Values of a receipts trie. */
export interface ConsensusReceipts {
  /** For each receipt the value in the trie: `[outcome, gas, bloom, logs]`, after the byte of its type if it has one. */
  readonly receipts: readonly Uint8Array[];
  /** Bloom of all logs of the block, to compare with the header's `logsBloom`. 256 bytes. */
  readonly bloom: Uint8Array;
}

/**
 * Computes the blooms of a block's receipts and converts the receipts to the form from which the header's `receiptsRoot`
 * is computed.
 *
 * @param block each receipt as {@link receiptCodec} writes it
 * @throws RlpError when a receipt or a log is malformed.
 */
export function consensusReceipts(block: Iterable<Uint8Array>, crypto: Crypto): ConsensusReceipts {
  const writer = new Writer();
  const blockBloom = new Uint8Array(bloomLength);
  const receipts: Uint8Array[] = [];
  for (const element of block) {
    const parts = readReceipt(new Reader(element));
    const logs = element.subarray(parts.logs);
    const bloom = logsBloom(logs, crypto);
    for (let i = 0; i < bloomLength; i++) {
      blockBloom[i] = (blockBloom[i] as number) | (bloom[i] as number);
    }
    writer.reset();
    writer.copy(logs);
    writer.string(bloom);
    writer.copy(element.subarray(parts.head, parts.headEnd));
    writer.wrapList(0);
    if (parts.type > 0) writer.byte(parts.type);
    receipts.push(writer.finish());
  }
  return { receipts, bloom: blockBloom };
}

function logsBloom(logs: Uint8Array, crypto: Crypto): Uint8Array {
  const bloom = new Uint8Array(bloomLength);
  const reader = new Reader(logs);
  const outerEnd = reader.enterList();
  while (!reader.done) {
    const logEnd = reader.enterList();
    addToBloom(bloom, reader.fixed(20), crypto);
    const topicsEnd = reader.enterList();
    while (!reader.done) addToBloom(bloom, reader.fixed(32), crypto);
    reader.leave(topicsEnd);
    const length = reader.stringHeader();
    reader.position += length;
    reader.leave(logEnd);
  }
  reader.leave(outerEnd);
  return bloom;
}

/** Converts a block's receipts to the form of eth/68: with blooms, and typed ones as strings. */
export function addBlooms(block: Uint8Array, crypto: Crypto): Uint8Array {
  const { receipts } = consensusReceipts(decode(receiptList, block), crypto);
  const writer = new Writer(block.length + receipts.length * (bloomLength + 8) + 8);
  for (let i = receipts.length - 1; i >= 0; i--) {
    const receipt = receipts[i] as Uint8Array;
    if ((receipt[0] as number) < 0xc0) writer.string(receipt);
    else writer.copy(receipt);
  }
  writer.wrapList(0);
  return writer.finish();
}

/**
 * The reverse of {@link addBlooms}. The blooms are left out without a check: the receipts root proves the receipts
 * with the right blooms.
 *
 * @throws RlpError when the block is not a list of receipts.
 */
export function removeBlooms(block: Uint8Array): RawList {
  const reader = new Reader(block);
  const writer = new Writer();
  const elements: Uint8Array[] = [];
  const outerEnd = reader.enterList();
  while (!reader.done) {
    const start = reader.position;
    let type = 0;
    let stringEnd: number | undefined;
    if (!reader.isList()) {
      stringEnd = reader.enterString();
      type = reader.byte();
      if (type === 0 || type > 0x7f) throw new RlpError('invalid-value', 'invalid receipt type', start);
    }
    const listEnd = reader.enterList();
    const head = reader.position;
    readHead(reader);
    const headEnd = reader.position;
    reader.fixed(bloomLength);
    const logs = reader.position;
    skipList(reader);
    reader.leave(listEnd);
    if (stringEnd !== undefined) reader.leave(stringEnd);

    writer.reset();
    writer.copy(block.subarray(logs, reader.position));
    writer.copy(block.subarray(head, headEnd));
    writer.uint(type);
    writer.wrapList(0);
    elements.push(writer.finish());
  }
  reader.leave(outerEnd);
  return RawList.of(elements);
}
