import { setMaxListeners } from 'node:events';
import { toHex } from '@devp2p/bytes';
import { type Clock, sleep, withTimeout } from '@devp2p/clock';
import { EthError, type EthPeer } from '@devp2p/eth';
import type { Log } from '../logging/log.ts';
import type { SyncChain } from './chain.ts';
import { type CountedBlock, countVotes, type Disagreement, type HeadVote } from './head-votes.ts';
import type { SyncPeer, SyncPeers } from './peers.ts';
import type { Target } from './target.ts';

/** The head on which peers agree, and the reason for its absence. */
export interface PeerHeadState {
  /** Network groups that have to serve a head. */
  readonly required: number;
  /** Network groups of the connected peers. */
  readonly groups: number;
  readonly agreed: CountedBlock | undefined;
  readonly disagreement: Disagreement | undefined;
  /** Whether the agreed block is known to be invalid. */
  readonly isRefused: boolean;
}

/** @see createPeerHead */
export interface PeerHeadOptions {
  /** Network groups that have to announce and serve a head. */
  readonly required: number;
  readonly chain: Pick<SyncChain, 'numberOf'>;
  readonly peers: Pick<SyncPeers, 'list' | 'onChange'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** @see PeerHead.next */
export interface NextHeadOptions {
  /** Whether the block with the hash is known to be invalid. */
  readonly isRefused: (hash: Uint8Array) => boolean;
  /** Called once when the peers agree on a block of the chain. */
  readonly onNone: () => void;
  readonly signal: AbortSignal;
}

/**
 * The head without a consensus layer: the highest block that peers of enough network groups announce and serve. It is
 * trusted that fewer groups than that collude, since nothing but their number proves a head.
 */
export interface PeerHead {
  readonly state: PeerHeadState;
  /** Waits until the peers agree on a head that is not on the chain. */
  next(options: NextHeadOptions): Promise<Target>;
}

/** Time between two rounds of requests, in ms, and the least time between two. */
const roundInterval = 5_000;
const minInterval = 1_000;
/** Groups that are asked in one round. */
const maxGroups = 64;
/** Headers of a request: below the announced head, and in all. Peers announce every 32 blocks (EIP-7642). */
const below = 64;
const requestSize = 192;
/** Heights at which agreement is looked for in one round, from the highest one that enough groups announce. */
const maxWindows = 4;

const noState = { groups: 0, agreed: undefined, disagreement: undefined, isRefused: false };

export function createPeerHead({ required, chain, peers, clock, log }: PeerHeadOptions): PeerHead {
  let state: PeerHeadState = { ...noState, required };
  /** The highest block that a peer has served. */
  const served = new WeakMap<EthPeer, number>();
  let reported = '';

  const report = (next: PeerHeadState): void => {
    state = next;
    const { disagreement } = next;
    const key = disagreement?.blocks.map(({ hash, groups }) => `${toHex(hash)} ${groups}`).join() ?? '';
    if (key === reported) return;
    reported = key;
    if (disagreement !== undefined) log.warn({ number: disagreement.number }, peerHeadText(next));
    else log.info({ groups: next.groups }, 'the peers agree on a head again');
  };

  const headersFrom = async ({ eth }: SyncPeer, origin: number | Uint8Array, amount: number, signal: AbortSignal) => {
    try {
      const headers = await eth.getHeaders({ origin, amount }, { signal });
      const last = headers.at(-1)?.number;
      if (last !== undefined) served.set(eth, Math.max(last, served.get(eth) ?? 0));
      return headers;
    } catch (error) {
      // A timeout, or a disconnected peer: others may respond.
      if (!(error instanceof EthError)) throw error;
      return [];
    }
  };

  /** Number of the head that a peer announces. */
  const announced = async (peer: SyncPeer, signal: AbortSignal): Promise<number> => {
    const { eth } = peer;
    const known = Math.max(eth.range?.latest ?? 0, served.get(eth) ?? 0);
    if (known > 0) return known;
    const status = await eth.status;
    const [header] = await headersFrom(peer, status.latestHash, 1, signal);
    return header?.number ?? 0;
  };

  const round = async (signal: AbortSignal): Promise<PeerHeadState> => {
    const groups = onePerGroup(peers.list()).slice(0, maxGroups);
    const nothing = { ...noState, required, groups: groups.length };
    if (groups.length < required) return nothing;
    const heads = await Promise.all(groups.map(({ peer }) => announced(peer, signal)));
    const sorted = [...heads].sort((a, b) => b - a).slice(required - 1);
    let disagreement: Disagreement | undefined;
    for (const top of windowsOf(sorted)) {
      const first = Math.max(0, top - below);
      const votes = await Promise.all(
        groups.map(
          async ({ group, peer }): Promise<HeadVote> => ({
            group,
            headers: await headersFrom(peer, first, requestSize, signal),
          }),
        ),
      );
      const count = countVotes(votes, required);
      disagreement ??= count.disagreement;
      if (count.agreed !== undefined) return { ...nothing, agreed: count.agreed, disagreement };
    }
    return { ...nothing, disagreement };
  };

  return {
    get state() {
      return state;
    },
    async next({ isRefused, onNone, signal }) {
      // One request to each group at a time.
      setMaxListeners(0, signal);
      let wake = (): void => {};
      const unsubscribe = peers.onChange(() => wake());
      try {
        for (let isReported = false; ; ) {
          signal.throwIfAborted();
          const changed = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const found = await round(signal);
          const { agreed } = found;
          report({ ...found, isRefused: agreed !== undefined && isRefused(agreed.hash) });
          if (agreed !== undefined && !state.isRefused) {
            if ((await chain.numberOf(agreed.hash)) === undefined) return { hash: agreed.hash, number: agreed.number };
            if (!isReported) onNone();
            isReported = true;
          }
          await sleep(clock, minInterval, { signal });
          await withTimeout(clock, roundInterval - minInterval, () => changed, { signal }).catch(() => {});
        }
      } finally {
        unsubscribe();
      }
    },
  };
}

interface GroupPeer {
  readonly group: string;
  readonly peer: SyncPeer;
}

/** One peer of each network group: the one that announces the highest block. */
function onePerGroup(peers: readonly SyncPeer[]): GroupPeer[] {
  const best = new Map<string, SyncPeer>();
  for (const peer of peers) {
    const { group } = peer;
    if (group === undefined) continue;
    const other = best.get(group);
    if (other === undefined || (peer.eth.range?.latest ?? 0) > (other.eth.range?.latest ?? 0)) best.set(group, peer);
  }
  return [...best].map(([group, peer]) => ({ group, peer }));
}

/** Announced heads that are so far apart that no request covers two. @param heads descending */
function windowsOf(heads: readonly number[]): number[] {
  const windows: number[] = [];
  for (const head of heads) {
    const last = windows.at(-1);
    if (last === undefined || last - head > below) windows.push(head);
  }
  return windows.slice(0, maxWindows);
}

/** The state in one line. */
export function peerHeadText({ required, groups, agreed, disagreement, isRefused }: PeerHeadState): string {
  const networks = (count: number): string => (count === 1 ? '1 network' : `${count} networks`);
  if (groups < required) return `the head needs peers in ${networks(required)}, and there are peers in ${groups}`;
  const parts: string[] = [];
  if (disagreement !== undefined) {
    const blocks = disagreement.blocks.slice(0, 3).map(({ hash, groups: count }) => {
      return `0x${toHex(hash).slice(0, 16)}… of ${networks(count)}`;
    });
    parts.push(`peers disagree about block ${disagreement.number}: ${blocks.join(', ')}`);
  }
  if (agreed === undefined) parts.push(`no block has ${networks(required)}`);
  else parts.push(`${networks(agreed.groups)} have block ${agreed.number}${isRefused ? ', which is invalid' : ''}`);
  return parts.join('; ');
}
