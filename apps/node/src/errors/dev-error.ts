import type { TransactionErrorCode } from './transaction-error.ts';

/** Reasons why a development chain refuses a request. */
export type DevErrorCode =
  | 'invalid-option'
  /** A transaction cannot be part of the next block; `transaction` names the rule. */
  | 'transaction-refused'
  /** Too many transactions wait for a block. */
  | 'queue-full'
  /** The parent is not a block of the chain. */
  | 'unknown-parent'
  /** The data directory is of a development chain with another genesis. */
  | 'other-genesis'
  /** A listener outside of loopback, from which accounts with public keys could be used. */
  | 'public-listener'
  /** The new block cannot be imported, which is a fault of this program. */
  | 'import-failed'
  | 'closed';

/** A request that a development chain refuses. The message is one line. */
export class DevError extends Error {
  override readonly name = 'DevError';
  readonly code: DevErrorCode;
  /** The rule that a refused transaction breaks. */
  readonly transaction: TransactionErrorCode | undefined;

  constructor(
    code: DevErrorCode,
    message: string,
    { transaction, ...options }: ErrorOptions & { readonly transaction?: TransactionErrorCode } = {},
  ) {
    super(message, options);
    this.code = code;
    this.transaction = transaction;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, transaction } = this;
    return { name, code, message, ...(transaction && { transaction }) };
  }
}
