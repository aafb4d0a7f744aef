import { type DisconnectReason, isDisconnectReason } from './wire/disconnect.ts';
import type { RemoteHello } from './wire/hello.ts';

/**
 * - `invalid-option`: the caller's mistake; nothing was sent.
 * - `handshake-timeout`: the remote did not say Hello in time.
 * - `aborted`: the caller's signal; `cause` is the signal's reason.
 * - `refused`: we do not want this remote; `reason` says why.
 * - `breach`: the remote broke the protocol.
 * - `disconnected`: the remote sent Disconnect; `reason` is its own, `undefined` for a number that
 *   the specification does not name.
 * - `ended`: the remote closed the stream without a Disconnect.
 * - `stream`: the stream failed, or did not take a message; `cause` is its error.
 * - `start-timeout`: nothing was received, or nothing could be sent, in the first minute after Hello.
 * - `send-timeout`: nothing could be sent for 20 minutes.
 * - `receive-timeout`: nothing was received for 20 minutes.
 * - `ping-timeout`: no Ping was answered for 20 minutes.
 * - `protocol`: a protocol failed; `cause` is its error.
 * - `closed`: the peer is over, nothing can be sent any more.
 * - `overflow`: the message would have passed the hard limit of the send queue; it was not sent, and
 *   nothing else has changed.
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

/** How a connection can be as good as lost although nothing has closed it. */
export type Inactivity = 'start-timeout' | 'send-timeout' | 'receive-timeout' | 'ping-timeout';

/** Which end decided that the connection is over. */
export type Direction = 'local' | 'remote';

/** Every error of this package. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerErrorCode;
  /** The reason of the Disconnect message that goes with it, where there is one. */
  readonly reason: DisconnectReason | undefined;
  readonly direction: Direction | undefined;
  /** What a remote said that was refused because of it. */
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

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason, direction } = this;
    return { name, code, message, reason, direction };
  }
}

/** The remote did what the base protocol forbids. */
export function breach(what: string, cause?: unknown): PeerError {
  return new PeerError('breach', what, {
    reason: 'breach-of-protocol',
    direction: 'local',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The stream under the peer failed. What it calls its `reason` was its own decision, so a local one. */
export function streamFailed(cause: unknown): PeerError {
  const reason = reasonOf(cause);
  return new PeerError('stream', `the stream failed: ${errorMessage(cause)}`, {
    reason: reason ?? 'tcp-error',
    direction: reason === undefined ? 'remote' : 'local',
    cause,
  });
}

const inactivities: Record<Inactivity, string> = {
  'start-timeout': 'no message has gone each way since Hello',
  'send-timeout': 'nothing can be sent any more',
  'receive-timeout': 'nothing comes any more',
  'ping-timeout': 'no Ping is answered any more',
};

/** The connection is as good as lost. */
export function inactive(cause: Inactivity): PeerError {
  const reason = cause === 'send-timeout' ? 'tcp-error' : 'read-timeout';
  return new PeerError(cause, inactivities[cause], { reason, direction: 'local' });
}

/** The stream did not take a message: for that alone, or because it is gone. */
export function sendFailed(cause: unknown): PeerError {
  if (cause instanceof PeerError) return cause;
  const isOverflow = cause instanceof Error && 'code' in cause && cause.code === 'overflow';
  return new PeerError(isOverflow ? 'overflow' : 'stream', `not sent: ${errorMessage(cause)}`, {
    reason: reasonOf(cause),
    cause,
  });
}

/** A protocol's `run` or `attach` failed. */
export function protocolFailed(name: string, cause: unknown): PeerError {
  if (cause instanceof PeerError && cause.reason !== undefined) return cause;
  return new PeerError('protocol', `${name}: ${errorMessage(cause)}`, {
    reason: reasonOf(cause) ?? 'subprotocol-error',
    direction: 'local',
    cause,
  });
}

/** The reason that an error names, or that takes the place of an error itself. */
export function reasonOf(error: unknown): DisconnectReason | undefined {
  if (isDisconnectReason(error)) return error;
  if (typeof error !== 'object' || error === null || !('reason' in error)) return undefined;
  return isDisconnectReason(error.reason) ? error.reason : undefined;
}

/** What another error says, for the end of a message. */
export function errorMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
