import type { Enr } from '@devp2p/enr';
import { enrSequence } from '../model/enr.ts';
import type { Endpoint, NodeRecord, Trust } from '../model/node-record.ts';
import type { EndpointCandidate, LocatedNode, ReportedNode, Source } from '../model/reported-node.ts';
import { type IdentityLimit, type IdentityLimits, sourceKey } from './identity-limits.ts';

/**
 * Result of a report: the node is `new`; it is known and is to be visited again now (`due`); it is known and needs
 * nothing (`known`); or it was refused because of a limit.
 */
export type ReportResult = 'new' | 'due' | 'known' | IdentityLimit;

/** Endpoints of one node that are tried, its current one included. */
const maxEndpoints = 4;

/** Reported nodes that wait until their source is no longer exhausted. */
const maxDeferred = 20_000;

/** Consecutive failures after which an endpoint is no longer trusted, even if it was verified or signed. */
const maxTrustedFailures = 3;

/** Shared empty list: there is one per node, and most are empty. */
const none: readonly never[] = [];

interface NodeState {
  trust: Trust;
  /** Sequence number of the newest known record. */
  seq: bigint | undefined;
  /** A newer record than the stored one. */
  newerRecord: Enr | undefined;
  /** Key of the current endpoint. */
  endpoint: string;
  /** Address that counts towards the limits; absent while there is no evidence that the node is there. */
  countedIp: string | undefined;
  /** Source that is charged for it; absent once the node has answered. */
  chargedSource: string | undefined;
  /** Whether it is being visited or changed. */
  isLocked: boolean;
  wasVisited: boolean;
  /** Whether it did not answer at its last visit. */
  isMissing: boolean;
  /** Keys of other endpoints that failed. */
  failedEndpoints: readonly string[];
  /** Other endpoints that were not tried yet. */
  candidates: readonly EndpointCandidate[];
}

/** A node that is refused until its source is no longer exhausted. */
export interface DeferredNode {
  readonly node: LocatedNode;
  readonly source: Source;
}

/** State of each node that is kept in memory during a crawl; everything else is in the store. */
export class KnownNodes {
  readonly #limits: IdentityLimits;
  readonly #nodes = new Map<string, NodeState>();
  readonly #deferred = new Map<string, DeferredNode[]>();
  #deferredCount = 0;

  constructor(limits: IdentityLimits) {
    this.#limits = limits;
  }

