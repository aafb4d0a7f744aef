import { optional, type Param } from '../transport/api.ts';
import { data, parameter, safeQuantity } from './hex.ts';

/** Names of blocks that move with the chain. */
const tags = ['earliest', 'latest', 'safe', 'finalized', 'pending'] as const;
export type BlockTag = (typeof tags)[number];

/** A block as a caller names it: a tag, a number or a hash. */
export type BlockId = BlockTag | number | Uint8Array;

/** A block whose state is read. @param requireCanonical whether a side block is refused (EIP-1898) */
export type StateBlockId = BlockTag | number | { readonly hash: Uint8Array; readonly requireCanonical: boolean };

const number = parameter(safeQuantity);
const hash = parameter(data(32));

/** A block number or a tag. Throws an `Error` with the expected form. */
export function blockNumber(value: unknown): BlockTag | number {
  const tag = tags.find((known) => known === value);
  if (tag !== undefined) return tag;
  try {
    return number(value);
  } catch (error) {
    throw new Error(`${(error as Error).message}, or one of ${tags.join(', ')}`);
  }
}

export function blockHash(value: unknown): Uint8Array {
  return hash(value);
}

/** A block number, a tag, a hash, or either of the latter two in an object (EIP-1898). */
export function blockId(value: unknown): BlockId {
  if (typeof value === 'string') return value.length === 66 ? hash(value) : blockNumber(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return blockNumber(value);
  const { blockHash, blockNumber: named } = value as Record<string, unknown>;
  if ((blockHash === undefined) === (named === undefined)) {
    throw new Error('expected one of blockHash and blockNumber');
  }
  return blockHash === undefined ? blockNumber(named) : hash(blockHash);
}

/** As {@link blockId}, with `requireCanonical` beside a hash. */
function readStateBlockId(value: unknown): StateBlockId {
  const id = blockId(value);
  if (!(id instanceof Uint8Array)) return id;
  const { requireCanonical = false } = (typeof value === 'object' ? value : {}) as { requireCanonical?: unknown };
  if (typeof requireCanonical !== 'boolean') throw new Error('requireCanonical: expected true or false');
  return { hash: id, requireCanonical };
}

/** An optional parameter that names the block whose state is read. */
export const stateBlockId: Param<StateBlockId | undefined> = optional(readStateBlockId);
