/** Reasons why a block cannot be executed that do not depend on the block. */
export type ExecutionErrorCode =
  /** The state of its parent is not available. */
  | 'no-state'
  /** The execution worker has ended, and has been started again from the state on disk. */
  | 'interrupted'
  /** The execution worker has ended too often; the message has the reason. */
  | 'failed'
  | 'closed';

/** A failure of the execution. It says nothing about the validity of a block. */
export class ExecutionError extends Error {
  override readonly name = 'ExecutionError';
  readonly code: ExecutionErrorCode;

  constructor(code: ExecutionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** Whether blocks can be executed again once the state of their parent is available. */
export function isInterruption(error: unknown): error is ExecutionError {
  return error instanceof ExecutionError && (error.code === 'no-state' || error.code === 'interrupted');
}
