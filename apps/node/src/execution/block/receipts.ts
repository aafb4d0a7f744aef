import type { Crypto } from '@devp2p/crypto';
import { addToBloom, bloomLength, RawList } from '@devp2p/eth';
import { Writer } from '@devp2p/rlp';
import type { Log } from '../evm/evm.ts';

/** Status since Byzantium, before that the state root. */
export type Outcome = boolean | Uint8Array;

const noBloom: Uint8Array = new Uint8Array(bloomLength);

/** Encodes the receipts of a block one by one. */
export class ReceiptsBuilder {
  /** Bloom of all logs. */
  readonly bloom: Uint8Array = new Uint8Array(bloomLength);
  /** All logs in their order. */
  readonly logs: Log[] = [];
  readonly #crypto: Crypto;
  readonly #writer = new Writer();
  readonly #elements: Uint8Array[] = [];
  readonly #trieValues: Uint8Array[] = [];

  constructor(crypto: Crypto) {
    this.#crypto = crypto;
  }

  /** Adds the receipt of the next transaction. */
  add(type: number, outcome: Outcome, cumulativeGas: number, logs: readonly Log[]): void {
    const writer = this.#writer;
    const bloom = this.#addBloom(logs);

    // A writer fills its buffer from the end, so fields are written in reverse.
    writer.reset();
    writeLogs(writer, logs);
    writeHead(writer, outcome, cumulativeGas);
    writer.uint(type);
    writer.wrapList(0);
    this.#elements.push(writer.finish());

    writer.reset();
    writeLogs(writer, logs);
    writer.string(bloom);
    writeHead(writer, outcome, cumulativeGas);
    writer.wrapList(0);
    if (type > 0) writer.byte(type);
    this.#trieValues.push(writer.finish());
    for (const log of logs) this.logs.push(log);
  }

  /** The values of the receipts trie. */
  get trieValues(): readonly Uint8Array[] {
    return this.#trieValues;
  }

  /** The receipts in the form of eth/69 and of stores. */
  list(): RawList {
    const elements = this.#elements;
    const writer = new Writer(elements.reduce((length, element) => length + element.length, 9));
    for (let i = elements.length - 1; i >= 0; i--) writer.copy(elements[i] as Uint8Array);
    const content = writer.length;
    writer.wrapList(0);
    const spans: number[] = [];
    let position = writer.length - content;
    for (const { length } of elements) {
      spans.push(position, position + length);
      position += length;
    }
    return new RawList(writer.finish(), spans);
  }

  #addBloom(logs: readonly Log[]): Uint8Array {
    if (logs.length === 0) return noBloom;
    const bloom = new Uint8Array(bloomLength);
    for (const { address, topics } of logs) {
      addToBloom(bloom, address, this.#crypto);
      for (const topic of topics) addToBloom(bloom, topic, this.#crypto);
    }
    const all = this.bloom;
    for (let i = 0; i < bloomLength; i++) all[i] = (all[i] as number) | (bloom[i] as number);
    return bloom;
  }
}

function writeHead(writer: Writer, outcome: Outcome, cumulativeGas: number): void {
  writer.uint(cumulativeGas);
  if (typeof outcome === 'boolean') writer.uint(outcome ? 1 : 0);
  else writer.string(outcome);
}

function writeLogs(writer: Writer, logs: readonly Log[]): void {
  const mark = writer.length;
  for (let i = logs.length - 1; i >= 0; i--) {
    const { address, topics, data } = logs[i] as Log;
    const logMark = writer.length;
    writer.string(data);
    const topicsMark = writer.length;
    for (let j = topics.length - 1; j >= 0; j--) writer.string(topics[j] as Uint8Array);
    writer.wrapList(topicsMark);
    writer.string(address);
    writer.wrapList(logMark);
  }
  writer.wrapList(mark);
}
