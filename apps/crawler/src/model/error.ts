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

/** Values in the message of an error. */
export interface CrawlerErrorData {
  /** File or directory. */
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
  /** Damaged record. */
  readonly record?: string;
  /** Cause of a `store-failed` with its own remedy. */
  readonly problem?: 'no-file-locks';
}

/** Error of the crawler. */
export class CrawlerError extends Error {
  override readonly name = 'CrawlerError';
  readonly code: CrawlerErrorCode;
  readonly data: CrawlerErrorData;

  constructor(
    code: CrawlerErrorCode,
    message: string,
    { data = {}, ...options }: ErrorOptions & { readonly data?: CrawlerErrorData } = {},
  ) {
    super(message, options);
    this.code = code;
    this.data = data;
  }

  /** For `JSON.stringify`, which leaves out the message of an `Error`. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, data } = this;
    return { name, code, message, data };
  }
}
