import type { CloseReason } from './connection.ts';

/**
 * `invalid-option`: an option that makes no sense. `invalid-ban`: an entry of a ban list that is none. The others are
 * what signals abort with, see {@link CloseReason}.
 */
export type ConnManagerErrorCode = 'invalid-option' | 'invalid-ban' | CloseReason;

/** Every error of this package. */
export class ConnManagerError extends Error {
  override readonly name = 'ConnManagerError';
  readonly code: ConnManagerErrorCode;

  constructor(code: ConnManagerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}

/** A failure's name for the counters: its `code` if it has one, else its `name`. */
export function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

/** What a signal aborts with. */
export function reasonFor(reason: CloseReason): ConnManagerError {
  return new ConnManagerError(
    reason,
    `the connection is not wanted: ${reason.replaceAll('-', ' ')}`,
  );
}
