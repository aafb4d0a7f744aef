import type { EthPeer } from '@devp2p/eth';
import { equalBytes } from '../chain/bytes.ts';
import type { SyncChain } from './chain.ts';
import type { SyncPeers } from './peers.ts';

/** A block to come to. */
export interface Target {
  /** 32 bytes. */
  readonly hash: Uint8Array;
  /** Where the peer said so. */
  readonly number?: number;
}

/**
 * Waits for a static peer whose best block is beyond ours. For development chains: elsewhere the consensus layer says
 * what the head is, and no peer is believed.
 *
 * @param onNone called once when static peers are there and none has anything that we lack
 */
export function bestTarget(
  chain: SyncChain,
  peers: SyncPeers,
  isRefused: (hash: Uint8Array) => boolean,
  onNone: () => void,
  signal: AbortSignal,
): Promise<Target> {
  return new Promise((resolve, reject) => {
    let looking = false;
    let again = false;
    let told = false;
    const finish = (outcome: () => void): void => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    const look = async (): Promise<void> => {
      again = true;
      if (looking) return;
      looking = true;
      try {
        while (again) {
          again = false;
          const { best, heard } = await choose(chain, peers, isRefused);
          if (best !== undefined) return finish(() => resolve(best));
          if (heard && !told) {
            told = true;
            onNone();
          }
        }
      } catch (error) {
        finish(() => reject(error));
      } finally {
        looking = false;
      }
    };
    const onAbort = (): void => finish(() => reject(signal.reason));
    const unsubscribe = peers.onChange(() => void look());
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    // Before, the best of the first to answer would be taken for the best of all.
    else void peers.staticsTried.then(look);
  });
}

async function choose(
  chain: SyncChain,
  peers: SyncPeers,
  isRefused: (hash: Uint8Array) => boolean,
): Promise<{ best: Target | undefined; heard: boolean }> {
  let best: { target: Target; weight: bigint } | undefined;
  const statics = peers.list().filter(({ isStatic }) => isStatic);
  for (const { eth } of statics) {
    const offer = await offerOf(eth, chain);
    if (offer === undefined || isRefused(offer.target.hash)) continue;
    if (best === undefined || offer.weight > best.weight) best = offer;
  }
  return { best: best?.target, heard: statics.length > 0 };
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
