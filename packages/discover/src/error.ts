/**
 * Codes of {@link DiscoverError}.
 *
 * | code | meaning |
 * | --- | --- |
 * | `invalid-option` | an option or argument is not valid; the message names it and its value |
 * | `no-endpoint` | a node has no id, IP address or UDP port, or an invalid TCP port; or a configured address is not an IP address |
 * | `listen-failed` | the socket cannot be bound; the message ends with the system error, which is the `cause` |
 */
export type DiscoverErrorCode = 'invalid-option' | 'no-endpoint' | 'listen-failed';

/** Text of another error, for the end of a message. A system error may have a code alone. */
export function causeText(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

/** Error of this package. */
export class DiscoverError extends Error {
  override readonly name = 'DiscoverError';
  readonly code: DiscoverErrorCode;

  constructor(code: DiscoverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Includes the message, which `JSON.stringify` leaves out of errors. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
