/**
 * Codes of {@link RlpxError}.
 *
 * | code | when |
 * | --- | --- |
 * | `invalid-option` | an invalid option or argument; the message names it and its value |
 * | `connect-failed` | the socket could not be opened; the message ends with the system's error, which is the `cause` |
 * | `connect-timeout` | the socket was not open within `connectTimeout` |
 * | `listen-failed` | the port could not be bound; the message ends with the system's error, which is the `cause` |
 * | `handshake-failed` | an auth or ack that is too large, does not authenticate, or has invalid contents: one code for all, so that it is no oracle |
 * | `handshake-timeout` | the handshake did not finish within `handshakeTimeout` |
 * | `handshake-displaced` | the listener replaced this handshake with a newer one |
 * | `mac-mismatch` | a frame's header or body does not authenticate |
 * | `frame-too-large` | a frame announces more than `maxMessageSize` allows |
 * | `malformed-frame` | a frame without a canonical message code |
 * | `snappy` | a payload whose length differs from its Snappy preamble, or exceeds the limit |
 * | `truncated` | the remote ended the stream in the middle of a handshake or frame |
 * | `connection-reset` | the remote reset the connection |
 * | `transport` | any other failure of the transport, which is the `cause` |
 * | `read-timeout` | no frame was completed within `readTimeout` |
 * | `write-timeout` | no written data was sent within `writeTimeout` |
 * | `message-too-large` | a message for `write` exceeds `maxMessageSize`; nothing was sent |
 * | `overflow` | a message for `write` would exceed `maxBuffered`; nothing was sent |
 * | `busy` | `read` was called while another `read` was pending |
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

/** Disconnect reasons of devp2p with which a stream can end. */
export type RlpxErrorReason = 'breach-of-protocol' | 'read-timeout' | 'tcp-error';

const reasons: { readonly [Code in RlpxErrorCode]?: RlpxErrorReason } = {
  'mac-mismatch': 'breach-of-protocol',
  'frame-too-large': 'breach-of-protocol',
  'malformed-frame': 'breach-of-protocol',
  snappy: 'breach-of-protocol',
  'read-timeout': 'read-timeout',
  'write-timeout': 'tcp-error',
};

/** Error of this package. */
export class RlpxError extends Error {
  readonly code: RlpxErrorCode;
  /** Disconnect reason when this side ended the connection; undefined otherwise. */
  readonly reason: RlpxErrorReason | undefined;

  constructor(code: RlpxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RlpxError';
    this.code = code;
    this.reason = reasons[code];
  }

  /** For `JSON.stringify` and logs, which otherwise leave out the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason } = this;
    return { name, code, message, reason };
  }
}

/** Message of a system error, for the end of a message. The error of a host with several addresses has only a code. */
export function errorMessage(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

/** The one error of every fault of a remote in a handshake. */
export function handshakeFailed(detail: string, cause?: unknown): RlpxError {
  return new RlpxError('handshake-failed', `RLPx handshake failed: ${detail}`, { cause });
}
