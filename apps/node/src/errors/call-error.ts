/** Why a call has no result. */
export type CallErrorCode =
  /** It cannot be executed: its fields, fees or balance do not allow it. */
  | 'refused'
  /** Its gas is below what it costs before it is executed. */
  | 'intrinsic-gas'
  /** It was reverted; `data` is its output. */
  | 'reverted'
  /** Its code failed otherwise. */
  | 'failed'
  /** It took longer than its limit. */
  | 'timeout'
  /** Too many calls wait for their execution. */
  | 'busy'
  | 'closed';

/** A call that has failed or was not executed. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: CallErrorCode;
  /** Output of a call that was reverted. */
  readonly data: Uint8Array | undefined;

  constructor(code: CallErrorCode, message: string, data?: Uint8Array) {
    super(message);
    this.code = code;
    this.data = data;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
