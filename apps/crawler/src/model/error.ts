/** Why the crawler could not begin or go on. */
export type CrawlerErrorCode =
  | 'invalid-option'
  | 'datadir-in-use'
  | 'datadir-unusable'
  | 'wrong-datadir'
  | 'nodekey-invalid'
  | 'output-unusable'
  | 'port-unavailable'
  | 'record-corrupt'
  | 'store-corrupt'
  | 'store-failed'
  | 'closed';

/** Every error of the crawler's own. */
export class CrawlerError extends Error {
  override readonly name = 'CrawlerError';
  readonly code: CrawlerErrorCode;

  constructor(code: CrawlerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
