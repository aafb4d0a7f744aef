import type { DisconnectReason } from '@devp2p/peer';
import type { ForkId, ForkIdProblem } from './fork-id.ts';
import { plain } from './types/show-fields.ts';

/**
 * In the Status handshake:
 * - `status-timeout`: the remote sent no Status in time;
 * - `no-status`: its first message is not a Status;
 * - `network-mismatch`, `genesis-mismatch`, `fork-mismatch`: it is on another chain;
 * - `version-mismatch`: its Status has another version than the negotiated one;
 * - `invalid-range`: an impossible block range, here or in a BlockRangeUpdate.
 *
 * In later messages of the remote:
 * - `message-too-large`: more than 10 MiB, or than the limit of the message;
 * - `malformed-message`: not the RLP of the protocol; `cause` is the `RlpError`;
 * - `unexpected-message`: a code that the version does not have, or a second Status;
 * - `unknown-request`: a response without a request;
 * - `wrong-response`: a response of another kind than requested;
 * - `too-many-items`: more items than requested;
 * - `invalid-response`: a response that does not match its request, or that the caller's `verify` refused;
 * - `invalid-block`: a new block that violates a rule of its chain, or has another number than announced;
 * - `invalid-transactions`: a transaction that is malformed, whose blobs lack valid proofs, that is sent in a message in
 *   which it is not allowed, or that differs from its announcement;
 * - `useless-blocks`: too many blocks and announcements that are repeated, missing, far from the head or invalid.
 *
 * On this side:
 * - `invalid-option`: an invalid option or argument; the message names it and its value;
 * - `timeout`: the remote did not respond in time; it stays connected;
 * - `too-many-requests`: 10,000 requests already wait for a response;
 * - `invalid-request`: invalid arguments of a request; nothing was sent;
 * - `disconnected`: the peer is disconnected, or its send queue is full; `cause` has the reason, if it is known.
 */
export type EthErrorCode =
  | 'status-timeout'
  | 'no-status'
  | 'network-mismatch'
  | 'genesis-mismatch'
  | 'fork-mismatch'
  | 'version-mismatch'
  | 'invalid-range'
  | 'message-too-large'
  | 'malformed-message'
  | 'unexpected-message'
  | 'unknown-request'
  | 'wrong-response'
  | 'too-many-items'
  | 'invalid-response'
  | 'invalid-block'
  | 'invalid-transactions'
  | 'useless-blocks'
  | 'invalid-option'
  | 'timeout'
  | 'too-many-requests'
  | 'invalid-request'
  | 'disconnected';

/** Reason of the Disconnect that each error sends. A node of another chain is useless; the rest is a breach. */
const reasons: Readonly<Record<EthErrorCode, DisconnectReason | undefined>> = {
  'status-timeout': 'read-timeout',
  'no-status': 'breach-of-protocol',
  'network-mismatch': 'useless-peer',
  'genesis-mismatch': 'useless-peer',
  'fork-mismatch': 'useless-peer',
  'version-mismatch': 'breach-of-protocol',
  'invalid-range': 'breach-of-protocol',
  'message-too-large': 'breach-of-protocol',
  'malformed-message': 'breach-of-protocol',
  'unexpected-message': 'breach-of-protocol',
  'unknown-request': 'breach-of-protocol',
  'wrong-response': 'breach-of-protocol',
  'too-many-items': 'breach-of-protocol',
  'invalid-response': 'breach-of-protocol',
  'invalid-block': 'breach-of-protocol',
  'invalid-transactions': 'breach-of-protocol',
  'useless-blocks': 'breach-of-protocol',
  'invalid-option': undefined,
  timeout: undefined,
  'too-many-requests': undefined,
  'invalid-request': undefined,
  disconnected: undefined,
};

/** Message of another error, for the end of a message. */
export function errorMessage(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** First difference between the two sides of a Status handshake. */
export type Mismatch =
  | { readonly of: 'network'; readonly ours: bigint; readonly theirs: bigint }
  /** Hashes of 32 bytes. */
  | { readonly of: 'genesis'; readonly ours: Uint8Array; readonly theirs: Uint8Array }
  | {
      readonly of: 'fork';
      readonly ours: ForkId;
      readonly theirs: ForkId;
      readonly problem: ForkIdProblem;
    };

/** Options of an {@link EthError}. */
export interface EthErrorOptions extends ErrorOptions {
  readonly mismatch?: Mismatch | undefined;
}

/** Error of this package. */
export class EthError extends Error {
  override readonly name = 'EthError';
  readonly code: EthErrorCode;
  /** Reason of the Disconnect message, for errors that end the peer. */
  readonly reason: DisconnectReason | undefined;
  /** Both values, in `network-mismatch`, `genesis-mismatch` and `fork-mismatch`. */
  readonly mismatch: Mismatch | undefined;

  constructor(code: EthErrorCode, message: string, options: EthErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.reason = reasons[code];
    this.mismatch = options.mismatch;
  }

  /** For `JSON.stringify` and logs, which otherwise leave out the message. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason, mismatch } = this;
    return { name, code, message, reason, mismatch: plain(mismatch) };
  }
}
