import type { CloseReason } from './connection.ts';

/**
 * Codes of {@link ConnManagerError}. `invalid-option`: an option has a wrong type or is out of range. `invalid-ban`: an
 * invalid entry of a ban list. The others are the reasons that signals abort with, see {@link CloseReason}.
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

/** Returns the name of a failure for the counters: its `code` if it has one, otherwise its `name`. */
export function failureName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

/** Creates the error that a signal aborts with. */
export function abortError(reason: CloseReason): ConnManagerError {
  return new ConnManagerError(reason, `connection aborted: ${reason.replaceAll('-', ' ')}`);
}
