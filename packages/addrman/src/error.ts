/** Why a call was refused. */
export type AddrManErrorCode = 'invalid-option';

/** Every error of this package. */
export class AddrManError extends Error {
  override readonly name = 'AddrManError';
  readonly code: AddrManErrorCode;

  constructor(code: AddrManErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
