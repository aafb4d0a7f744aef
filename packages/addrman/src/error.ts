/**
 * Codes of {@link AddrManError}.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an option has a wrong type or is out of range |
 * | `corrupt-snapshot` | the bytes are no snapshot or a damaged one; the message gives the reason |
 * | `newer-snapshot` | the snapshot has the format of a later version of this package |
 * | `inconsistent` | `check()` found inconsistent tables, which is a defect of this package |
 */
export type AddrManErrorCode = 'invalid-option' | 'corrupt-snapshot' | 'newer-snapshot' | 'inconsistent';

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
