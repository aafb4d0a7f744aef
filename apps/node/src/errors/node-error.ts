/** What kept the node from starting or going on. */
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

/** A failure of the node itself; the message is one line that names the thing and what to do. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: NodeErrorCode;

  constructor(code: NodeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
