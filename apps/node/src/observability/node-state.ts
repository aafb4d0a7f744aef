import { toHex } from '@devp2p/bytes';
import type { Incompatibility } from '../network/incompatible.ts';
import type { Missing } from '../sync/missing.ts';
import { type PeerHeadState, peerHeadText } from '../sync/peer-head.ts';

/** The range of blocks that a peer announces; without numbers on eth/68, which has no announcement. */
export interface PeerRange {
  readonly id: string;
  readonly earliest?: number | undefined;
  readonly latest?: number | undefined;
}

/** The activity of a node, or the reason for a wait. */
export type NodeState =
  | { readonly name: 'closing' }
  | { readonly name: 'sync-failed'; readonly error: string }
  /** Stored blocks are executed, up to `last`; see `LocalChain.catchUp`. */
  | { readonly name: 'executing'; readonly number: number; readonly last: number }
  /** Blocks are downloaded. */
  | { readonly name: 'syncing' }
  /** The chain has reached the last target, or the program makes its blocks. */
  | { readonly name: 'synced' }
  /** No peers, and no node to dial. */
  | { readonly name: 'no-nodes-known'; readonly discovery: boolean }
  | { readonly name: 'no-peers'; readonly known: number }
  /** No peers, and the nodes that were dialed or accepted are of other chains. */
  | {
      readonly name: 'other-chains';
      readonly count: number;
      readonly most: Incompatibility['of'];
    }
  /** The head is taken from static nodes, and none is connected. */
  | { readonly name: 'no-static-peer'; readonly count: number }
  | { readonly name: 'no-consensus-client' }
  /** The head from the consensus client, or that of the peers, is invalid. */
  | { readonly name: 'head-refused'; readonly hash: string; readonly from: 'consensus-client' | 'peers' }
  /** The head is taken from peers of several networks, and too few networks have peers. */
  | { readonly name: 'too-few-networks'; readonly required: number; readonly networks: number }
  /** The peers do not agree on a head. */
  | { readonly name: 'peers-disagree'; readonly reason: string }
  /** There are peers, but no block to sync to. */
  | { readonly name: 'no-head-named'; readonly peers: number }
  /** No peer has the head to sync to. */
  | { readonly name: 'head-not-found'; readonly hash: string; readonly peers: number }
  | {
      readonly name: 'headers-missing' | 'bodies-missing' | 'receipts-missing';
      readonly number: number;
      readonly peers: readonly PeerRange[];
    };

/** Names of all states. */
export const stateNames: readonly NodeState['name'][] = [
  'closing',
  'sync-failed',
  'executing',
  'syncing',
  'synced',
  'no-nodes-known',
  'no-peers',
  'other-chains',
  'no-static-peer',
  'no-consensus-client',
  'head-refused',
  'too-few-networks',
  'peers-disagree',
  'no-head-named',
  'head-not-found',
  'headers-missing',
  'bodies-missing',
  'receipts-missing',
];

/** Facts from which {@link stateOf} derives the state. */
export interface NodeFacts {
  readonly closing: boolean;
  readonly failure: string | undefined;
  /** Progress of the execution of stored blocks; `undefined` when it is done. */
  readonly catchUp: { readonly done: number; readonly last: number } | undefined;
  readonly peers: readonly PeerRange[];
  /** Number of static nodes, and how many of them are peers. */
  readonly statics: { readonly count: number; readonly connected: number };
  /** Addresses that can be dialed, without static nodes. */
  readonly known: number;
  readonly discovery: boolean;
  readonly incompatible: {
    readonly count: number;
    readonly most: Incompatibility['of'] | undefined;
  };
  /** The source of the block to sync to. */
  readonly targetSource: 'operator' | 'consensus-client' | 'peers' | 'static-peers' | 'longest-chain';
  /** Whether the program makes the blocks of the chain. @default false */
  readonly makesBlocks?: boolean | undefined;
  /** Of `peers`. */
  readonly peerHead?: PeerHeadState | undefined;
  /** 0x-prefixed hash of the head from the consensus client, if it is invalid. */
  readonly refusedHead: string | undefined;
  readonly sync: {
    /** 0x-prefixed hash of the block to sync to. */
    readonly target: string | undefined;
    readonly missing: Missing | undefined;
    /** Milliseconds since the sync received anything. */
    readonly idleTime: number;
    /** Whether the chain has reached the last target. */
    readonly isSynced: boolean;
  };
}

/** Time without received data after which a sync counts as waiting, in ms. */
const stallTime = 10_000;

