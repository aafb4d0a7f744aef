import { type DisconnectReason, isDisconnectReason } from './disconnect.ts';
import type { RemoteHello } from './hello.ts';

/**
 * - `invalid-options`: the caller's mistake; nothing was sent.
 * - `timeout`: the remote did not say Hello in time.
 * - `aborted`: the caller's signal; `cause` is the signal's reason.
 * - `refused`: we do not want this remote; `reason` says why.
 * - `breach`: the remote broke the protocol.
 * - `disconnected`: the remote sent Disconnect; `reason` is its own, `undefined` for a number that
 *   the specification does not name.
 * - `ended`: the remote closed the stream without a Disconnect.
 * - `stream`: the stream failed; `cause` is its error.
 * - `protocol`: a protocol failed; `cause` is its error.
 * - `closed`: the peer is over, nothing can be sent any more.
 * - `overflow`: a write would have passed the hard limit of the in-memory pipe.
 */
export type PeerErrorCode =
  | 'invalid-options'
  | 'timeout'
  | 'aborted'
  | 'refused'
  | 'breach'
  | 'disconnected'
  | 'ended'
  | 'stream'
  | 'protocol'
  | 'closed'
  | 'overflow';

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
  return new PeerError('stream', `the stream failed: ${describe(cause)}`, {
    reason: reason ?? 'tcp-error',
    direction: reason === undefined ? 'remote' : 'local',
    cause,
  });
}

/** A protocol's `run` or `attach` failed. */
export function protocolFailed(name: string, cause: unknown): PeerError {
  if (cause instanceof PeerError && cause.reason !== undefined) return cause;
  return new PeerError('protocol', `${name}: ${describe(cause)}`, {
    reason: reasonOf(cause) ?? 'subprotocol-error',
    direction: 'local',
    cause,
  });
}

/** The `reason` of any error that names one. */
function reasonOf(error: unknown): DisconnectReason | undefined {
  if (typeof error !== 'object' || error === null || !('reason' in error)) return undefined;
  return isDisconnectReason(error.reason) ? error.reason : undefined;
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
