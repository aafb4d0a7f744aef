/**
 * What went wrong.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an option or argument of another type or range; the message names it and its value |
 * | `livelock` | a virtual clock does not get ahead: the program keeps setting timers for the same moment, or immediates |
 */
export type ClockErrorCode = 'invalid-option' | 'livelock';

/** Every error of this package; a timeout is none, but the `reason` of a signal. */
export class ClockError extends Error {
  override readonly name = 'ClockError';
  readonly code: ClockErrorCode;

  constructor(code: ClockErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
