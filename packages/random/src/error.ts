/**
 * Code of an {@link RandomError}.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an argument or option has a wrong type or range, or the option does not exist |
 */
export type RandomErrorCode = 'invalid-option';

/** Error for wrong arguments and options. The message contains the name and the value. */
export class RandomError extends Error {
  override readonly name = 'RandomError';
  readonly code: RandomErrorCode;

  constructor(code: RandomErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
