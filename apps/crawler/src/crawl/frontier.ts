import { toHex } from '@devp2p/bytes';
import type { Clock } from '@devp2p/clock';
import { formatEnr } from '@devp2p/enr';
import { enrEndpoint, enrSequence } from '../model/enr.ts';
import type { NodeRecord } from '../model/node-record.ts';
import {
  type EndpointCandidate,
  type LocatedNode,
  newNodeRecord,
  type ReportedNode,
  type Source,
} from '../model/reported-node.ts';
import { BatchWriter } from '../store/batch-writer.ts';
import type { CrawlBatch, CrawlSession, CrawlStore } from '../store/store.ts';
import { applyResult, type NextVisit, visitRecord } from '../visit/apply-result.ts';
import type { VisitResult } from '../visit/visit-result.ts';
import { Funnel } from './funnel.ts';
import type { IdentityLimit, IdentityLimits } from './identity-limits.ts';
import { KnownNodes, trustAfterFailures } from './known-nodes.ts';

/** Collaborators of the frontier. */
export interface FrontierContext {
  readonly store: CrawlStore;
  readonly clock: Clock;
  readonly limits: IdentityLimits;
}

/** Further values of a completed visit. */
export interface Completion {
  readonly next: NextVisit;
  /** Candidates that were passed to the visit. */
  readonly candidates: readonly EndpointCandidate[];
  /** The session, when its rollup is due. */
  readonly session?: CrawlSession | undefined;
}

/** Consecutive failures after which a node that never answered is removed, about two hours after the first one. */
const maxFailures = 8;

/** Milliseconds without an answer after which a node that answered before, or is in a DNS list, is removed. */
const maxSilence = 30 * 24 * 3_600_000;

/** Set of nodes to visit: accepts reported nodes, leases those that are due, and stores the results of visits. */
export class Frontier {
  readonly #context: FrontierContext;
  readonly #known: KnownNodes;
  readonly #writer: BatchWriter;
  readonly #refused = new Map<IdentityLimit, number>();
  #unvisited = 0;
  readonly #writes = new Set<Promise<void>>();
  /** Leased nodes that this crawl does not visit again. */
  readonly #skipped = new Map<string, NodeRecord>();
  /** Lower bound of the due time of all nodes that are not leased; 0 when it is unknown. */
  #nextDue = 0;

  readonly funnel: Funnel = new Funnel();
  /** Keys of nodes to visit again soon: their dial was postponed, or they have another endpoint to try. */
  readonly revisits: Set<string> = new Set();
  /** Called when a node is due, and when all writes are complete. */
  onChange: () => void = () => undefined;
  /** Called when the store fails. */
  onFailure: (error: unknown) => void = () => undefined;

  private constructor(context: FrontierContext) {
    this.#context = context;
    this.#writer = new BatchWriter(context.store);
    this.#known = new KnownNodes(context.limits);
  }

  /** Creates a frontier from the nodes in the store. */
  static async open(context: FrontierContext): Promise<Frontier> {
    const frontier = new Frontier(context);
    for await (const record of context.store.nodes()) {
      const key = toHex(record.id);
      frontier.#known.restore(key, record);
      if (isDialPostponed(record)) frontier.revisits.add(key);
      frontier.funnel.add(record);
      if (record.visits === 0) frontier.#unvisited++;
    }
    return frontier;
  }

  /** Number of nodes that were never visited. */
  get unvisited(): number {
    return this.#unvisited;
  }

  /** Number of refused reports, by limit. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused);
  }

  /** Whether the store contains all changes. */
  get isFlushed(): boolean {
    return this.#writes.size === 0;
  }

