import { equalBytes } from '@devp2p/bytes';
import { type Clock, withTimeout } from '@devp2p/clock';
import { EthError, type EthPeer } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';
import type { SyncChain } from './chain.ts';
import type { SyncPeer, SyncPeers } from './peers.ts';
import type { Target } from './target.ts';

/** @see staticTarget */
export interface StaticTargetOptions {
  readonly chain: SyncChain;
  readonly peers: SyncPeers;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the block with the hash is known to be invalid. */
  readonly isRefused: (hash: Uint8Array) => boolean;
  /**
   * Whether the best blocks of all peers are targets, for nodes that exchange new blocks. One that is a few blocks above the
   * head is a target only if the exchange does not deliver it. @default false
   */
  readonly followsAll?: boolean | undefined;
  /** Whether the first peer that connected is followed, of those with a better block, in place of the best one. @default false */
  readonly followsFirst?: boolean | undefined;
  /** Called once when such peers are connected and none of them has a better block. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/** A best block, and the peer that has reported it. */
export interface StaticTarget extends Target {
  readonly source: SyncPeer;
}

/**
 * Time between requests for the header after the head, in ms: peers announce their range every 32 blocks only
 * (EIP-7642), and on eth/68 not at all.
 */
const pollInterval = 5_000;
/** Headers of such a request: more than a poll interval adds to a chain. */
const pollHeaders = 192;
/** Blocks above the head that the exchange of new blocks delivers. */
const maxExchanged = 32;

/**
 * Waits for a static peer, or any peer, with a better block than the head. This is for development chains: on others the consensus
 * layer chooses the head, since a best block that a peer reports is not proven.
 */
export async function staticTarget(options: StaticTargetOptions): Promise<StaticTarget> {
  const { peers, clock, followsAll = false, onNone, signal } = options;
  let wake = (): void => {};
  let tried = false;
  const unsubscribe = peers.onChange(() => wake());
  // Earlier, the best block of the first peer would be taken for the best of all.
  void peers.staticsTried.then(() => {
    tried = true;
    wake();
  });
  try {
    let head = options.chain.head.hash;
    /** Monotonic time of the last block of the exchange. */
    let exchangedAt = Number.NEGATIVE_INFINITY;
    for (let isReported = false; ; ) {
      signal.throwIfAborted();
      if (!equalBytes(head, options.chain.head.hash)) {
        head = options.chain.head.hash;
        exchangedAt = clock.monotonic();
      }
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const followed = peers.list().filter(({ isStatic }) => isStatic || followsAll);
      if (tried && followed.length > 0) {
        const isExchanging = followsAll && clock.monotonic() - exchangedAt < pollInterval;
        const best =
          (await announcedBlock(followed, isExchanging ? maxExchanged : 0, options)) ??
          (isExchanging ? undefined : await nextBlock(followed, options));
        if (best !== undefined) return best;
        if (!isReported) onNone();
        isReported = true;
      }
      await withTimeout(clock, pollInterval, () => changed, { signal }).catch(() => {});
    }
  } finally {
    unsubscribe();
  }
}

/** The best block that peers have announced, or the first one, if it is more than `lead` blocks above the head. */
async function announcedBlock(
  peers: readonly SyncPeer[],
  lead: number,
  { chain, isRefused, followsFirst }: StaticTargetOptions,
): Promise<StaticTarget | undefined> {
  let best: { target: StaticTarget; weight: bigint } | undefined;
  for (const source of peers) {
    const block = await betterBlockOf(source.eth, chain);
    if (block === undefined || isRefused(block.target.hash) || block.weight <= lead) continue;
    const { target, weight } = block;
    if (best === undefined || weight > best.weight) best = { target: { ...target, source }, weight };
    if (followsFirst) break;
  }
  return best?.target;
}

/** A block after the head that one of the peers has. */
async function nextBlock(
  peers: readonly SyncPeer[],
  { chain, isRefused, signal }: StaticTargetOptions,
): Promise<StaticTarget | undefined> {
  for (const source of peers) {
    const query = { origin: chain.head.number + 1, amount: pollHeaders };
    try {
      const last = (await source.eth.getHeaders(query, { signal })).at(-1);
      if (last !== undefined && !isRefused(last.hash)) return { hash: last.hash, number: last.number, source };
    } catch (error) {
      // A timeout, or a disconnected peer: the next one may respond.
      if (!(error instanceof EthError)) throw error;
    }
  }
  return undefined;
}

/** A peer's best block, if it is better than the head, and by how much, in blocks or in difficulty. */
async function betterBlockOf(eth: EthPeer, chain: SyncChain): Promise<{ target: Target; weight: bigint } | undefined> {
  if (eth.range !== undefined) {
    const { latest: number, latestHash: hash } = eth.range;
    if (number <= chain.head.number) return undefined;
    return { target: { hash, number }, weight: BigInt(number - chain.head.number) };
  }
  const status = await eth.status;
  if (!('totalDifficulty' in status)) return undefined;
  const { latestHash: hash, totalDifficulty } = status;
  const weight = totalDifficulty - chain.totalDifficulty;
  // After the merge the difficulty is constant, so an unknown hash is the only sign of a better block.
  if (weight < 0n || equalBytes(hash, chain.head.hash)) return undefined;
  return (await chain.numberOf(hash)) === undefined ? { target: { hash }, weight } : undefined;
}
