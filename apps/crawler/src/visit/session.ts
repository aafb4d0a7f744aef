import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { openPeer, type Peer } from '@devp2p/peer';
import type { EthStatus } from '../model/node-record.ts';
import type { Dial, DialTarget } from './dial.ts';
import { ethProbe } from './eth-probe.ts';
import type { VisitResult } from './visit-result.ts';

/** Collaborators and limits of a session. */
export interface SessionContext {
  readonly dial: Dial;
  readonly clientId: string;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** Milliseconds for each of Hello, Status and the header. */
  readonly handshakeTimeout: number;
  readonly isRequestedChain: (status: EthStatus) => boolean;
  /** Age in milliseconds up to which a head counts as synced. */
  readonly maxHeadAge: number;
}

/**
 * Dials a node, exchanges Hello and Status, requests the header of its head, and disconnects. Steps, answers and the
 * first error are recorded in `result`. Rejects only with the signal's reason.
 */
export async function runSession(
  target: DialTarget,
  result: VisitResult,
  context: SessionContext,
  signal: AbortSignal,
): Promise<void> {
  const peer = await connect(target, result, context, signal);
  if (peer === undefined) return;
  const disconnect = () => void peer.disconnect('quitting');
  if (signal.aborted) disconnect();
  signal.addEventListener('abort', disconnect, { once: true });
  const { direction, reason, error } = await peer.closed;
  signal.removeEventListener('abort', disconnect);
  signal.throwIfAborted();
  if (error !== undefined) result.fail(error);
  else if (direction === 'remote') {
    result.disconnect = reason;
    result.error ??= reason === undefined ? 'peer/ended' : 'peer/disconnected';
  }
}

/** Dials and exchanges Hello. Resolves to `undefined` after a failure. */
async function connect(
  target: DialTarget,
  result: VisitResult,
  context: SessionContext,
  signal: AbortSignal,
): Promise<Peer | undefined> {
  const { dial, clientId, crypto, clock, handshakeTimeout } = context;
  const onStatus = (status: EthStatus): void => recordStatus(status, result, context);
  result.startStep();
  try {
    const stream = await dial(target, { signal, onConnected: () => result.reach('tcp') });
    result.reach('authenticated');
    return await openPeer(stream, {
      clientId,
      protocols: [ethProbe({ crypto, clock, timeout: handshakeTimeout, onStatus })],
      // Called before `openPeer` resolves, as soon as both sides have a protocol in common.
      accept: (hello) => {
        result.setHello(hello);
        return undefined;
      },
      signal,
      clock,
      handshakeTimeout,
    });
  } catch (error) {
    signal.throwIfAborted();
    result.fail(error);
    return undefined;
  }
}

function recordStatus(
  status: EthStatus,
  result: VisitResult,
  { clock, isRequestedChain, maxHeadAge }: SessionContext,
): void {
  result.eth = status;
  result.reach('status');
  if (!isRequestedChain(status)) return;
  result.reach('chain');
  const age = clock.now() - (status.headTime ?? Number.NEGATIVE_INFINITY) * 1000;
  if (Math.abs(age) <= maxHeadAge) result.reach('synced');
}
