import { equalBytes } from '@devp2p/bytes';
import type { SealedHeader } from '@devp2p/eth';
import type { BlockRef } from '../storage/schema.ts';
import type { CanonicalChain, HeaderReader } from './interfaces.ts';

/** The parts of the chain in which ancestors are looked up. */
export type AncestryChain = Pick<CanonicalChain, 'numberOf'> & Pick<HeaderReader, 'headerByHash'>;

/**
 * A stored block, if it is an ancestor of another one or that one itself.
 *
 * @param descendant a canonical block, or a side block whose ancestors are stored
 */
export async function ancestorOf(
  chain: AncestryChain,
  hash: Uint8Array,
  descendant: BlockRef,
): Promise<BlockRef | undefined> {
  const header = await chain.headerByHash(hash);
  if (header === undefined || header.number > descendant.number) return undefined;
  const ancestor = { number: header.number, hash: header.hash };
  let at: BlockRef = descendant;
  while (at.number > header.number && (await chain.numberOf(at.hash)) === undefined) {
    const side = await chain.headerByHash(at.hash);
    if (side === undefined) return undefined;
    at = { number: side.number - 1, hash: side.parentHash };
  }
  if (at.number === header.number) return equalBytes(at.hash, header.hash) ? ancestor : undefined;
  return (await chain.numberOf(header.hash)) === undefined ? undefined : ancestor;
}

/** The headers from a stored block back to the one with the number, the highest first; fewer where one is not stored. */
export async function headersDownTo(
  { headerByHash }: Pick<HeaderReader, 'headerByHash'>,
  hash: Uint8Array,
  number: number,
): Promise<SealedHeader[]> {
  const headers: SealedHeader[] = [];
  let header = await headerByHash(hash);
  while (header !== undefined && header.number >= number) {
    headers.push(header);
    header = header.number === 0 ? undefined : await headerByHash(header.parentHash);
  }
  return headers;
}
