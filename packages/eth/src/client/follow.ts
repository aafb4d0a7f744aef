import { type Clock, sleep, systemClock } from '@devp2p/clock';
import { abortSignal, func, integer, methods, positive, type Rules } from '@devp2p/options';
import { createRandomSource, type RandomBytes, randomBytes } from '@devp2p/random';
import { checkOption } from '../check.ts';
import type { EthPeer } from '../peer/eth-peer.ts';
import type { SealedHeader } from '../types/header.ts';
import { chooseBranch, isOnChain } from './follow-branch.ts';

/** A new block of the followed chain. */
export interface FollowedHead {
  readonly header: SealedHeader;
  /**
   * Blocks that are not part of the chain any more, the highest first: those that this block and the ones before it
   * replace. Empty unless the chain is reorganized.
   */
  readonly removed: readonly SealedHeader[];
}

/** Options of {@link follow}. Times in ms. */
export interface FollowOptions {
  /** Number of the first block. @default the current head */
  readonly from?: number | undefined;
  /** Time between two rounds of requests. @default 4000, a third of a slot */
  readonly interval?: number | undefined;
  /** Time for a response; a peer on another branch is asked up to three times in a round. @default 3000 */
  readonly timeout?: number | undefined;
  /** Peers that are asked in a round, chosen at random. @default 8 */
  readonly maxPeers?: number | undefined;
  /** Peers that must have a block. @default more than half of those that respond in the round */
  readonly quorum?: number | undefined;
  /** Ends the iteration, which rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** @default systemClock */
  readonly clock?: Clock | undefined;
  /** Source of the choice of peers. @default a cryptographically secure source */
  readonly random?: RandomBytes | undefined;
}

/** Blocks that are kept to recognize a reorganization: two epochs until finality, and some. */
const maxReorg = 256;
/** Blocks below the head from which headers are requested, and from which they are if a peer is on another branch. */
const overlaps = [2, 32, maxReorg];
const maxHeaders = 192;

const rules: Rules<FollowOptions> = {
  from: integer(0),
  interval: positive,
  timeout: positive,
  maxPeers: integer(1),
  quorum: integer(1),
  signal: abortSignal,
  clock: methods('monotonic', 'setTimeout'),
  random: func,
};

/**
 * Follows the head of a chain by the headers of peers, without a consensus client: iterates over each new block, with the
 * blocks that it replaces in a reorganization of up to 256 blocks.
 *
 * Peers are believed: the blocks are linked and those that most of them report, but neither their proofs of stake nor
 * their transactions are checked. Peers of an attacker can make the caller follow a chain of their own.
 *
 * @param peers are read again before each round, so that it can be a set that changes
 * @throws EthError `invalid-option`
 */
export async function* follow(
  peers: Iterable<EthPeer>,
  options: FollowOptions = {},
): AsyncGenerator<FollowedHead, never, undefined> {
  checkOption.options('follow', options, rules);
  const { interval = 4000, quorum, signal, clock = systemClock } = options;
  const { timeout = 3000, maxPeers = 8 } = options;
  const random = createRandomSource(options.random ?? randomBytes);
  let chain: SealedHeader[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const asked = pick([...peers], maxPeers, (limit) => random.below(limit));
    const all = await Promise.all(asked.map((peer) => request(peer, chain, options.from, { timeout, signal })));
    const reports = all.filter((report) => report !== undefined);
    const change = chooseBranch(chain, reports, quorum ?? Math.floor(reports.length / 2) + 1);
    if (change === undefined) {
      await sleep(clock, interval, { signal });
      continue;
    }
    const { added, removed } = change;
    chain = [...chain.slice(0, chain.length - removed.length), ...added].slice(-maxReorg - 1);
    for (const [i, header] of added.entries()) yield { header, removed: i === 0 ? removed : [] };
    if (added.length < maxHeaders / 2) await sleep(clock, interval, { signal });
  }
}

/** Some of the items in random order. */
function pick<T>(items: T[], count: number, below: (limit: number) => number): T[] {
  const picked: T[] = [];
  while (picked.length < count && items.length > 0) picked.push(...items.splice(below(items.length), 1));
  return picked;
}

/** Requests the last headers of a peer. @returns `undefined` when it does not respond */
async function request(
  peer: EthPeer,
  chain: readonly SealedHeader[],
  from: number | undefined,
  options: { readonly timeout: number; readonly signal: AbortSignal | undefined },
): Promise<readonly SealedHeader[] | undefined> {
  const head = chain.at(-1)?.number;
  try {
    if (head === undefined) {
      const { latestHash } = peer.range ?? (await peer.status);
      const headers = await peer.getHeaders({ origin: from ?? latestHash, amount: maxHeaders }, options);
      return from === undefined ? headers.slice(-1) : headers;
    }
    for (const overlap of overlaps) {
      const origin = Math.max(head - overlap, chain[0]?.number ?? 0);
      const headers = await peer.getHeaders({ origin, amount: head - origin + maxHeaders }, options);
      if (isOnChain(chain, headers)) return headers;
    }
    return [];
  } catch {
    options.signal?.throwIfAborted();
    return undefined;
  }
}
