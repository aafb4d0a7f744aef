import { checkForkId, type ForkSchedule } from '@devp2p/eth';
import type { EthStatus } from './node-record.ts';

/** The chain that is asked for. What is left out is not asked for; without any of it, every chain is ours. */
export interface ChainFilter {
  readonly networkId?: bigint | undefined;
  /** 32 bytes. */
  readonly genesis?: Uint8Array | undefined;
  /** Fork id; without `next`, any next fork will do. */
  readonly forkId?: { readonly hash: number; readonly next?: bigint | undefined } | undefined;
  /**
   * Forks of the chain, for which its genesis must be given too: a node may be at any of them, but not at one of
   * another chain with the same genesis.
   */
  readonly forks?: ForkSchedule | undefined;
}

/** Whether a Status is of the chain that is asked for. */
export function isOnChain(filter: ChainFilter, { networkId, genesis, forkId }: EthStatus): boolean {
  const { hash, next } = filter.forkId ?? {};
  return (
    (filter.networkId ?? networkId) === networkId &&
    (filter.genesis?.every((byte, i) => byte === genesis[i]) ?? true) &&
    (hash ?? forkId.hash) === forkId.hash &&
    (next ?? forkId.next) === forkId.next &&
    mayFollow(filter, forkId)
  );
}

/** By the rules of EIP-2124, as a node that is still at the genesis would see it. */
function mayFollow({ genesis, forks }: ChainFilter, remote: EthStatus['forkId']): boolean {
  if (genesis === undefined || forks === undefined) return true;
  return (
    checkForkId(genesis, forks, { number: 0, time: forks.genesisTime ?? 0 }, remote) === undefined
  );
}
