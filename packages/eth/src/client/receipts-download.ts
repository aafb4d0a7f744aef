import { Reader } from '@devp2p/rlp';
import { EthError } from '../error.ts';
import { RawList } from '../types/raw-list.ts';
import { readReceipt } from '../types/receipt.ts';

/** A block whose receipts are wanted: a {@link Header} together with its hash is one. */
export interface ReceiptsRequest {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Gas used by the whole block: it bounds how many receipts, and how long, a peer can claim the block to have. */
  readonly gasUsed: number;
  /**
   * 32 bytes; in the header of every block from Amsterdam on, and of no other (EIP-7928). There the gas of receipts is
   * counted otherwise than the header's (EIP-7778, EIP-8037), and does not bound it.
   */
  readonly blockAccessListHash?: Uint8Array | undefined;
}

/**
 * Puts the answers to one GetReceipts, and to those that continue it, together. Until a list is complete it cannot be
 * compared with the header's root, so what it could be at all is checked as it grows (EIP-7975).
 */
export class ReceiptsDownload {
  /** The lists that are complete. */
  readonly done: RawList[] = [];
  readonly #blocks: readonly ReceiptsRequest[];
  #partial: Uint8Array[] = [];
  #cumulativeGas = 0;
  #logsLength = 0;

  constructor(blocks: readonly ReceiptsRequest[]) {
    this.#blocks = blocks;
  }

  /** Hashes of the blocks that are missing; the first may be there in part. */
  get missing(): Uint8Array[] {
    return this.#blocks.slice(this.done.length).map((block) => block.hash);
  }

  /** How many receipts of the first missing block are there. */
  get firstReceipt(): number {
    return this.#partial.length;
  }

  /**
   * Takes in the answer to a request for what is {@link missing}, no more lists than blocks.
   *
   * @param incomplete the last list lacks receipts at its end
   * @returns whether to ask on.
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
    const highestGas = isAmsterdam ? Number.POSITIVE_INFINITY : gasUsed;
    const minGasPerLogByte = isAmsterdam ? gasPerLogByte : gasPerLogByte / 2;
    if (this.#partial.length === 0) {
      this.#cumulativeGas = 0;
      this.#logsLength = 0;
    }
    for (const element of list) {
      const { cumulativeGas, logs } = readReceipt(new Reader(element));
      if (cumulativeGas < this.#cumulativeGas || cumulativeGas > highestGas) {
        throw impossible(`cumulative gas ${cumulativeGas} of ${gasUsed}`);
      }
      this.#cumulativeGas = cumulativeGas;
      this.#logsLength += element.length - logs;
      this.#partial.push(element);
    }
    if (this.#partial.length > gasUsed / minGasPerTransaction) {
      throw impossible(`${this.#partial.length} receipts for ${gasUsed} gas`);
    }
    if (this.#logsLength > gasUsed / minGasPerLogByte + this.#partial.length * longestPrefix) {
      throw impossible(`logs of ${this.#logsLength} bytes for ${gasUsed} gas`);
    }
  }
}

/** What a transaction costs at least, from Amsterdam on (go-ethereum's figure); before, it was more. */
const minGasPerTransaction = 4500;

/**
 * A byte of log data costs 8 gas, and what else a log takes in RLP costs more than that. Before EIP-3529 up to half of a
 * transaction's gas was given back; from Amsterdam on the header counts gas before refunds (EIP-7778).
 */
const gasPerLogByte = 8;

/** Of a list of logs, in bytes: one there is even without logs. */
const longestPrefix = 4;

function impossible(problem: string): EthError {
  return new EthError('invalid-response', `receipts that cannot be: ${problem}`);
}
