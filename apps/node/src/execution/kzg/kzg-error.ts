/** Why a KZG function has no result. */
export type KzgErrorCode =
  /** The arguments are unusable: a count, length or index, a field element that is not canonical, a malformed point. */
  | 'input'
  /** Neither library can be loaded. */
  | 'unavailable'
  /** The library failed on usable arguments. */
  | 'failed';

/**
 * A KZG function without a result. A proof that does not verify is not an error.
 *
 * All codes but `input` say nothing about the input, so a block must not be judged by them: they end the worker.
 */
export class KzgError extends Error {
  override readonly name = 'KzgError';
  readonly code: KzgErrorCode;

  constructor(code: KzgErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
