import { equalBytes, toHex } from '@devp2p/bytes';
import type { SealedHeader } from '../types/header.ts';

/** New blocks of a chain, and the blocks that they replace. */
export interface BranchChange {
  /** Ascending. */
  readonly added: readonly SealedHeader[];
  /** Descending. */
  readonly removed: readonly SealedHeader[];
}

/**
 * Chooses the branch to follow: up to the highest block that is not on the chain yet and that enough peers have. A block
 * counts for each peer that reports it.
 *
 * @param chain the last blocks of the chain, ascending; empty at the start
 * @param reports headers of each peer, ascending and linked
 * @param quorum peers that must have a block
 * @returns `undefined` when no block has the quorum, or when its branch does not begin on the chain
 */
export function chooseBranch(
  chain: readonly SealedHeader[],
  reports: readonly (readonly SealedHeader[])[],
  quorum: number,
): BranchChange | undefined {
  const own = new Map(chain.map((header, index) => [toHex(header.hash), index]));
  const found = new Map<string, { readonly header: SealedHeader; count: number }>();
  for (const report of reports) {
    for (const header of report) {
      const key = toHex(header.hash);
      if (own.has(key)) continue;
      const entry = found.get(key);
      if (entry === undefined) found.set(key, { header, count: 1 });
      else entry.count++;
    }
  }
  const [best] = [...found.values()]
    .filter(({ count }) => count >= quorum)
    .sort((a, b) => b.header.number - a.header.number || b.count - a.count);
  if (best === undefined) return undefined;
  const added: SealedHeader[] = [];
  let next: SealedHeader | undefined = best.header;
  let parent: number | undefined;
  while (next !== undefined) {
    added.unshift(next);
    const parentKey: string = toHex(next.parentHash);
    parent = own.get(parentKey);
    next = parent === undefined ? found.get(parentKey)?.header : undefined;
  }
  if (chain.length === 0) return { added, removed: [] };
  if (parent === undefined) return undefined;
  return { added, removed: chain.slice(parent + 1).toReversed() };
}

/** Whether headers of a peer begin on a chain. */
export function isOnChain(chain: readonly SealedHeader[], [first]: readonly SealedHeader[]): boolean {
  if (first === undefined) return true;
  return chain.some(({ hash }) => equalBytes(hash, first.hash) || equalBytes(hash, first.parentHash));
}
