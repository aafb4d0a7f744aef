/** Why a call was refused. */
export type ConnManagerErrorCode = 'invalid-option';

/** Every error of this package. */
export class ConnManagerError extends Error {
  override readonly name = 'ConnManagerError';
  readonly code: ConnManagerErrorCode;

  constructor(code: ConnManagerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