  /**
   * Adds the nodes of one response or list.
   *
   * @param source the node that reported them; absent for nodes from the user or a list
   * @returns the number of nodes that are new, or have a new endpoint to try now
   */
  report(nodes: readonly ReportedNode[], origin: NodeRecord['origin'], source?: Source): number {
    const created: NodeRecord[] = [];
    let due = 0;
    for (const node of nodes) {
      const result = this.#known.report(node, source);
      const { endpoint } = node;
      if (result === 'new' && endpoint) {
        created.push(this.#create({ ...node, endpoint }, origin, source));
      } else if (result === 'due') {
        due++;
        this.#track(this.#revisit(node));
      } else if (result !== 'known' && result !== 'new') {
        this.#refused.set(result, (this.#refused.get(result) ?? 0) + 1);
      }
    }
    if (created.length > 0) this.#commit({ nodes: created });
    return created.length + due;
  }

  /**
   * Leases up to `limit` nodes that are due, until {@link complete} or {@link postpone}.
   *
   * @param unvisitedSince skips nodes that were visited after this time, except {@link revisits}
   */
  async lease(limit: number, unvisitedSince: number = Number.POSITIVE_INFINITY): Promise<NodeRecord[]> {
    const { store, clock } = this.#context;
    const leased = await store.lease(clock.now(), limit);
    const nodes = leased.filter((record) => {
      const key = toHex(record.id);
      const { lastVisit = Number.NEGATIVE_INFINITY } = record;
      const isSkipped = lastVisit >= unvisitedSince && !this.revisits.has(key);
      if (isSkipped) this.#skipped.set(key, record);
      // A locked node is about to be written, which makes it due again.
      return !isSkipped && this.#known.lock(key);
    });
    const mayHaveMore = nodes.length === 0 && leased.length === limit;
    return mayHaveMore ? this.lease(limit, unvisitedSince) : nodes;
  }

  /** Ends the leases of the nodes that {@link lease} skipped. */
  releaseSkipped(): void {
    const nodes = [...this.#skipped.values()];
    this.#skipped.clear();
    if (nodes.length > 0) this.#commit({ nodes });
  }

  /** Ends the lease of a node without a visit; its next visit is at `after.dueAt`. */
  postpone(before: NodeRecord, after: NodeRecord): void {
    const key = toHex(before.id);
    const record = this.#withNewerRecord(key, after) ?? after;
    this.#known.update(key, record);
    this.funnel.replace(before, record);
    if (before.visits === 0 && record.visits > 0) this.#unvisited--;
    this.#commit({ nodes: [record] });
  }

  /** Returns the endpoints to try if a node does not answer at its own. */
  candidates(key: string): readonly EndpointCandidate[] {
    return this.#known.candidates(key);
  }

  /** Stores the result of a visit and ends the lease. */
  complete(before: NodeRecord, result: VisitResult, { next, candidates, session }: Completion): void {
    const now = this.#context.clock.now();
    const key = toHex(before.id);
    const after = applyResult(before, result, next, now);
    if (result.dialDelay > 0) this.revisits.add(key);
    else this.revisits.delete(key);
    if (before.visits === 0) this.#unvisited--;
    const renewed = this.#withNewerRecord(key, after);
    if (renewed === undefined && isGone(after, now)) {
      this.#known.forget(key);
      this.funnel.remove(before);
      this.#commit({ removed: [before.id], ...(session && { session }) });
      return;
    }
    const wasFound = result.steps.some(({ step }) => step === 'bonded' || step === 'authenticated');
    const trust = wasFound ? after.trust : trustAfterFailures(after.trust, after.failures);
    const record = renewed ?? this.#withNextCandidate(key, { ...after, trust });
    const tried = result.dialDelay > 0 ? [] : candidates;
    const accepted = this.#known.update(key, record, { wasFound, tried });
    this.funnel.replace(before, record);
    const created = accepted.map(({ node, source }) => this.#create(node, 'gossip', source));
    const { neighbors } = result;
    this.#commit({
      nodes: [record, ...created],
      visits: [visitRecord(before.id, result)],
      ...(neighbors.length > 0 && { neighbors: [{ id: record.id, neighbors }] }),
      ...(session && { session }),
    });
  }

  /** Returns the time at which a node may be due, unless {@link onChange} is called before; `Infinity` without one. */
  async nextDue(): Promise<number> {
    const { store, clock } = this.#context;
    if (this.#nextDue <= clock.now()) {
      // Commits during the query lower the bound.
      this.#nextDue = Number.POSITIVE_INFINITY;
      this.#nextDue = Math.min((await store.nextDue()) ?? this.#nextDue, this.#nextDue);
    }
    return this.#nextDue;
  }

  /** Resolves when the store contains all changes. */
  async flush(): Promise<void> {
    await Promise.all(this.#writes);
  }

  /** Stores a session. */
  save(session: CrawlSession): Promise<void> {
    return this.#writer.commit({ session });
  }

  #create(node: LocatedNode, origin: NodeRecord['origin'], source?: Source): NodeRecord {
    const record = newNodeRecord(node, origin, this.#context.clock.now(), source);
    this.funnel.add(record);
    this.#unvisited++;
    return record;
  }

  /** Returns a node with its newer signed record, due now; `undefined` without a newer one. */
  #withNewerRecord(key: string, record: NodeRecord): NodeRecord | undefined {
    const newer = this.#known.takeNewerRecord(key);
    if (newer === undefined || newer.seq <= (enrSequence(record.enr) ?? -1n)) return undefined;
    const endpoint = enrEndpoint(newer, record.endpoint);
    // The new record may be wrong, so an endpoint from which the node has answered stays a candidate.
    this.#known.move(key, endpoint, record.lastSeen === undefined ? undefined : record.endpoint);
    const enr = formatEnr(newer);
    return this.#dueNow(key, { ...record, endpoint, enr, trust: 'signed', failures: 0 });
  }

  /** Returns a node with the next candidate as its endpoint, due now, if its current one is gossiped and failed. */
  #withNextCandidate(key: string, record: NodeRecord): NodeRecord {
    if (record.trust !== 'gossiped' || record.failures === 0) return record;
    const candidate = this.#known.takeCandidate(key);
    if (candidate === undefined) return record;
    const { endpoint, fromUser } = candidate;
    const trust = fromUser ? 'signed' : record.trust;
    return this.#dueNow(key, { ...record, endpoint, trust, failures: record.failures - 1 });
  }

