import type { Crypto } from '@devp2p/crypto';
import { decode, Reader, RlpError, Writer } from '@devp2p/rlp';
import { addToBloom, bloomLength } from '../types/bloom.ts';
import { RawList, skipList } from '../types/raw-list.ts';
import { readHead, readReceipt, receiptList } from '../types/receipt.ts';

/** What a receipts trie is made of. */
export interface ConsensusReceipts {
  /** For each receipt the trie's value: `[outcome, gas, bloom, logs]`, behind the type's byte if there is one. */
  readonly receipts: readonly Uint8Array[];
  /** All logs of the block: what the header's `logsBloom` must be. 256 bytes. */
  readonly bloom: Uint8Array;
}

/**
 * Computes the blooms of a block's receipts and puts the receipts into the form that the header's `receiptsRoot` is
 * computed from.
 *
 * @param block each receipt as {@link receiptCodec} writes it
 * @throws RlpError when one of them, or a log, is malformed.
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

/** A block's receipts as eth/68 puts them on the wire: with blooms, and typed ones as strings. */
export function toReceipts68(block: Uint8Array, crypto: Crypto): Uint8Array {
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
 * The reverse of {@link toReceipts68}. The blooms are left out: a wrong one says nothing about the receipts, which the
 * receipts root proves together with the right one.
 *
 * @throws RlpError when it is not a list of receipts.
 */
export function fromReceipts68(block: Uint8Array): RawList {
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
      if (type === 0 || type > 0x7f) throw new RlpError('invalid-value', 'no receipt type', start);
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
