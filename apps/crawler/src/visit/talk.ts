import type { Clock } from '@devp2p/clock';
import type { Crypto } from '@devp2p/crypto';
import { openPeer, type Peer } from '@devp2p/peer';
import type { EthStatus } from '../model/node-record.ts';
import type { Dial } from './dial.ts';
import type { Findings } from './findings.ts';
import { probe } from './probe.ts';

/** What a conversation is held with. */
export interface TalkOptions {
  readonly dial: Dial;
  readonly clientId: string;
  readonly crypto: Crypto;
  readonly clock: Clock;
  /** ms for each of Hello, Status and the header. */
  readonly handshakeTimeout: number;
  /** Whether a Status is of the chain that is asked for. */
  readonly isOurs: (status: EthStatus) => boolean;
  /** Age of a head in ms that is not stale. */
  readonly maxHeadAge: number;
  readonly signal: AbortSignal;
}

/**
 * Talks to a node from the first byte to the header of its head, as far as it gets. What it finds it puts into
 * `findings`; it rejects only with the reason of its signal.
 */
export async function talk(
  node: { readonly id: Uint8Array; readonly host: string; readonly tcp: number },
  findings: Findings,
  options: TalkOptions,
): Promise<void> {
  const { dial, clientId, crypto, clock, handshakeTimeout, signal } = options;
  const onStatus = (status: EthStatus): void => {
    findings.eth = status;
    findings.reach('status');
    if (!options.isOurs(status)) return;
    findings.reach('chain');
    const age = clock.now() - (status.headTime ?? Number.NEGATIVE_INFINITY) * 1000;
    if (Math.abs(age) <= options.maxHeadAge) findings.reach('synced');
  };
  let peer: Peer;
  findings.begin();
  try {
    const stream = await dial(node, { signal, onConnected: () => findings.reach('tcp') });
    findings.reach('authenticated');
    peer = await openPeer(stream, {
      clientId,
      protocols: [probe({ crypto, clock, timeout: handshakeTimeout, onStatus })],
      // Called when the two have a protocol in common: sooner than `openPeer` returns.
      accept: (hello) => {
        findings.meet(hello);
        return undefined;
      },
      ...{ signal, clock, handshakeTimeout },
    });
  } catch (error) {
    signal.throwIfAborted();
    findings.fail(error);
    return;
  }
  const leave = () => void peer.disconnect('quitting');
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  const { direction, reason, error } = await peer.closed;
  signal.removeEventListener('abort', leave);
  signal.throwIfAborted();
  if (error !== undefined) findings.fail(error);
  else if (direction === 'remote') {
    findings.disconnect = reason;
    findings.error ??= reason === undefined ? 'peer/ended' : 'peer/disconnected';
  }
}
