import { equalBytes } from '@devp2p/bytes';
import { checkForkId, type ForkSchedule } from '@devp2p/eth';
import type { EthStatus } from './node-record.ts';

/** The requested chain. Fields that are absent match any value. */
export interface ChainFilter {
  readonly networkId?: bigint | undefined;
  /** 32 bytes. */
  readonly genesis?: Uint8Array | undefined;
  /** Fork id; without `next`, any next fork matches. */
  readonly forkId?: { readonly hash: number; readonly next?: bigint | undefined } | undefined;
  /**
   * Forks of the chain, which need `genesis`: a node at any of them matches, a node on another chain with the same
   * genesis does not.
   */
  readonly forks?: ForkSchedule | undefined;
}

/** Whether a Status is on the requested chain. */
export function isOnChain(filter: ChainFilter, { networkId, genesis, forkId }: EthStatus): boolean {
  const { hash, next } = filter.forkId ?? {};
  return (
    (filter.networkId ?? networkId) === networkId &&
    (filter.genesis === undefined || equalBytes(filter.genesis, genesis)) &&
    (hash ?? forkId.hash) === forkId.hash &&
    (next ?? forkId.next) === forkId.next &&
    isInSchedule(filter, forkId)
  );
}

/** Applies the rules of EIP-2124 with the local head at genesis, where every later fork of the schedule is valid. */
function isInSchedule({ genesis, forks }: ChainFilter, remote: EthStatus['forkId']): boolean {
  if (genesis === undefined || forks === undefined) return true;
  return checkForkId(genesis, forks, { number: 0, time: forks.genesisTime ?? 0 }, remote) === undefined;
}
