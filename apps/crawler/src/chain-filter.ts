import type { EthStatus } from './node-record.ts';

/** The chain that is asked for. What is left out is not asked for; without any of it, every chain is ours. */
export interface ChainFilter {
  readonly networkId?: bigint | undefined;
  /** 32 bytes. */
  readonly genesis?: Uint8Array | undefined;
  /** Fork id; without `next`, any next fork will do. */
  readonly forkId?: { readonly hash: number; readonly next?: bigint | undefined } | undefined;
}

/** Whether a Status is of the chain that is asked for. */
export function isOnChain(filter: ChainFilter, { networkId, genesis, forkId }: EthStatus): boolean {
  const { hash, next } = filter.forkId ?? {};
  return (
    (filter.networkId ?? networkId) === networkId &&
    (filter.genesis?.every((byte, i) => byte === genesis[i]) ?? true) &&
    (hash ?? forkId.hash) === forkId.hash &&
    (next ?? forkId.next) === forkId.next
  );
}
