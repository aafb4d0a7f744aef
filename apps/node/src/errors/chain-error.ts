import type { ErrorData } from './node-error.ts';
import type { TransactionErrorCode } from './transaction-error.ts';

/** Reasons why the chain's database, a genesis file or a chain file cannot be used. */
export type ChainErrorCode =
  /** Another process has the database open. */
  | 'in-use'
  /** The database cannot be opened, read or written: permissions, disk full. */
  | 'unusable'
  /** The database has the chain of another genesis block. */
  | 'other-genesis'
  /** The stored blocks do not match the given fork schedule; the message names the fork. */
  | 'other-schedule'
  /** A stored block differs from the required block with its number. */
  | 'required-block'
  /** The chain has reached a fork that this version does not support. */
  | 'unsupported-fork'
  /** The database has a format that this version does not read; the message names both formats. */
  | 'other-format'
  /** Migrating the database needs more free disk space; `data` has `needed` and `available`, in bytes. */
  | 'disk-space'
  /** A record of the database is damaged; the message names its key. */
  | 'corrupt'
  /** genesis.json is invalid; the message names the field. */
  | 'invalid-genesis'
  /** A chain file cannot be read or written. */
  | 'file'
  /** The chain does not have a block with the given number or hash. */
  | 'unknown-block'
  | 'closed';

/** A failure of the chain's storage or of a file. The message is one line that names the database or file. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
  readonly code: ChainErrorCode;
  readonly data: ErrorData;

  constructor(
    code: ChainErrorCode,
    message: string,
    { data = {}, ...options }: ErrorOptions & { readonly data?: ErrorData } = {},
  ) {
    super(message, options);
    this.code = code;
    this.data = data;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, data } = this;
    return { name, code, message, ...data };
  }
}

/** The rule that a block breaks. */
export type BlockErrorCode =
  /** It is not the RLP of a block. */
  | 'malformed'
  /** Its parent is not known. */
  | 'unknown-parent'
  /** The chain has a different block with its number. */
  | 'other-chain'
  /** The operator requires a different block with its number. */
  | 'required-block'
  /** It is of a fork that this version does not support. */
  | 'unsupported-fork'
  // Of the header.
  | 'number'
  | 'timestamp'
  | 'future'
  | 'extra-data'
  | 'gas-limit'
  | 'gas-used'
  | 'base-fee'
  | 'difficulty'
  | 'nonce'
  | 'mix-hash'
  | 'uncles-hash'
  | 'merge'
  | 'missing-field'
  | 'unexpected-field'
  | 'blob-gas'
  | 'excess-blob-gas'
  // Of the body.
  | 'transactions-root'
  | TransactionErrorCode
  | 'uncles'
  | 'withdrawals-root'
  | 'block-size'
  // Of the block access list.
  | 'access-list'
  /** It has more items than the gas limit allows (EIP-7928). */
  | 'access-list-size'
  // Of the receipts.
  | 'receipts-root'
  | 'receipts'
  | 'bloom'
  | 'requests-hash'
  // Of execution.
  | 'state-root'
  /** A contract that the protocol calls has no code, or its call fails (EIP-7002, EIP-7251, EIP-8282). */
  | 'system-contract'
  /** A log of the deposit contract has an invalid layout (EIP-6110). */
  | 'deposits';

/** A block that breaks a rule; the message is `block NUMBER: REASON`. */
export class BlockError extends Error {
  override readonly name = 'BlockError';
  readonly code: BlockErrorCode;
  readonly number: number;
  readonly reason: string;

  constructor(code: BlockErrorCode, number: number, reason: string, options?: ErrorOptions) {
    super(`block ${number}: ${reason}`, options);
    this.code = code;
    this.number = number;
    this.reason = reason;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, number } = this;
    return { name, code, message, number };
  }
}
