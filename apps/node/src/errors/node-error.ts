/** Why the node cannot start or continue. */
export type NodeErrorCode =
  | 'addresses-unusable'
  | 'bans-unusable'
  | 'datadir-unusable'
  | 'datadir-in-use'
  | 'genesis-unreadable'
  | 'invalid-option'
  | 'jwtsecret-invalid'
  | 'nodekey-invalid'
  | 'nodekey-exposed'
  | 'nodes-unusable'
  | 'port-unavailable'
  | 'static-self'
  | 'unreachable';

/** Details of an error, for programs. */
export type ErrorData = Readonly<Record<string, string | number | boolean | undefined>>;

/** A failure of the node itself. The message is one line that names the failed operation. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;
  readonly data: ErrorData;

  constructor(
    code: NodeErrorCode,
    message: string,
    { data = {}, ...options }: ErrorOptions & { readonly data?: ErrorData } = {},
  ) {
    super(message, options);
    this.code = code;
    this.data = data;
  }

  /** For `JSON.stringify` and logs, which omit the message of an Error. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, data } = this;
    return { name, code, message, ...data };
  }
}
