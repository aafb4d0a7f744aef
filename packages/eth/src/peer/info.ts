import type { Chain } from '../server/chain.ts';
import { hex } from '../types/show-fields.ts';
import type { BlockRange } from '../wire/messages.ts';

/** Form of the node in `admin_nodeInfo`, under `protocols.eth`. */
export interface EthNodeInfo {
  /** Network id. Above 2 ** 53 − 1 it is rounded, as by every JavaScript reader of JSON. */
  readonly network: number;
  /** Hash of the genesis block, 0x-prefixed hex. */
  readonly genesis: string;
  /** The `config` object of genesis.json; absent when it is not known. */
  readonly config?: unknown;
  /** Hash of the head, 0x-prefixed hex. */
  readonly head: string;
}

/** Form of a peer in `admin_peers`, under `protocols.eth`. */
export interface EthPeerInfo {
  readonly version: number;
  readonly earliestBlock?: number;
  readonly latestBlock?: number;
  /** 0x-prefixed hex. */
  readonly latestBlockHash?: string;
}

/**
 * Describes the node.
 *
 * @param config the `config` object of the chain's genesis.json, if it is known
 */
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
