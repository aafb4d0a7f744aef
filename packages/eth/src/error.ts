import type { DisconnectReason } from '@devp2p/peer';
import type { ForkId, ForkIdProblem } from './forkid.ts';
import { plain } from './types/shown.ts';

/**
 * Of the Status handshake:
 * - `status-timeout`: the remote sent none in time;
 * - `no-status`: it sent something else first;
 * - `network-mismatch`, `genesis-mismatch`, `fork-mismatch`: it is on another chain;
 * - `version-mismatch`: its Status names a version that was not negotiated;
 * - `invalid-range`: blocks that cannot be, here or in a BlockRangeUpdate.
 *
 * Of what the remote sent later:
 * - `message-too-large`: over 10 MiB;
 * - `malformed-message`: not the RLP that the protocol describes; `cause` is the `RlpError`;
 * - `unexpected-message`: a code that the version does not have, or a second Status;
 * - `unknown-request`: an answer to nothing that was asked;
 * - `wrong-response`: an answer of another kind than the question;
 * - `too-many-items`: more than was asked for;
 * - `invalid-response`: an answer that does not fit the question, or that the caller's `verify` refused.
 *
 * Of this side:
 * - `invalid-option`: an option or argument that makes no sense; the message names it and its value;
 * - `timeout`: the remote did not answer in time; it stays connected;
 * - `too-many-requests`: 10,000 are waiting for an answer;
 * - `invalid-request`: a request that cannot be made, by its arguments; nothing was sent;
 * - `disconnected`: the peer is over, or its send queue took no more; `cause` says why, if it is known.
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
  | 'invalid-option'
  | 'timeout'
  | 'too-many-requests'
  | 'invalid-request'
  | 'disconnected';

/** What the remote is told: a node of another chain has done nothing wrong, the rest is a breach. */
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
  'invalid-option': undefined,
  timeout: undefined,
  'too-many-requests': undefined,
  'invalid-request': undefined,
  disconnected: undefined,
};

/** What another error says, for the end of a message. */
export function why(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the two sides of a Status handshake differ in: the first such thing. */
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

/** The error of this package. */
export class EthError extends Error {
  override readonly name = 'EthError';
  readonly code: EthErrorCode;
  /** The reason of the Disconnect message that ends the peer, for errors that do. */
  readonly reason: DisconnectReason | undefined;
  /** Both values, of `network-mismatch`, `genesis-mismatch` and `fork-mismatch`. */
  readonly mismatch: Mismatch | undefined;

  constructor(code: EthErrorCode, message: string, options: EthErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.reason = reasons[code];
    this.mismatch = options.mismatch;
  }

  /** For `JSON.stringify` and logs: without it the message would be missing. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, reason, mismatch } = this;
    return { name, code, message, reason, mismatch: plain(mismatch) };
  }
}
