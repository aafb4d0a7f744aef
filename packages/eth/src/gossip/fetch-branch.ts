import { EthError } from '../error.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import type { SealedBlock } from '../types/block.ts';
import type { SealedHeader } from '../types/header.ts';
import type { BlockAnnouncement } from '../wire/messages.ts';

/** @see fetchBranch */
export interface BranchOptions {
  /** Most blocks to fetch. */
  readonly maxLength: number;
  /** Whether the parent of the block is known to be missing, so that ancestors are requested at once. */
  readonly needsAncestors: boolean;
  /** Whether a block can be the parent of another one. */
  readonly isKnown: (hash: Uint8Array) => Promise<boolean>;
  /** Checks a body against its header. */
  readonly checkBody: (header: SealedHeader, body: SealedBlock['body']) => boolean;
  readonly signal: AbortSignal;
}

/**
 * Fetches a block and its ancestors, down to one whose parent is known, from a peer.
 *
 * @returns the blocks, ascending; `missing` when the peer does not have them all, `too-long` when there are more
 * @throws EthError of the requests: a breach ends the peer
 */
export async function fetchBranch(
  eth: EthPeer,
  announced: BlockAnnouncement,
  options: BranchOptions,
): Promise<readonly SealedBlock[] | 'missing' | 'too-long'> {
  const headers = await fetchHeaders(eth, announced, options);
  if (typeof headers === 'string') return headers;
  const blocks: SealedBlock[] = [];
  while (blocks.length < headers.length) {
    const rest = headers.slice(blocks.length);
    const bodies = await eth.getBodies(
      rest.map(({ hash }) => hash),
      {
        verify: (body, index) => options.checkBody(rest[index] as SealedHeader, body),
        signal: options.signal,
      },
    );
    if (bodies.length === 0) return 'missing';
    for (const [i, body] of bodies.entries()) blocks.push({ header: rest[i] as SealedHeader, body });
  }
  return blocks;
}

/** Fetches the headers of the branch, ascending. */
async function fetchHeaders(
  eth: EthPeer,
  { hash, number }: BlockAnnouncement,
  { maxLength, needsAncestors, isKnown, signal }: BranchOptions,
): Promise<readonly SealedHeader[] | 'missing' | 'too-long'> {
  const branch: SealedHeader[] = [];
  let origin = hash;
  let amount = needsAncestors ? maxLength : 1;
  while (amount > 0) {
    const headers = await eth.getHeaders({ origin, amount, reverse: true }, { signal });
    const [first] = headers;
    if (first === undefined) return 'missing';
    if (branch.length === 0 && first.number !== number) {
      throw new EthError('invalid-block', `block ${first.number} was announced with number ${number}`);
    }
    for (const header of headers) {
      branch.unshift(header);
      if (await isKnown(header.parentHash)) return branch;
      origin = header.parentHash;
    }
    amount = maxLength - branch.length;
  }
  return 'too-long';
}
