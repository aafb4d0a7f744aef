import type { Chain } from '../server/chain.ts';
import type { BlockRange } from '../wire/messages.ts';

/** The node as `admin_nodeInfo` shows it under `protocols.eth`. */
export interface EthNodeInfo {
  /** Network id; one above 2 ** 53 − 1 is rounded, as any JavaScript reader of JSON would. */
  readonly network: number;
  /** Hash of the genesis block, 0x-prefixed hex. */
  readonly genesis: string;
  /** The chain's fork rules as genesis.json has them; left out when there is none. */
  readonly config?: unknown;
  /** Hash of the head, 0x-prefixed hex. */
  readonly head: string;
}

/** A peer as `admin_peers` shows it under `protocols.eth`. */
export interface EthPeerInfo {
  readonly version: number;
  readonly earliestBlock?: number;
  readonly latestBlock?: number;
  /** 0x-prefixed hex. */
  readonly latestBlockHash?: string;
}

/** @param config the `config` object of the chain's genesis.json, if it is at hand */
export function nodeInfo(chain: Chain, config?: unknown): EthNodeInfo {
  return {
    network: Number(chain.networkId),
    genesis: hex(chain.genesisHash),
    ...(config === undefined ? {} : { config }),
    head: hex(chain.range().latestHash),
  };
}

export function peerInfo(version: number, range: BlockRange | undefined): EthPeerInfo {
  if (range === undefined) return { version };
  return {
    version,
    earliestBlock: range.earliest,
    latestBlock: range.latest,
    latestBlockHash: hex(range.latestHash),
  };
}

/** 0x-prefixed. */
export function hex(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