  /** Adds a node from the store. */
  restore(key: string, record: NodeRecord): void {
    const { endpoint, trust, visits, failures, lastSeen, relayedBy } = record;
    const isUnverified = record.origin === 'gossip' && lastSeen === undefined;
    const state = this.#add(key, endpoint, {
      trust,
      seq: enrSequence(record.enr),
      chargedSource: isUnverified ? relayedBy : undefined,
      countedIp: visits > 0 && isUnverified ? undefined : endpoint.ip,
    });
    state.wasVisited = visits > 0;
    state.isMissing = failures > 0 && (record.status === 'discovered' || record.status === 'tcp');
  }

  /**
   * Adds or updates a reported node.
   *
   * @param source the node that reported it; absent for a node from the user or a list
   */
  report(node: ReportedNode, source?: Source): ReportResult {
    const { key, endpoint, enr } = node;
    const state = this.#nodes.get(key);
    if (state) return updateState(state, node);
    // Without an address it cannot be visited.
    if (endpoint === undefined) return 'known';
    const charged = source && sourceKey(source.ip, source.key);
    const limit = this.#limits.exceeded(this.#nodes.size, endpoint.ip, charged);
    if (limit === 'source' && source && charged) {
      this.#defer(charged, { node: { ...node, endpoint }, source });
    }
    // Nodes from the user or a signed list are exempt from the limits of their neighborhood.
    if (limit !== undefined && (source !== undefined || limit === 'total')) return limit;
    this.#add(key, endpoint, {
      trust: enr !== undefined || source === undefined ? 'signed' : 'gossiped',
      seq: enr?.seq,
      chargedSource: charged,
      countedIp: endpoint.ip,
    });
    return 'new';
  }

  /** Locks a node until {@link update} or {@link forget}. Returns `false` if it is locked already. */
  lock(key: string): boolean {
    const state = this.#nodes.get(key);
    if (state === undefined) return true;
    const { isLocked } = state;
    state.isLocked = true;
    return !isLocked;
  }

  /** Returns a record of the node that is newer than the stored one, and forgets it. */
  takeNewerRecord(key: string): Enr | undefined {
    const state = this.#nodes.get(key);
    const newer = state?.newerRecord;
    if (state) state.newerRecord = undefined;
    return newer;
  }

  /** Returns the endpoint to try instead of a gossiped one, which is then a failed endpoint. */
  takeCandidate(key: string): EndpointCandidate | undefined {
    const state = this.#nodes.get(key);
    if (state === undefined) return undefined;
    const [candidate, ...rest] = state.candidates;
    if (candidate === undefined) return undefined;
    state.candidates = rest;
    state.failedEndpoints = [...state.failedEndpoints, state.endpoint];
    state.endpoint = endpointKey(candidate.endpoint);
    return candidate;
  }

  /** Returns the endpoints to try in addition to a verified or signed one, which they do not replace. */
  candidates(key: string): readonly EndpointCandidate[] {
    const state = this.#nodes.get(key);
    return state === undefined || state.trust === 'gossiped' ? none : state.candidates;
  }

  /**
   * Sets the endpoint from a newer record of the node.
   *
   * @param previous endpoint at which the node has answered, which stays a candidate
   */
  move(key: string, endpoint: Endpoint, previous: Endpoint | undefined): void {
    const state = this.#nodes.get(key);
    if (state === undefined) return;
    state.trust = 'signed';
    state.endpoint = endpointKey(endpoint);
    state.failedEndpoints = none;
    if (previous) addCandidate(state, { endpoint: previous });
  }

  /**
   * Updates a node after its record has changed, and unlocks it.
   *
   * @param visit for a visit: whether the node answered, and which candidates were tried
   * @returns deferred nodes that are accepted now
   */
  update(
    key: string,
    record: NodeRecord,
    visit?: { readonly wasFound: boolean; readonly tried: readonly EndpointCandidate[] },
  ): readonly DeferredNode[] {
    const state = this.#nodes.get(key);
    if (state === undefined) return [];
    state.isLocked = false;
    state.wasVisited = true;
    if (visit) state.isMissing = !visit.wasFound;
    updateCandidates(state, record.trust, visit);
    state.trust = record.trust;
    state.endpoint = endpointKey(record.endpoint);
    const seq = enrSequence(record.enr);
    if (seq !== undefined && seq > (state.seq ?? -1n)) state.seq = seq;
    const isUnverified = record.lastSeen === undefined && record.trust === 'gossiped';
    this.#countIp(state, isUnverified ? undefined : record.endpoint.ip);
    return record.lastSeen === undefined ? [] : this.#creditSource(state);
  }

  forget(key: string): void {
    const state = this.#nodes.get(key);
    if (state === undefined) return;
    this.#nodes.delete(key);
    this.#countIp(state, undefined);
    if (state.chargedSource !== undefined) this.#limits.credit(state.chargedSource);
  }

  #add(
    key: string,
    endpoint: Endpoint,
    counted: Pick<NodeState, 'trust' | 'seq' | 'chargedSource' | 'countedIp'>,
  ): NodeState {
    const state: NodeState = {
      ...counted,
      endpoint: endpointKey(endpoint),
      newerRecord: undefined,
      failedEndpoints: none,
      candidates: none,
      isLocked: false,
      wasVisited: false,
      isMissing: false,
    };
    this.#nodes.set(key, state);
    if (counted.countedIp !== undefined) this.#limits.addIp(counted.countedIp);
    if (counted.chargedSource !== undefined) this.#limits.charge(counted.chargedSource);
    return state;
  }

  #countIp(state: NodeState, ip: string | undefined): void {
    if (state.countedIp === ip) return;
    if (state.countedIp !== undefined) this.#limits.removeIp(state.countedIp);
    if (ip !== undefined) this.#limits.addIp(ip);
    state.countedIp = ip;
  }

  #creditSource(state: NodeState): readonly DeferredNode[] {
    const source = state.chargedSource;
    if (source === undefined) return [];
    state.chargedSource = undefined;
    this.#limits.credit(source);
    return this.#acceptDeferred(source);
  }

  #defer(source: string, deferred: DeferredNode): void {
    if (this.#deferredCount >= maxDeferred) return;
    const queue = this.#deferred.get(source);
    if (queue) queue.push(deferred);
    else this.#deferred.set(source, [deferred]);
    this.#deferredCount++;
  }

  #acceptDeferred(source: string): readonly DeferredNode[] {
    const queue = this.#deferred.get(source) ?? [];
    const accepted: DeferredNode[] = [];
    while (queue.length > 0 && !this.#limits.isExhausted(source)) {
      const [deferred] = queue.splice(0, 1);
      this.#deferredCount--;
      if (deferred && this.report(deferred.node, deferred.source) === 'new') {
        accepted.push(deferred);
      }
    }
    if (queue.length === 0) this.#deferred.delete(source);
    return accepted;
  }
}

