/** Why a sync cannot come to its target, whichever peer is asked. */
export type SyncErrorCode =
  /** The target's ancestors do not lead to our genesis block. */
  | 'other-chain'
  /** Nothing has come for as long as the operator wants to wait. */
  | 'no-progress';

/** A target that this chain cannot reach; the message is one line that names it. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
  readonly code: SyncErrorCode;

  constructor(code: SyncErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