export function stateOf(facts: NodeFacts): NodeState {
  const { closing, failure, catchUp, peers, sync } = facts;
  if (closing) return { name: 'closing' };
  if (failure !== undefined) return { name: 'sync-failed', error: failure };
  if (catchUp !== undefined) return { name: 'executing', number: catchUp.done, last: catchUp.last };
  const { target, missing, idleTime } = sync;
  if (facts.makesBlocks && target === undefined) return { name: 'synced' };
  if (peers.length === 0) return withoutPeers(facts);
  if (target === undefined) return withoutTarget(facts);
  if (missing === undefined || idleTime < stallTime) return { name: 'syncing' };
  return missing.what === 'head'
    ? { name: 'head-not-found', hash: target, peers: peers.length }
    : { name: `${missing.what}-missing`, number: missing.number, peers };
}

function withoutPeers({ incompatible, statics, known, discovery }: NodeFacts): NodeState {
  const { count, most } = incompatible;
  if (most !== undefined) return { name: 'other-chains', count, most };
  const all = known + statics.count;
  return all === 0 ? { name: 'no-nodes-known', discovery } : { name: 'no-peers', known: all };
}

function withoutTarget(facts: NodeFacts): NodeState {
  const { statics, targetSource, refusedHead, peers, peerHead, sync } = facts;
  if (targetSource === 'peers' && peerHead !== undefined) return ofPeerHead(peerHead, sync.isSynced);
  if (targetSource === 'static-peers' && statics.connected === 0) {
    return statics.count > 0
      ? { name: 'no-static-peer', count: statics.count }
      : { name: 'no-head-named', peers: peers.length };
  }
  if (refusedHead !== undefined) return { name: 'head-refused', hash: refusedHead, from: 'consensus-client' };
  if (sync.isSynced) return { name: 'synced' };
  // The heads of the static peers are being requested.
  return { name: targetSource === 'consensus-client' ? 'no-consensus-client' : 'syncing' };
}

function ofPeerHead(state: PeerHeadState, isSynced: boolean): NodeState {
  const { required, groups, agreed, isRefused } = state;
  if (groups < required) return { name: 'too-few-networks', required, networks: groups };
  if (agreed !== undefined && isRefused) {
    return { name: 'head-refused', hash: `0x${toHex(agreed.hash)}`, from: 'peers' };
  }
  if (agreed === undefined && state.disagreement !== undefined) {
    return { name: 'peers-disagree', reason: peerHeadText(state) };
  }
  return { name: isSynced ? 'synced' : 'syncing' };
}

/** Whether the node cannot continue without input from outside. */
export function isWaiting({ name }: NodeState): boolean {
  return !['closing', 'sync-failed', 'executing', 'syncing', 'synced'].includes(name);
}

const differences: Readonly<Record<Incompatibility['of'], string>> = {
  network: 'a different network id',
  genesis: 'a different genesis block',
  fork: 'an incompatible fork id',
  version: 'no eth version in common',
  protocol: 'no eth protocol',
};

/** Peers that a text names. */
const maxNamed = 3;

/** A state in one line. */
export function stateText(state: NodeState): string {
  switch (state.name) {
    case 'closing':
    case 'syncing':
    case 'synced':
      return state.name;
    case 'sync-failed':
      return `sync failed: ${state.error}`;
    case 'executing':
      return `executing stored blocks: ${state.number} of ${state.last}`;
    case 'no-nodes-known':
      return state.discovery
        ? 'no peers: discovery finds no nodes'
        : 'no peers: no nodes to dial, and discovery is off';
    case 'no-peers':
      return `no peers yet: dialing ${nodesText(state.known)}`;
    case 'other-chains':
      return `no peers: refused ${nodesText(state.count)}, most for ${differences[state.most]}`;
    case 'no-static-peer':
      return `waiting for a static node to sync from: none of ${state.count} is connected`;
    case 'no-consensus-client':
      return 'waiting for a consensus client to name a head';
    case 'head-refused':
      return `waiting for another head: the one from the ${state.from === 'peers' ? 'peers' : 'consensus client'}, ${state.hash}, is invalid`;
    case 'too-few-networks':
      return `waiting for peers in ${state.required} networks: there are peers in ${state.networks}`;
    case 'peers-disagree':
      return `no head: ${state.reason}`;
    case 'no-head-named':
      return `no block to sync to, with ${peersText(state.peers)}`;
    case 'head-not-found':
      return `none of ${peersText(state.peers)} has the block to sync to, ${state.hash}`;
    case 'headers-missing':
    case 'bodies-missing':
    case 'receipts-missing': {
      const part = state.name === 'bodies-missing' ? 'body' : state.name.split('-', 1)[0];
      return `no peer has the ${part} of block ${state.number}: ${rangesText(state.peers)}`;
    }
  }
}

function peersText(count: number): string {
  return count === 1 ? '1 peer' : `${count} peers`;
}

function nodesText(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}

function rangesText(peers: readonly PeerRange[]): string {
  const named = peers.slice(0, maxNamed).map(({ id, earliest, latest }) => {
    return latest === undefined ? `${id} reports no range` : `${id} has ${earliest} to ${latest}`;
  });
  const more = peers.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
