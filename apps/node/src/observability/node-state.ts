import type { Incompatibility } from '../network/incompatible.ts';
import type { Missing } from '../sync/missing.ts';

/** Which blocks a peer says to have; on eth/68 nothing. */
export interface PeerRange {
  readonly id: string;
  readonly earliest?: number | undefined;
  readonly latest?: number | undefined;
}

/** What a node does, or what it waits for. */
export type NodeState =
  | { readonly name: 'closing' }
  | { readonly name: 'sync-failed'; readonly error: string }
  /** Blocks are coming. */
  | { readonly name: 'syncing' }
  /** It has come to the block that was named last. */
  | { readonly name: 'synced' }
  /** No peers, and none to dial. */
  | { readonly name: 'no-nodes-known'; readonly discovery: boolean }
  | { readonly name: 'no-peers'; readonly known: number }
  /** No peers, and those that were met are of other chains. */
  | {
      readonly name: 'other-chains';
      readonly count: number;
      readonly most: Incompatibility['of'];
    }
  /** Static nodes would name a head, and none is connected. */
  | { readonly name: 'no-static-peer'; readonly count: number }
  | { readonly name: 'no-consensus-client' }
  /** What the consensus client has named is invalid. */
  | { readonly name: 'head-refused'; readonly hash: string }
  /** There are peers, and nobody to say what to sync to. */
  | { readonly name: 'no-head-named'; readonly peers: number }
  /** A head is named, and no peer has it. */
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
  'syncing',
  'synced',
  'no-nodes-known',
  'no-peers',
  'other-chains',
  'no-static-peer',
  'no-consensus-client',
  'head-refused',
  'no-head-named',
  'head-not-found',
  'headers-missing',
  'bodies-missing',
  'receipts-missing',
];

/** What a state is told from. */
export interface NodeFacts {
  readonly closing: boolean;
  readonly failure: string | undefined;
  readonly peers: readonly PeerRange[];
  /** Nodes that the operator named, and how many of them are peers. */
  readonly statics: { readonly count: number; readonly connected: number };
  /** Addresses that could be dialled, static nodes not counted. */
  readonly known: number;
  readonly discovery: boolean;
  readonly incompatible: {
    readonly count: number;
    readonly most: Incompatibility['of'] | undefined;
  };
  /** Who names the block to sync to. */
  readonly namedBy: 'operator' | 'consensus-client' | 'static-peers';
  /** 0x-prefixed hash of the head that the consensus client has named, when it is invalid. */
  readonly refusedHead: string | undefined;
  readonly sync: {
    /** 0x-prefixed hash of the block to come to. */
    readonly target: string | undefined;
    readonly missing: Missing | undefined;
    /** ms since anything came. */
    readonly idleTime: number;
    /** Whether it has come to what was named. */
    readonly isInStep: boolean;
  };
}

/** With nothing received for so long, the sync waits. In ms. */
const stallTime = 10_000;

export function stateOf(facts: NodeFacts): NodeState {
  const { closing, failure, peers, sync } = facts;
  if (closing) return { name: 'closing' };
  if (failure !== undefined) return { name: 'sync-failed', error: failure };
  const { target, missing, idleTime } = sync;
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

function withoutTarget({ statics, namedBy, refusedHead, peers, sync }: NodeFacts): NodeState {
  if (namedBy === 'static-peers' && statics.connected === 0) {
    return statics.count > 0
      ? { name: 'no-static-peer', count: statics.count }
      : { name: 'no-head-named', peers: peers.length };
  }
  if (refusedHead !== undefined) return { name: 'head-refused', hash: refusedHead };
  if (sync.isInStep) return { name: 'synced' };
  // Static peers are being asked whether they have more than we.
  return { name: namedBy === 'consensus-client' ? 'no-consensus-client' : 'syncing' };
}

/** Whether the node can do nothing until something comes from outside. */
export function isWaiting({ name }: NodeState): boolean {
  return !['closing', 'sync-failed', 'syncing', 'synced'].includes(name);
}

const chainFlags = 'check --network, --genesis and --networkid';
const differences: Readonly<Record<Incompatibility['of'], { what: string; advice: string }>> = {
  network: { what: 'network id', advice: chainFlags },
  genesis: { what: 'genesis block', advice: chainFlags },
  fork: { what: 'fork id', advice: chainFlags },
  version: { what: 'eth version', advice: 'check --eth.versions' },
  protocol: { what: 'protocol', advice: 'they do not speak eth' },
};

/** Peers that a text names. */
const maxNamed = 3;

/** A state in one line: what it is, and what to do. */
export function stateText(state: NodeState): string {
  switch (state.name) {
    case 'closing':
    case 'syncing':
    case 'synced':
      return state.name;
    case 'sync-failed':
      return `sync failed: ${state.error}`;
    case 'no-nodes-known':
      return state.discovery
        ? 'no peers, and no nodes are found: name some with --bootnodes or --static'
        : 'no peers, and none to dial without discovery: name some with --static';
    case 'no-peers':
      return `no peers yet: ${state.known} known nodes are dialled in turn`;
    case 'other-chains': {
      const { what, advice } = differences[state.most];
      const count = state.count === 1 ? '1 node' : `${state.count} nodes`;
      return `no peers: ${count} met so far and refused, most for their ${what}: ${advice}`;
    }
    case 'no-static-peer':
      return `no static node is connected, of ${state.count}: what they have is synced to`;
    case 'no-consensus-client':
      return 'waiting for a consensus client to name a head: connect one to --authrpc.port';
    case 'head-refused':
      return `the head that the consensus client has named is invalid, ${state.hash}: waiting for another`;
    case 'no-head-named':
      return `${peersText(state.peers)}, but no block to sync to is named: give one with --sync.target, a node of yours with --static, or connect a consensus client to --authrpc.port`;
    case 'head-not-found':
      return `no peer has the block to sync to, ${state.hash}: ${peersText(state.peers)} asked`;
    case 'headers-missing':
    case 'bodies-missing':
    case 'receipts-missing': {
      const what = state.name === 'bodies-missing' ? 'body' : state.name.split('-', 1)[0];
      return `no peer has the ${what} of block ${state.number}: ${rangesText(state.peers)}; name a node that has it with --static, or others to find it with --bootnodes`;
    }
  }
}

function peersText(count: number): string {
  return count === 1 ? '1 peer' : `${count} peers`;
}

function rangesText(peers: readonly PeerRange[]): string {
  const named = peers.slice(0, maxNamed).map(({ id, earliest, latest }) => {
    return latest === undefined ? `${id} says nothing` : `${id} has ${earliest} to ${latest}`;
  });
  const more = peers.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
