import type { ErrorData } from './node-error.ts';

/** Reasons why the state cannot be used. */
export type StateErrorCode =
  /** Another process has the database open. */
  | 'in-use'
  /** The database cannot be opened, read or written: permissions, disk full. */
  | 'unusable'
  /** The database has the state of another chain. */
  | 'other-genesis'
  /** The database has a format that this version does not read; the message names both formats. */
  | 'other-format'
  /** A record is missing or damaged; the message names it. */
  | 'corrupt'
  /** The accounts of the genesis are not known, or do not have the state root of its header. */
  | 'genesis-accounts'
  /** The state of a block is not available, or was dropped after its reader was created. */
  | 'unknown-state'
  /** Uncommitted states take too much memory; commit one of them. */
  | 'too-many-states'
  /** The state cannot be read during the commit of a block that does not descend from it. */
  | 'busy'
  | 'closed';

/** A failure of the state, which says nothing about a block. The message is one line that names the database. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code: StateErrorCode;
  readonly data: ErrorData;

  constructor(
    code: StateErrorCode,
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
