import { bytes, type Codec, encode, list, map, type Reader, RlpError, struct, uint } from '@devp2p/rlp';
import { type RawList, rawList, skipList } from './raw-list.ts';

/** A log entry of a contract. */
export interface Log {
  /** 20 bytes. */
  address: Uint8Array;
  /** At most four of 32 bytes. */
  topics: Uint8Array[];
  data: Uint8Array;
}

/** A transaction receipt. */
export interface Receipt {
  /** Type of the transaction, 0 for a legacy one. */
  type: number;
  /** From Byzantium on whether the transaction succeeded, before that the state root after it. */
  outcome: boolean | Uint8Array;
  /** Gas used in the block up to this transaction, inclusive. */
  cumulativeGas: number;
  logs: Log[];
}

const topicsOfLog = { max: 4 };

/** Codec of a receipt in the form of eth/69 and later, which is also the form for stores. */
export const receiptCodec: Codec<Receipt> = struct({
  type: uint(7),
  outcome: map(
    bytes(),
    (value) => {
      if (!isOutcome(value)) throw notAnOutcome();
      return value.length === 32 ? value : value.length === 1;
    },
    (value: boolean | Uint8Array) => (typeof value === 'boolean' ? Uint8Array.of(...(value ? [1] : [])) : value),
  ),
  cumulativeGas: uint(64),
  logs: list(struct({ address: bytes(20), topics: list(bytes(32), topicsOfLog), data: bytes() })),
});

/** Encodes the receipts of a block as one list, the form of {@link Chain.receipts}. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array {
  return encode(list(receiptCodec), [...receipts]);
}

/** Offsets of the parts of a receipt in the input. */
export interface ReceiptParts {
  readonly type: number;
  /** Start and end of outcome and cumulative gas. The logs follow, or the bloom in eth/68. */
  readonly head: number;
  readonly headEnd: number;
  readonly cumulativeGas: number;
  /** Start of the list of logs, with its prefix. It ends with the receipt. */
  readonly logs: number;
}

/** Reads `[type, outcome, gas, logs]`. Only the prefix of the list of logs is checked. */
export function readReceipt(reader: Reader): ReceiptParts {
  const outerEnd = reader.enterList();
  const type = reader.uint(0x7f);
  const head = reader.position;
  const cumulativeGas = readHead(reader);
  const logs = reader.position;
  skipList(reader);
  reader.leave(outerEnd);
  return { type, head, headEnd: logs, cumulativeGas, logs };
}

/** Reads outcome and cumulative gas. @returns the cumulative gas. */
export function readHead(reader: Reader): number {
  const start = reader.position;
  if (!isOutcome(reader.string())) throw notAnOutcome(start);
  return reader.uint(Number.MAX_SAFE_INTEGER);
}

function isOutcome(value: Uint8Array): boolean {
  return value.length === 0 || value.length === 32 || (value.length === 1 && value[0] === 1);
}

function notAnOutcome(offset?: number): RlpError {
  return new RlpError('invalid-value', 'neither a status nor a state root', offset);
}

/** Codec of the receipts of a block, each of which stays encoded in the form of {@link receiptCodec}. */
export const receiptList: Codec<RawList> = rawList((reader) => {
  const start = reader.position;
  readReceipt(reader);
  return start;
});
