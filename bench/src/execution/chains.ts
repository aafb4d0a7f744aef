import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reader } from '@devp2p/rlp';
import type { ChainName, SuiteName } from '../go.ts';

/** A chain that is imported, and how it is measured. */
export interface ImportChain {
  /** Name of the case. */
  readonly name: string;
  readonly chain: ChainName | SuiteName;
  /** Unit of the figures: blocks, or gas where blocks differ in it. */
  readonly count: 'blocks' | 'gas';
  /** Blocks that `@ethereumjs/vm` executes before its first slice, and in each slice. */
  readonly slow: { readonly warmUp: number; readonly slice: number };
}

export const importChains: readonly ImportChain[] = [
  { name: 'import-transfers', chain: 'transfers', count: 'blocks', slow: { warmUp: 12, slice: 8 } },
  { name: 'import-mixed', chain: 'mixed', count: 'blocks', slow: { warmUp: 16, slice: 10 } },
  { name: 'import-arithmetic', chain: 'arithmetic', count: 'gas', slow: { warmUp: 1, slice: 1 } },
  { name: 'import-keccak', chain: 'keccak', count: 'gas', slow: { warmUp: 1, slice: 1 } },
  { name: 'import-storage', chain: 'storage', count: 'gas', slow: { warmUp: 4, slice: 2 } },
  { name: 'import-suite', chain: 'suite5', count: 'blocks', slow: { warmUp: 300, slice: 40 } },
  { name: 'import-suite10', chain: 'suite10', count: 'blocks', slow: { warmUp: 0, slice: 0 } },
];

/** The folders of chains by the names of their cases, from arguments `NAME=COUNT=FOLDER`. */
export function chainFolders(chains: readonly string[]): ReadonlyMap<string, string> {
  return new Map(chains.map((argument) => argument.split('=').filter((_, index) => index !== 1) as [string, string]));
}

/** The last block of a chain. */
export interface ChainHead {
  readonly number: number;
  /** Hex with 0x. */
  readonly hash: string;
}

export function readHead(folder: string): ChainHead {
  return JSON.parse(readFileSync(join(folder, 'head.json'), 'utf8')) as ChainHead;
}

/** The blocks of a chain as RLP, the first is number 1. */
export function readBlocks(folder: string): Uint8Array[] {
  const reader = new Reader(readFileSync(join(folder, 'chain.rlp')));
  const blocks: Uint8Array[] = [];
  while (!reader.done) blocks.push(reader.item());
  return blocks;
}