  #dueNow(key: string, record: NodeRecord): NodeRecord {
    this.revisits.add(key);
    return { ...record, dueAt: this.#context.clock.now() };
  }

  /** Makes a known node due after a report with a newer record or another endpoint. */
  async #revisit({ key, id }: ReportedNode): Promise<void> {
    if (!this.#known.lock(key)) return;
    // Pending writes may contain this node.
    await this.#writer.commit({});
    const before = await this.#context.store.get(id);
    if (before === undefined) return this.#known.forget(key);
    const hasCandidates = this.#known.candidates(key).length > 0;
    const after =
      this.#withNewerRecord(key, before) ??
      (hasCandidates ? this.#dueNow(key, before) : this.#withNextCandidate(key, before));
    this.#skipped.delete(key);
    this.#known.update(key, after);
    this.funnel.replace(before, after);
    this.#commit({ nodes: [after] });
  }

  #commit(batch: CrawlBatch): void {
    const dueTimes = batch.nodes?.map(({ dueAt }) => dueAt) ?? [];
    this.#nextDue = Math.min(this.#nextDue, ...dueTimes);
    const isDue = dueTimes.some((dueAt) => dueAt <= this.#context.clock.now());
    this.#track(this.#writer.commit(batch), isDue);
  }

  #track(work: Promise<void>, isDue = false): void {
    const done = (): void => {
      this.#writes.delete(write);
      if (isDue || this.isFlushed) this.onChange();
    };
    const write = work.catch((error: unknown) => this.onFailure(error)).then(done);
    this.#writes.add(write);
  }
}

/** Whether the last visit did everything except the dial. */
function isDialPostponed({ endpoint, status, error }: NodeRecord): boolean {
  return status === 'bonded' && endpoint.tcp > 0 && error === undefined;
}

/** Whether a node is to be removed from the store. */
function isGone(record: NodeRecord, now: number): boolean {
  const { firstSeen, origin, failures, lastVisit = 0 } = record;
  if (origin === 'bootnode' || failures < maxFailures) return false;
  // A DNS list would report a removed node again at once, as if it had never been visited.
  const { lastSeen = origin === 'dns' ? firstSeen : undefined } = record;
  return lastSeen === undefined ? lastVisit > 0 : now - lastSeen > maxSilence;
}
