import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { encode } from '@devp2p/rlp';
import {
  bodyCodec,
  type Chain,
  type ChainRange,
  encodeReceipts,
  type Header,
  type HeaderQuery,
  RawList,
  type Receipt,
  type SealedHeader,
  sealHeader,
  transactionsOf,
} from '../src/index.ts';

export const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

export const noList: RawList = RawList.of([]);

export function header(fields: Partial<Header> = {}): Header {
  return {
    parentHash: filled(32, 0),
    unclesHash: filled(32, 1),
    beneficiary: filled(20, 2),
    stateRoot: filled(32, 3),
    transactionsRoot: filled(32, 4),
    receiptsRoot: filled(32, 5),
    logsBloom: filled(256, 0),
    difficulty: 0n,
    number: 0,
    gasLimit: 30_000_000,
    gasUsed: 21_000,
    timestamp: 1_700_000_000,
    extraData: new Uint8Array(),
    mixHash: filled(32, 6),
    nonce: filled(8, 0),
    baseFeePerGas: 7n,
    withdrawalsRoot: filled(32, 7),
    ...fields,
  };
}

export interface MemoryBlock {
  header: SealedHeader;
  body: Uint8Array;
  receipts: Uint8Array;
}

export function block(
  parent: MemoryBlock | undefined,
  receipts: Receipt[] = [],
  fields: Partial<Header> = {},
): MemoryBlock {
  const number = parent === undefined ? 0 : parent.header.number + 1;
  const parentHash = parent?.header.hash ?? filled(32, 0);
  const timestamp = 1_700_000_000 + 12 * number;
  const transaction = Uint8Array.of(2, ...filled(20 + (number % 50), 0xee));
  return {
    header: sealHeader(header({ number, parentHash, timestamp, ...fields }), nobleCrypto),
    body: encode(bodyCodec, {
      transactions: transactionsOf(number === 0 ? [] : [transaction]),
      uncles: noList,
      withdrawals: noList,
    }),
    receipts: encodeReceipts(receipts),
  };
}

export const simpleReceipt: Receipt = {
  type: 2,
  outcome: true,
  cumulativeGas: 21_000,
  logs: [{ address: filled(20, 9), topics: [filled(32, 8)], data: filled(5, 7) }],
};

/** A chain whose blocks tests may change. Records its calls. */
export class MemoryChain implements Chain {
  readonly networkId: bigint = 1337n;
  readonly forks = { blocks: [], times: [] };
  readonly blocks: MemoryBlock[] = [];
  readonly calls: string[] = [];
  readonly #listeners = new Set<() => void>();
  /** Promise that every call awaits. */
  gate: Promise<void> = Promise.resolve();

  constructor(length: number, fields: Partial<Header> = {}) {
    for (let i = 0; i < length; i++) {
      this.blocks.push(block(this.blocks.at(-1), i === 0 ? [] : [simpleReceipt], fields));
    }
  }

  get genesisHash(): Uint8Array {
    return (this.blocks[0] as MemoryBlock).header.hash;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  hashOf(number: number): Uint8Array {
    return (this.blocks[number] as MemoryBlock).header.hash;
  }

  range(): ChainRange {
    const { number, hash, timestamp } = (this.blocks.at(-1) as MemoryBlock).header;
    return {
      earliest: 0,
      latest: number,
      latestHash: hash,
      latestTime: timestamp,
      totalDifficulty: 17n,
    };
  }

  async headers({ origin, amount, step }: HeaderQuery): Promise<Uint8Array[]> {
    this.calls.push(`headers ${typeof origin === 'number' ? origin : 'hash'} ${amount} ${step}`);
    await this.gate;
    // Arguments that a store cannot handle must not get here.
    const start = typeof origin === 'number' ? origin : 2 ** 40;
    if (!Number.isSafeInteger(step) || !Number.isSafeInteger(start + step * amount)) {
      throw new RangeError(`step ${step}`);
    }
    let number = typeof origin === 'number' ? origin : this.#find(origin);
    const found: Uint8Array[] = [];
    for (; found.length < amount; number += step) {
      const block = this.blocks[number];
      if (block === undefined) break;
      found.push(block.header.raw);
    }
    return found;
  }

  async bodies(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.calls.push(`bodies ${hashes.length}`);
    await this.gate;
    return hashes.map((hash) => this.blocks[this.#find(hash)]?.body);
  }

  async receipts(hashes: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.calls.push(`receipts ${hashes.length}`);
    await this.gate;
    return hashes.map((hash) => this.blocks[this.#find(hash)]?.receipts);
  }

  onHead(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Blocks every call until the returned function is called. */
  close(): () => void {
    let open = (): void => {};
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return () => open();
  }

  /** Appends or removes blocks. */
  move(change: (blocks: MemoryBlock[]) => void): void {
    change(this.blocks);
    for (const listener of this.#listeners) listener();
  }

  #find(hash: Uint8Array): number {
    const key = toHex(hash);
    return this.blocks.findIndex((block) => toHex(block.header.hash) === key);
  }
}
