import { toHex } from '@devp2p/bytes';
import type { CanonicalChain } from '../chain/interfaces.ts';
import type { ReportProgress } from '../logging/progress.ts';
import type { Peers } from '../network/peers.ts';
import type { CountedBlock } from '../sync/head-votes.ts';
import { type PeerHead, type PeerHeadState, peerHeadText } from '../sync/peer-head.ts';
import type { Sync } from '../sync/sync.ts';
import type { Pool, PoolStatus } from '../txpool/interfaces.ts';
import { isWaiting, type NodeState, stateText } from './node-state.ts';

/** How far one phase of a sync is. */
interface PhaseProgress {
  readonly done: number;
  readonly total: number;
}

/** How far the sync is. */
export interface SyncProgress {
  readonly report: ReportProgress;
  /** Phases under way, by name. */
  phases(): Readonly<Record<string, PhaseProgress>>;
}

/** Blocks of a disagreement that are shown. */
const maxShown = 8;

/** Keeps the reported progress, and forwards it. */
export function trackProgress(report: ReportProgress): SyncProgress {
  const phases = new Map<string, PhaseProgress>();
  return {
    report(phase, done, total, amounts) {
      if (done < total) phases.set(phase, { done, total });
      else phases.delete(phase);
      report(phase, done, total, amounts);
    },
    phases: () => Object.fromEntries(phases),
  };
}

/** Response of `/health`. */
export interface Health {
  /** Whether the node does its work: it is not closing, and its sync can go on. */
  readonly healthy: boolean;
  /** `waiting`: progress depends on an event outside of the node, see `state`. */
  readonly status: 'ok' | 'waiting' | 'closing' | 'sync-failed';
  /** The activity or the reason for a wait; `text` is for the operator. */
  readonly state: NodeState & { readonly text: string };
  readonly peers: { readonly inbound: number; readonly outbound: number };
  /** The chain's last block. */
  readonly head: { readonly number: number; readonly hash: string };
  readonly sync: {
    /** Whether blocks are to be downloaded. */
    readonly running: boolean;
    /** Hash of the block to sync to. */
    readonly target?: string;
    readonly phases: Readonly<Record<string, PhaseProgress>>;
  };
  /** Numbers of pooled transactions; absent for a node without a pool. */
  readonly pool?: PoolStatus;
  /** The head on which peers agree, with `--head.peers`. */
  readonly peerHead?: PeerHeadHealth;
}

/** @see Health.peerHead */
interface PeerHeadHealth {
  /** Networks that have to serve a head, and those of the connected peers. */
  readonly required: number;
  readonly networks: number;
  readonly agreed?: CountedBlockHealth;
  /** Different blocks with one number. */
  readonly disagreement?: readonly CountedBlockHealth[];
  /** For the operator. */
  readonly text: string;
}

interface CountedBlockHealth {
  readonly number: number;
  readonly hash: string;
  readonly networks: number;
}

/** The parts of a node that its health is read from. */
export interface WatchedNode {
  readonly peers: Peers;
  readonly chain: Pick<CanonicalChain, 'head'>;
  readonly sync: Sync;
  readonly progress: SyncProgress;
  readonly state: () => NodeState;
  readonly peerHead?: Pick<PeerHead, 'state'> | undefined;
  readonly pool?: Pick<Pool, 'status'> | undefined;
}

/** @returns a function that reads the health of the node */
export function watchHealth(node: WatchedNode): () => Health {
  return () => {
    const { head } = node.chain;
    const { target } = node.sync;
    const state = node.state();
    const { name } = state;
    const isOver = name === 'closing' || name === 'sync-failed';
    return {
      healthy: !isOver,
      status: isOver ? name : isWaiting(state) ? 'waiting' : 'ok',
      state: { ...state, text: stateText(state) },
      peers: countPeers(node.peers),
      head: { number: head.number, hash: `0x${toHex(head.hash)}` },
      sync: {
        running: target !== undefined,
        ...(target !== undefined && { target: `0x${toHex(target.hash)}` }),
        phases: node.progress.phases(),
      },
      ...(node.pool && { pool: node.pool.status }),
      ...(node.peerHead && { peerHead: peerHeadHealth(node.peerHead.state) }),
    };
  };
}

function peerHeadHealth(state: PeerHeadState): PeerHeadHealth {
  const { required, groups, agreed, disagreement } = state;
  return {
    required,
    networks: groups,
    ...(agreed && { agreed: counted(agreed) }),
    ...(disagreement && { disagreement: disagreement.blocks.slice(0, maxShown).map(counted) }),
    text: peerHeadText(state),
  };
}

function counted({ number, hash, groups }: CountedBlock): CountedBlockHealth {
  return { number, hash: `0x${toHex(hash)}`, networks: groups };
}

/** Peers by direction. */
function countPeers(peers: Peers): { inbound: number; outbound: number } {
  const all = peers.list();
  const inbound = all.filter((peer) => peer.inbound).length;
  return { inbound, outbound: all.length - inbound };
}
