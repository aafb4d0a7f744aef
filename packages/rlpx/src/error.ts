/**
 * What went wrong.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an option or argument that makes no sense; the message names it and its value |
 * | `connect-failed` | the socket could not be opened; the message ends with the system's error, which is the `cause` |
 * | `connect-timeout` | the socket was not open within `connectTimeout` |
 * | `listen-failed` | the port could not be bound; the message ends with the system's error, which is the `cause` |
 * | `handshake-failed` | an auth or ack that is too large, does not authenticate, or holds anything invalid: one code for all of them, on purpose |
 * | `handshake-timeout` | the handshake was not over within `handshakeTimeout` |
 * | `handshake-displaced` | the listener gave this one's place to a newer handshake |
 * | `mac-mismatch` | a frame's header or body does not authenticate |
 * | `frame-too-large` | a frame announces more than `maxMessageSize` allows |
 * | `malformed-frame` | a frame without a canonical message code |
 * | `snappy` | a payload that is not exactly what its Snappy preamble declares, or declares too much |
 * | `truncated` | the remote ended the stream in the middle of a handshake or frame |
 * | `connection-reset` | the remote dropped the connection |
 * | `transport` | any other failure of the transport; `cause` has it |
 * | `read-timeout` | no frame was completed for `readTimeout` |
 * | `write-timeout` | nothing of what was written got out for `writeTimeout` |
 * | `message-too-large` | `write` was given more than `maxMessageSize`; nothing was sent |
 * | `overflow` | `write` would have buffered more than `maxBuffered`; nothing was sent |
 * | `busy` | `read` was called while another `read` waits |
 * | `closed` | the stream or the listener was closed on this side |
 */
export type RlpxErrorCode =
  | 'invalid-option'
  | 'connect-failed'
  | 'connect-timeout'
  | 'listen-failed'
  | 'handshake-failed'
  | 'handshake-timeout'
  | 'handshake-displaced'
  | 'mac-mismatch'
  | 'frame-too-large'
  | 'malformed-frame'
  | 'snappy'
  | 'truncated'
  | 'connection-reset'
  | 'transport'
  | 'read-timeout'
  | 'write-timeout'
  | 'message-too-large'
  | 'overflow'
  | 'busy'
  | 'closed';

/** devp2p's reasons for a Disconnect that the end of a stream can have. */
export type RlpxErrorReason = 'breach-of-protocol' | 'read-timeout' | 'tcp-error';

const reasons: { readonly [Code in RlpxErrorCode]?: RlpxErrorReason } = {
  'mac-mismatch': 'breach-of-protocol',
  'frame-too-large': 'breach-of-protocol',
  'malformed-frame': 'breach-of-protocol',
  snappy: 'breach-of-protocol',
  'read-timeout': 'read-timeout',
  'write-timeout': 'tcp-error',
};

/** Every error of this package. */
export class RlpxError extends Error {
  readonly code: RlpxErrorCode;
  /** Why we ended the connection, as devp2p names it; undefined when it was not our decision. */
  readonly reason: RlpxErrorReason | undefined;

  constructor(code: RlpxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RlpxError';
    this.code = code;
    this.reason = reasons[code];
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason } = this;
    return { name, code, message, reason };
  }
}

/** What an error of the system says, for the end of a message. That of a host with several addresses has only a code. */
export function errorMessage(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

/** The one error of everything that a remote can do wrong in a handshake. */
export function handshakeFailed(detail: string, cause?: unknown): RlpxError {
  return new RlpxError('handshake-failed', `RLPx handshake failed: ${detail}`, { cause });
}
