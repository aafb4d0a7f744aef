import type { Clock } from '@devp2p/clock';
import { type BlockGossip, type BlockGossipEvent, createBlockGossip, type SealedBlock } from '@devp2p/eth';
import type { RandomBytes } from '@devp2p/random';
import type { Log } from '../../logging/log.ts';
import { shortId } from '../peer-id.ts';
import { createGossipChain, type ExchangedChain } from './gossip-chain.ts';

/** @see createNodeBlocks */
export interface NodeBlocksOptions {
  readonly chain: ExchangedChain;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** The exchange of new blocks of a node. */
export interface NodeBlocks {
  /** The option `blocks` of eth. */
  readonly gossip: BlockGossip;
  /**
   * Begins to import received blocks, as long as the function returns `true`.
   *
   * @param onBehind called when a peer has a better chain that has to be downloaded
   */
  follow(isFollowing: () => boolean, onBehind: () => void): void;
  /** Sends a block that this node has made. */
  broadcast(block: SealedBlock): void;
  close(): void;
}

/** Creates the exchange of new blocks of a node, which imports none before `follow` is called. */
export function createNodeBlocks({ chain, clock, random, log }: NodeBlocksOptions): NodeBlocks {
  let isFollowing = (): boolean => false;
  let onBehind = (): void => {};
  const gossip = createBlockGossip({
    chain: createGossipChain({ chain, clock, isFollowing: () => isFollowing() }),
    clock,
    random,
    onEvent(event) {
      logEvent(log, event, clock);
      if (event.type === 'behind') onBehind();
    },
  });
  return {
    gossip,
    follow(condition, listener) {
      isFollowing = condition;
      onBehind = listener;
    },
    broadcast: (block) => gossip.broadcast(block, chain.totalDifficulty),
    close: () => gossip.close(),
  };
}

function logEvent(log: Log, event: BlockGossipEvent, clock: Pick<Clock, 'now'>): void {
  const { number, hash, peer } = event;
  const fields = { number, hash, id: shortId(peer.id) };
  switch (event.type) {
    case 'imported':
      log.info({ ...fields, at: new Date(clock.now()).toISOString() }, 'block imported');
      return;
    case 'invalid':
      log.warn({ ...fields, reason: event.reason ?? 'other results of its execution' }, 'invalid block from a peer');
      return;
    case 'behind':
      log.debug(fields, 'block of a chain that is to be downloaded');
      return;
    case 'failed':
      log.error({ ...fields, error: event.error }, 'a block of a peer could not be imported');
      return;
  }
}
