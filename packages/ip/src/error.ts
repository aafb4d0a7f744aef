/**
 * Code of an {@link IpError}.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an argument or option has a wrong type, length or range, or the option does not exist |
 */
export type IpErrorCode = 'invalid-option';

/** Error for wrong arguments and options. The message contains the name and the value. */
export class IpError extends RangeError {
  override readonly name = 'IpError';
  readonly code: IpErrorCode;

  constructor(code: IpErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** For `JSON.stringify` and logs, which would omit the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
