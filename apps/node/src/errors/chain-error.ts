import type { ErrorData } from './node-error.ts';

/** Reasons why the chain's database, a genesis file or a chain file cannot be used. */
export type ChainErrorCode =
  /** Another process has the database open. */
  | 'in-use'
  /** The database cannot be opened, read or written: permissions, disk full. */
  | 'unusable'
  /** The database holds the chain of another genesis block. */
  | 'other-genesis'
  /** The database's blocks are not those of the given fork schedule; the message names the fork. */
  | 'other-schedule'
  /** The database holds another block than one that is required. */
  | 'required-block'
  /** The chain has come to a fork whose rules this version does not know. */
  | 'unsupported-fork'
  /** The database has a format that this version does not read; the message names both formats. */
  | 'other-format'
  /** Migrating the database needs more free disk space; `data` has `needed` and `available`, in bytes. */
  | 'disk-space'
  /** A record of the database is damaged; the message names its key. */
  | 'corrupt'
  /** genesis.json is not what it should be; the message names the field. */
  | 'invalid-genesis'
  /** A chain file cannot be read or written. */
  | 'file'
  /** A block number or hash was asked for that the chain does not have. */
  | 'unknown-block'
  | 'closed';

/** A failure of the chain's storage or of a file; the message is one line that names the thing. */
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

  /** For `JSON.stringify` and logs, which leave the message of an Error out. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, data } = this;
    return { name, code, message, ...data };
  }
}

/** The rule that a block breaks. */
export type BlockErrorCode =
  /** Not the RLP of a block. */
  | 'malformed'
  /** The block before it is not known. */
  | 'unknown-parent'
  /** The chain has another block with its number. */
  | 'other-chain'
  /** The operator requires another block with its number. */
  | 'required-block'
  /** Of a fork whose rules this version does not know. */
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
  // Of the body.
  | 'transactions-root'
  | 'transaction'
  | 'uncles'
  | 'withdrawals-root'
  | 'block-size'
  // Of the block access list.
  | 'access-list'
  // Of the receipts.
  | 'receipts-root'
  | 'receipts'
  | 'bloom'
  | 'requests-hash';

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

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, number } = this;
    return { name, code, message, number };
  }
}
