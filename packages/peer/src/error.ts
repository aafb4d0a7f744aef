import { type DisconnectReason, isDisconnectReason } from './wire/disconnect-reasons.ts';
import type { RemoteHello } from './wire/hello.ts';

/**
 * Codes of {@link PeerError}:
 *
 * - `invalid-option`: an invalid option or argument; nothing was sent.
 * - `handshake-timeout`: the remote did not send Hello in time.
 * - `aborted`: the caller's signal aborted; `cause` is its reason.
 * - `refused`: this side refused the remote, for `reason`.
 * - `breach`: the remote broke the protocol.
 * - `disconnected`: the remote sent Disconnect with `reason`, which is `undefined` for a number that
 *   the specification does not name.
 * - `ended`: the remote closed the stream without a Disconnect.
 * - `stream`: the stream failed, or did not accept a message; `cause` is its error.
 * - `start-timeout`: no message was received, or none could be sent, in the first minute after Hello.
 * - `send-timeout`: no message could be sent for 20 minutes.
 * - `receive-timeout`: no message was received for 20 minutes.
 * - `ping-timeout`: no Ping was answered for 20 minutes.
 * - `protocol`: a protocol failed; `cause` is its error.
 * - `closed`: the peer is disconnected, so that no message can be sent.
 * - `overflow`: the message would exceed the hard limit of the send queue; it was not sent, without
 *   any other effect.
 * - `request-timeout`: a request was not answered in time; the peer stays connected.
 * - `too-many-requests`: too many requests already wait for a response; nothing was sent.
 */
export type PeerErrorCode =
  | 'invalid-option'
  | 'handshake-timeout'
  | 'aborted'
  | 'refused'
  | 'breach'
  | 'disconnected'
  | 'ended'
  | 'stream'
  | Inactivity
  | 'protocol'
  | 'closed'
  | 'overflow'
  | 'request-timeout'
  | 'too-many-requests';

/** Kinds of inactivity that end a connection. */
export type Inactivity = 'start-timeout' | 'send-timeout' | 'receive-timeout' | 'ping-timeout';

/** Side that ended the connection. */
export type Direction = 'local' | 'remote';

/** Error of this package. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerErrorCode;
  /** Reason of the Disconnect message, where there is one. */
  readonly reason: DisconnectReason | undefined;
  readonly direction: Direction | undefined;
  /** Hello of a remote that was refused because of it. */
  readonly hello: RemoteHello | undefined;

  constructor(
    code: PeerErrorCode,
    message: string,
    options: {
      readonly reason?: DisconnectReason | undefined;
      readonly direction?: Direction | undefined;
      readonly hello?: RemoteHello | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.reason = options.reason;
    this.direction = options.direction;
    this.hello = options.hello;
  }

  /** For `JSON.stringify` and logs, which otherwise leave out the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason, direction } = this;
    return { name, code, message, reason, direction };
  }
}

/** Makes the error of a breach of the base protocol. */
export function breach(message: string, cause?: unknown): PeerError {
  return new PeerError('breach', message, {
    reason: 'breach-of-protocol',
    direction: 'local',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Makes the error of a failed stream. With a `reason`, this side ended the stream. */
export function streamFailed(cause: unknown): PeerError {
  const reason = reasonOf(cause);
  return new PeerError('stream', `the stream failed: ${errorMessage(cause)}`, {
    reason: reason ?? 'tcp-error',
    direction: reason === undefined ? 'remote' : 'local',
    cause,
  });
}

const inactivities: Record<Inactivity, string> = {
  'start-timeout': 'no message was exchanged in both directions since Hello',
  'send-timeout': 'no message can be sent',
  'receive-timeout': 'no message is received',
  'ping-timeout': 'no Ping is answered',
};

/** Makes the error of an inactive connection. */
export function inactive(cause: Inactivity): PeerError {
  const reason = cause === 'send-timeout' ? 'tcp-error' : 'read-timeout';
  return new PeerError(cause, inactivities[cause], { reason, direction: 'local' });
}

/** Makes the error of a message that the stream refused, or that failed with the stream. */
export function sendFailed(cause: unknown): PeerError {
  if (cause instanceof PeerError) return cause;
  const isOverflow = cause instanceof Error && 'code' in cause && cause.code === 'overflow';
  return new PeerError(isOverflow ? 'overflow' : 'stream', `not sent: ${errorMessage(cause)}`, {
    reason: reasonOf(cause),
    cause,
  });
}

/** Makes the error of a failed `run` or `attach` of a protocol. */
export function protocolFailed(name: string, cause: unknown): PeerError {
  if (cause instanceof PeerError && cause.reason !== undefined) return cause;
  return new PeerError('protocol', `${name}: ${errorMessage(cause)}`, {
    reason: reasonOf(cause) ?? 'subprotocol-error',
    direction: 'local',
    cause,
  });
}

/** Disconnect reason of an error, or the error itself if it is a reason. */
export function reasonOf(error: unknown): DisconnectReason | undefined {
  if (isDisconnectReason(error)) return error;
  if (typeof error !== 'object' || error === null || !('reason' in error)) return undefined;
  return isDisconnectReason(error.reason) ? error.reason : undefined;
}

/** Message of another error, for the end of a message. */
export function errorMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