/** Returns the trust in an endpoint after consecutive failed visits. */
export function trustAfterFailures(trust: Trust, failures: number): Trust {
  return failures >= maxTrustedFailures ? 'gossiped' : trust;
}

/**
 * Updates a known node from a report. A newer record replaces the known one regardless of its source, since the node
 * signed it. An unsigned endpoint does not replace a verified or signed one: it becomes a candidate.
 */
function updateState(state: NodeState, { endpoint, enr, fromUser = false }: ReportedNode): ReportResult {
  if (enr !== undefined && enr.seq > (state.seq ?? -1n)) {
    state.seq = enr.seq;
    state.newerRecord = enr;
    return state.isLocked ? 'known' : 'due';
  }
  if (endpoint === undefined || !addCandidate(state, { endpoint, fromUser })) return 'known';
  const isUseful = state.trust === 'gossiped' || state.isMissing || fromUser;
  return isUseful && state.wasVisited && !state.isLocked ? 'due' : 'known';
}

function updateCandidates(
  state: NodeState,
  trust: Trust,
  visit: { readonly wasFound: boolean; readonly tried: readonly EndpointCandidate[] } | undefined,
): void {
  if (visit?.wasFound) {
    state.failedEndpoints = none;
    state.candidates = none;
  } else if (state.trust !== 'gossiped' && trust === 'gossiped') {
    // The node may have moved to any endpoint, including those that failed before.
    state.failedEndpoints = none;
  } else if (visit && visit.tried.length > 0) {
    state.candidates = state.candidates.filter((candidate) => !visit.tried.includes(candidate));
    const failed = visit.tried.map(({ endpoint }) => endpointKey(endpoint));
    state.failedEndpoints = [...state.failedEndpoints, ...failed].slice(-maxEndpoints);
  }
}

/** Returns whether the endpoint is new. */
function addCandidate(state: NodeState, candidate: EndpointCandidate): boolean {
  const key = endpointKey(candidate.endpoint);
  const { endpoint, failedEndpoints, candidates, trust } = state;
  const isCandidate = candidates.some((known) => endpointKey(known.endpoint) === key);
  if (key === endpoint || failedEndpoints.includes(key) || isCandidate) return false;
  if (trust !== 'gossiped') {
    // The latest candidates are kept: the node may have left the others long ago.
    state.candidates = [candidate, ...candidates].slice(0, maxEndpoints - 1);
    return true;
  }
  // The first candidates are kept: each becomes the endpoint of the node until the node is found.
  const isFull = 1 + failedEndpoints.length + candidates.length >= maxEndpoints;
  if (isFull && !candidate.fromUser) return false;
  state.candidates = candidate.fromUser ? [candidate, ...candidates] : [...candidates, candidate];
  return true;
}

function endpointKey({ ip, udp, tcp }: Endpoint): string {
  return udp > 0 ? `${ip} ${udp}` : `${ip} tcp ${tcp}`;
}
