import { Reader } from '@devp2p/rlp';
import { EthError } from '../error.ts';
import { RawList } from '../types/raw-list.ts';
import { readReceipt } from '../types/receipt.ts';

/** A block whose receipts are requested. A {@link SealedHeader} is one. */
export interface ReceiptsRequest {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Gas used by the block. It bounds the number and the length of the receipts that a peer can claim. */
  readonly gasUsed: number;
  /**
   * 32 bytes; in the header of every block from Amsterdam on, and of no other (EIP-7928). From Amsterdam on the gas of
   * receipts is counted differently from the header's (EIP-7778, EIP-8037), and is not bounded by it.
   */
  readonly blockAccessListHash?: Uint8Array | undefined;
}

/**
 * Joins the responses to one GetReceipts and to its continuations. An incomplete list cannot be compared with the
 * header's root, so its plausibility is checked as it grows (EIP-7975).
 */
export class ReceiptsDownload {
  /** Complete lists. */
  readonly done: RawList[] = [];
  readonly #blocks: readonly ReceiptsRequest[];
  #partial: Uint8Array[] = [];
  #cumulativeGas = 0;
  #logsLength = 0;

  constructor(blocks: readonly ReceiptsRequest[]) {
    this.#blocks = blocks;
  }

  /** Hashes of the missing blocks. A part of the first one may be present. */
  get missing(): Uint8Array[] {
    return this.#blocks.slice(this.done.length).map((block) => block.hash);
  }

  /** Number of receipts of the first missing block that are present. */
  get firstReceipt(): number {
    return this.#partial.length;
  }

  /**
   * Adds the response to a request for the {@link missing} blocks: up to one list for each.
   *
   * @param incomplete whether the last list lacks receipts at its end
   * @returns whether another request is needed.
   * @throws EthError `invalid-response`, RlpError
   */
  add(lists: readonly RawList[], incomplete: boolean): boolean {
    const whole = incomplete ? lists.slice(0, -1) : lists;
    for (const list of whole) {
      const continued = this.#partial.length > 0;
      this.done.push(continued ? RawList.of([...this.#partial, ...list]) : list);
      this.#partial = [];
    }
    if (!incomplete) return false;
    const last = lists.at(-1);
    if (last === undefined || last.length === 0) {
      throw new EthError('invalid-response', 'an incomplete list of no receipts');
    }
    this.#addPartial(last);
    return true;
  }

  #addPartial(list: RawList): void {
    const { gasUsed, blockAccessListHash } = this.#blocks[this.done.length] as ReceiptsRequest;
    const isAmsterdam = blockAccessListHash !== undefined;
    const maxGas = isAmsterdam ? Number.POSITIVE_INFINITY : gasUsed;
    const minGasPerLogByte = isAmsterdam ? gasPerLogByte : gasPerLogByte / 2;
    if (this.#partial.length === 0) {
      this.#cumulativeGas = 0;
      this.#logsLength = 0;
    }
    for (const element of list) {
      const { cumulativeGas, logs } = readReceipt(new Reader(element));
      if (cumulativeGas < this.#cumulativeGas || cumulativeGas > maxGas) {
        throw impossible(`cumulative gas ${cumulativeGas} of ${gasUsed}`);
      }
      this.#cumulativeGas = cumulativeGas;
      this.#logsLength += element.length - logs;
      this.#partial.push(element);
    }
    if (this.#partial.length > gasUsed / minGasPerTransaction) {
      throw impossible(`${this.#partial.length} receipts for ${gasUsed} gas`);
    }
    if (this.#logsLength > gasUsed / minGasPerLogByte + this.#partial.length * maxPrefixLength) {
      throw impossible(`logs of ${this.#logsLength} bytes for ${gasUsed} gas`);
    }
  }
}

/** Least gas of a transaction from Amsterdam on (go-ethereum); before, it was more. */
const minGasPerTransaction = 4500;

/**
 * A byte of log data costs 8 gas, and the other bytes of a log in RLP cost more. Before EIP-3529 up to half of a
 * transaction's gas was refunded; from Amsterdam on the header counts gas before refunds (EIP-7778).
 */
const gasPerLogByte = 8;

/** Prefix of a list of logs, in bytes. A list without logs has one too. */
const maxPrefixLength = 4;

function impossible(problem: string): EthError {
  return new EthError('invalid-response', `impossible receipts: ${problem}`);
}
