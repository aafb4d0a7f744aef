/**
 * Code of a {@link ClockError}.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an argument or option has a wrong type or range, or the option does not exist |
 * | `livelock` | a virtual clock cannot advance: the program keeps setting timers for the same time, or immediates |
 */
export type ClockErrorCode = 'invalid-option' | 'livelock';

/** Error of this package. A timeout is not one: it is the `reason` of a signal. */
export class ClockError extends Error {
  override readonly name = 'ClockError';
  readonly code: ClockErrorCode;

  constructor(code: ClockErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
