/**
 * What went wrong.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an option or argument that makes no sense; the message names it and its value |
 * | `foreign-packet` | bytes that are no discovery v4 packet at all: too short, too long, or the hash does not match |
 * | `unknown-type` | a packet of a type that does not exist |
 * | `malformed-packet` | a packet whose body or signature cannot be read; `cause` says where |
 * | `packet-too-large` | a packet to be sent would have more than 1280 bytes |
 * | `timeout` | no answer came in time |
 * | `busy` | `maxPending` requests wait for an answer already |
 * | `no-endpoint` | a node without an IP address or UDP port, or with a TCP port that is none, was to be asked |
 * | `invalid-record` | the record in an answer is not the node's own, or not believable; `cause` may say why |
 * | `listen-failed` | the socket could not be bound; the message ends with the system's error, which is the `cause` |
 * | `closed` | closed on this side |
 */
export type Discv4ErrorCode =
  | 'invalid-option'
  | 'foreign-packet'
  | 'unknown-type'
  | 'malformed-packet'
  | 'packet-too-large'
  | 'timeout'
  | 'busy'
  | 'no-endpoint'
  | 'invalid-record'
  | 'listen-failed'
  | 'closed';

/** What another error says, for the end of a message. That of the system may have only a code. */
export function why(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

/** Every error of this package. */
export class Discv4Error extends Error {
  override readonly name = 'Discv4Error';
  readonly code: Discv4ErrorCode;

  constructor(code: Discv4ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message } = this;
    return { name, code, message };
  }
}
