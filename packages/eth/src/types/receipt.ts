import {
  bytes,
  type Codec,
  encode,
  list,
  map,
  type Reader,
  RlpError,
  struct,
  uint,
} from '@devp2p/rlp';
import { type RawList, rawList, skipList } from './raw-list.ts';

/** Something that a contract reported. */
export interface Log {
  /** 20 bytes. */
  address: Uint8Array;
  /** At most four of 32 bytes. */
  topics: Uint8Array[];
  data: Uint8Array;
}

/** A transaction's outcome. */
export interface Receipt {
  /** The transaction's type, 0 for a legacy one. */
  type: number;
  /** Since Byzantium whether it succeeded, before that the state root after it. */
  outcome: boolean | Uint8Array;
  /** Gas used in the block up to and with this transaction. */
  cumulativeGas: number;
  logs: Log[];
}

const topicsOfLog = { max: 4 };

/** A receipt as eth/69 and later put it on the wire, and as stores should keep it. */
export const receiptCodec: Codec<Receipt> = struct({
  type: uint(7),
  outcome: map(
    bytes(),
    (value) => {
      if (!isOutcome(value)) throw notAnOutcome();
      return value.length === 32 ? value : value.length === 1;
    },
    (value: boolean | Uint8Array) =>
      typeof value === 'boolean' ? Uint8Array.of(...(value ? [1] : [])) : value,
  ),
  cumulativeGas: uint(64),
  logs: list(struct({ address: bytes(20), topics: list(bytes(32), topicsOfLog), data: bytes() })),
});

/** A block's receipts as one list, the form of {@link Chain.receipts}. */
export function encodeReceipts(receipts: readonly Receipt[]): Uint8Array {
  return encode(list(receiptCodec), [...receipts]);
}

/** Where the parts of a receipt begin in what it was read from. */
export interface ReceiptParts {
  readonly type: number;
  /** Outcome and cumulative gas begin here, and end where the logs or, in eth/68, the bloom begins. */
  readonly head: number;
  readonly headEnd: number;
  readonly cumulativeGas: number;
  /** The list of logs, with its prefix. It ends with the receipt. */
  readonly logs: number;
}

/** Reads `[type, outcome, gas, logs]`. Logs are looked at no closer than their list's prefix. */
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

/** Reads outcome and cumulative gas and returns the second. */
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

/** A block's receipts, each left encoded in the form of {@link receiptCodec}. */
export const receiptList: Codec<RawList> = rawList((reader) => {
  const start = reader.position;
  readReceipt(reader);
  return start;
});
