/**
 * What went wrong.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | a setting that makes no sense, or a key that is not 32 bytes |
 * | `corrupt-snapshot` | bytes that are no snapshot, or a damaged one; the message says what is wrong with them |
 * | `newer-snapshot` | a snapshot of a format that a later version of this package has written |
 * | `inconsistent` | `check()` found the tables to contradict themselves, which is a defect of this package |
 */
export type AddrManErrorCode =
  | 'invalid-option'
  | 'corrupt-snapshot'
  | 'newer-snapshot'
  | 'inconsistent';

/** Every error of this package. */
export class AddrManError extends Error {
  override readonly name = 'AddrManError';
  readonly code: AddrManErrorCode;

  constructor(code: AddrManErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
