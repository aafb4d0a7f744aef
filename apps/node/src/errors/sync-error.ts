/** Reasons why a sync cannot reach its target from any peer. */
export type SyncErrorCode =
  /** The target does not descend from the genesis block. */
  | 'other-chain'
  /** There was no progress for the time that the operator has set. */
  | 'no-progress';

/** A target that the chain cannot reach. The message is one line that names it. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
