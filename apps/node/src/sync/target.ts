import { equalBytes } from '@devp2p/bytes';
import { type Clock, withTimeout } from '@devp2p/clock';
import { EthError, type EthPeer } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';
import type { SyncChain } from './chain.ts';
import type { SyncPeer, SyncPeers } from './peers.ts';

/** A block to come to. */
export interface Target {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Where the peer said so. */
  readonly number?: number;
}

/** @see bestTarget */
export interface TargetOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the block with the hash was found to be invalid. */
  readonly isRefused: (hash: Uint8Array) => boolean;
  /** Called once when static peers are there and none has anything that we lack. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/**
 * Peers tell of their head every 32 blocks (EIP-7642), on eth/68 never: so often they are asked whether a block follows
 * ours, in ms.
 */
const pollInterval = 5_000;
/** Headers to ask for then: a poll's worth of blocks is fewer. */
const pollHeaders = 192;

/**
 * Waits for a static peer whose best block is beyond ours. For development chains: elsewhere the consensus layer says
 * what the head is, and no peer is believed.
 */
export async function bestTarget(options: TargetOptions): Promise<Target> {
  const { peers, clock, onNone, signal } = options;
  let wake = (): void => {};
  let tried = false;
  const unsubscribe = peers.onChange(() => wake());
  // Before, the best of the first to answer would be taken for the best of all.
  void peers.staticsTried.then(() => {
    tried = true;
    wake();
  });
  try {
    for (let told = false; ; ) {
      signal.throwIfAborted();
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const statics = peers.list().filter(({ isStatic }) => isStatic);
      if (tried && statics.length > 0) {
        const best = (await announced(statics, options)) ?? (await asked(statics, options));
        if (best !== undefined) return best;
        if (!told) onNone();
        told = true;
      }
      await withTimeout(clock, pollInterval, () => changed, { signal }).catch(() => {});
    }
  } finally {
    unsubscribe();
  }
}

/** The best block that peers have told of by themselves. */
async function announced(
  peers: readonly SyncPeer[],
  { chain, isRefused }: TargetOptions,
): Promise<Target | undefined> {
  let best: { target: Target; weight: bigint } | undefined;
  for (const { eth } of peers) {
    const offer = await offerOf(eth, chain);
    if (offer === undefined || isRefused(offer.target.hash)) continue;
    if (best === undefined || offer.weight > best.weight) best = offer;
  }
  return best?.target;
}

/** A block that follows our head at one of the peers. */
async function asked(
  peers: readonly SyncPeer[],
  { chain, isRefused, signal }: TargetOptions,
): Promise<Target | undefined> {
  for (const { eth } of peers) {
    const query = { origin: chain.head.number + 1, amount: pollHeaders };
    try {
      const last = (await eth.getHeaders(query, { signal })).at(-1);
      if (last !== undefined && !isRefused(last.hash)) return last;
    } catch (error) {
      // The peer is slow, or ends because of it: there may be another.
      if (!(error instanceof EthError)) throw error;
    }
  }
  return undefined;
}

/** The peer's best block, if it is beyond ours, and how far beyond it is, in blocks or in difficulty. */
async function offerOf(
  eth: EthPeer,
  chain: SyncChain,
): Promise<{ target: Target; weight: bigint } | undefined> {
  if (eth.range !== undefined) {
    const { latest: number, latestHash: hash } = eth.range;
    if (number <= chain.head.number) return undefined;
    return { target: { hash, number }, weight: BigInt(number - chain.head.number) };
  }
  const status = await eth.status;
  if (!('totalDifficulty' in status)) return undefined;
  const { latestHash: hash, totalDifficulty } = status;
  const weight = totalDifficulty - chain.totalDifficulty;
  // After the merge difficulty stands still, and a hash that we do not have is all there is to go by.
  if (weight < 0n || equalBytes(hash, chain.head.hash)) return undefined;
  return (await chain.numberOf(hash)) === undefined ? { target: { hash }, weight } : undefined;
}
