import { type Clock, withTimeout } from '@devp2p/clock';
import { EthError } from '@devp2p/eth';
import { checkRequiredBlock, type RequiredBlocks } from '../chain/required-blocks.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { Log, LogFields } from '../logging/log.ts';
import type { NodePeer } from './peers.ts';

/** Time limit for the response of a peer with a required block, in ms (`syncChallengeTimeout` of go-ethereum). */
const challengeTimeout = 15_000;

/** @see challenge */
export interface ChallengeOptions {
  readonly required: RequiredBlocks;
  readonly clock: Clock;
  readonly log: Log;
  /** Fields that name the peer in the log. */
  readonly who: LogFields;
}

/**
 * Requests each required block from a new peer. As in go-ethereum, a peer with another block at that number is
 * disconnected with `subprotocol-error`, one without a response in time with `useless-peer`; one that lacks the block
 * stays connected, since it may not be synced yet.
 */
export async function challenge(peer: NodePeer, options: ChallengeOptions): Promise<void> {
  await Promise.all([...options.required.keys()].map((number) => askFor(number, peer, options)));
}

async function askFor(number: number, peer: NodePeer, { required, clock, log, who }: ChallengeOptions): Promise<void> {
  try {
    const [header] = await withTimeout(clock, challengeTimeout, (signal) =>
      peer.eth.getHeaders({ origin: number, amount: 1 }, { signal }),
    );
    if (header === undefined) return;
    checkRequiredBlock(required, header);
    log.debug({ ...who, number }, 'peer has the required block');
  } catch (error) {
    if (error instanceof BlockError) {
      log.info({ ...who, error }, 'peer has another block than the required one');
      await peer.disconnect('subprotocol-error');
    } else if (!(error instanceof EthError) || error.code === 'timeout') {
      log.info({ ...who, number }, 'no response to the request for the required block');
      await peer.disconnect('useless-peer');
    }
    // Otherwise the peer has closed.
  }
}
