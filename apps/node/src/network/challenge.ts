import { type Clock, withTimeout } from '@devp2p/clock';
import { EthError } from '@devp2p/eth';
import { checkRequiredBlock, type RequiredBlocks } from '../chain/required-blocks.ts';
import { BlockError } from '../errors/chain-error.ts';
import type { Log, LogFields } from '../logging/log.ts';
import type { NodePeer } from './peers.ts';

/** How long a peer may take to show a required block, in ms (go-ethereum's `syncChallengeTimeout`). */
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
 * Asks a new peer for each required block. As in go-ethereum, a peer that has another block in its place is dropped
 * with `subprotocol-error`, one that does not answer in time with `useless-peer`, and one that lacks the block, since it
 * may not be synced yet, stays.
 */
export async function challenge(peer: NodePeer, options: ChallengeOptions): Promise<void> {
  await Promise.all([...options.required.keys()].map((number) => askFor(number, peer, options)));
}

async function askFor(
  number: number,
  peer: NodePeer,
  { required, clock, log, who }: ChallengeOptions,
): Promise<void> {
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
      log.info({ ...who, number }, 'peer does not say whether it has the required block');
      await peer.disconnect('useless-peer');
    }
    // Otherwise the peer has closed.
  }
}
