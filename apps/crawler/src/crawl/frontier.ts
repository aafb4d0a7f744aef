import type { Clock } from '@devp2p/clock';
import { formatEnr, toHex } from '@devp2p/enr';
import type { Hint, Located, Named, Source } from '../model/named-node.ts';
import type { NodeRecord, Visit } from '../model/node-record.ts';
import { endpointOf, sequenceOf } from '../model/own-record.ts';
import type { CrawlBatch, CrawlSession, CrawlStore } from '../store/store.ts';
import { WriteBehind } from '../store/write-behind.ts';
import { Funnel } from './funnel.ts';
import type { IdentityLimit, IdentityLimits } from './identity-limits.ts';
import { KnownNodes, trustAfter } from './known-nodes.ts';

/** What {@link Frontier} works with. */
export interface FrontierParts {
  readonly store: CrawlStore;
  readonly clock: Clock;
  readonly limits: IdentityLimits;
}

/** What a visit adds to the store beside the record. */
export interface Found {
  readonly visit: Visit;
  /** Places besides its own at which the node was looked for. */
  readonly tried?: readonly Hint[] | undefined;
  readonly neighbours: readonly Uint8Array[];
  /** If it is time to keep the session. */
  readonly session?: CrawlSession | undefined;
}

/** Failures in a row after which a node that never answered is forgotten; the last is some two hours after the first. */
const forgetAfter = 8;

/** ms without an answer after which a node that did answer once, or that a list names, is forgotten. */
const forgetAge = 30 * 24 * 3_600_000;

/** Whom to visit: takes in what is named, gives out what is due, and keeps what is found. */
export class Frontier {
  readonly #parts: FrontierParts;
  readonly #known: KnownNodes;
  readonly #writes: WriteBehind;
  readonly #refused = new Map<IdentityLimit, number>();
  #unvisited = 0;
  readonly #writing = new Set<Promise<void>>();
  /** Leased, and to be left alone. */
  readonly #done = new Map<string, NodeRecord>();
  /** Nobody who is not leased is due before, as far as is known; 0 when nothing is. */
  #nextDue = 0;

  readonly funnel: Funnel = new Funnel();
  /** Keys of those who are to be visited once more soon: their address has to rest, or they are looked for elsewhere. */
  readonly awaited: Set<string> = new Set();
  /** Called when there is something new to visit, or all that was to be written is. */
  onNews: () => void = () => undefined;
  /** Called when the store has failed. */
  onFailure: (error: unknown) => void = () => undefined;

  private constructor(parts: FrontierParts) {
    this.#parts = parts;
    this.#writes = new WriteBehind(parts.store);
    this.#known = new KnownNodes(parts.limits);
  }

  /** Goes on from what is in the store. */
  static async open(parts: FrontierParts): Promise<Frontier> {
    const frontier = new Frontier(parts);
    for await (const record of parts.store.nodes()) {
      const key = toHex(record.id);
      frontier.#known.restore(key, record);
      if (isPostponed(record)) frontier.awaited.add(key);
      frontier.funnel.add(record);
      if (record.visits === 0) frontier.#unvisited++;
    }
    return frontier;
  }

  /** Nodes that have never been visited. */
  get unvisited(): number {
    return this.#unvisited;
  }

  /** How often a node was not taken in, by the limit. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused);
  }

  /** Whether the store is up to date, so that what it does not have to give out is not there. */
  get isSettled(): boolean {
    return this.#writing.size === 0;
  }

  /** Whether nothing that this node names would be taken in. */
  isSpent(source: Source): boolean {
    return this.#known.isSpent(source);
  }

  /**
   * Takes in the nodes of one answer or list.
   *
   * @param source - the node that names them; without one, `origin` says whose word it is.
   * @returns how many are new, or newly at another place.
   */
  hear(nodes: readonly Named[], origin: NodeRecord['origin'], source?: Source): number {
    const fresh: NodeRecord[] = [];
    let moved = 0;
    for (const named of nodes) {
      const reception = this.#known.hear(named, source);
      const { endpoint } = named;
      if (reception === 'new' && endpoint) {
        fresh.push(this.#firstRecord({ ...named, endpoint }, origin, source));
      } else if (reception === 'moved') {
        moved++;
        this.#write(this.#relocate(named));
      } else if (reception !== 'known' && reception !== 'new') {
        this.#refused.set(reception, (this.#refused.get(reception) ?? 0) + 1);
      }
    }
    if (fresh.length > 0) this.#commit({ nodes: fresh });
    return fresh.length + moved;
  }

  /**
   * Up to `limit` nodes that are due; nobody else gets them until `end` or `postpone`.
   *
   * @param unvisitedSince - leaves those out who were visited after that time, unless they are awaited.
   */
  async lease(
    limit: number,
    unvisitedSince: number = Number.POSITIVE_INFINITY,
  ): Promise<NodeRecord[]> {
    const { store, clock } = this.#parts;
    const leased = await store.lease(clock.now(), limit);
    const taken = leased.filter((record) => {
      const key = toHex(record.id);
      const { lastVisit = Number.NEGATIVE_INFINITY } = record;
      const isDone = lastVisit >= unvisitedSince && !this.awaited.has(key);
      if (isDone) this.#done.set(key, record);
      // One that is about to be written is due again as soon as it is.
      return !isDone && this.#known.begin(key);
    });
    const mayBeMore = taken.length === 0 && leased.length === limit;
    return mayBeMore ? this.lease(limit, unvisitedSince) : taken;
  }

  /** Gives back who was left out of a lease. */
  release(): void {
    const nodes = [...this.#done.values()];
    this.#done.clear();
    if (nodes.length > 0) this.#commit({ nodes });
  }

  /** Gives a leased node back as it should be; it is not visited before its `dueAt`. */
  postpone(before: NodeRecord, after: NodeRecord): void {
    const key = toHex(before.id);
    const record = this.#renewed(key, after) ?? after;
    this.#known.end(key, record);
    this.funnel.replace(before, record);
    if (before.visits === 0 && record.visits > 0) this.#unvisited--;
    this.#commit({ nodes: [record] });
  }

  /** Where else a node may be, to be asked if it is not at its place. */
  hints(key: string): readonly Hint[] {
    return this.#known.hints(key);
  }

  /** A visit is over. */
  end(
    before: NodeRecord,
    after: NodeRecord,
    { visit, tried = [], neighbours, session }: Found,
  ): void {
    const { clock } = this.#parts;
    const key = toHex(before.id);
    if (before.visits === 0) this.#unvisited--;
    const renewed = this.#renewed(key, after);
    if (renewed === undefined && isGone(after, clock.now())) {
      this.#known.forget(key);
      this.funnel.remove(before);
      this.#commit({ removed: [before.id], ...(session && { session }) });
      return;
    }
    const there = isThere(visit);
    const trust = there ? after.trust : trustAfter(after.trust, after.failures);
    const record = renewed ?? this.#elsewhere(key, { ...after, trust });
    const called = this.#known.end(key, record, { isThere: there, tried });
    this.funnel.replace(before, record);
    const admitted = called.map(({ named, source }) => this.#firstRecord(named, 'gossip', source));
    this.#commit({
      nodes: [record, ...admitted],
      visits: [visit],
      ...(neighbours.length > 0 && { neighbours: [{ id: record.id, named: neighbours }] }),
      ...(session && { session }),
    });
  }

  /** When to lease again, if nothing new comes before; `Infinity` for never. */
  async nextDue(): Promise<number> {
    const { store, clock } = this.#parts;
    if (this.#nextDue <= clock.now()) {
      // What is committed in the meantime counts as well.
      this.#nextDue = Number.POSITIVE_INFINITY;
      this.#nextDue = Math.min((await store.nextDue()) ?? this.#nextDue, this.#nextDue);
    }
    return this.#nextDue;
  }

  /** Resolves when the store is up to date. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** Keeps a session. */
  save(session: CrawlSession): Promise<void> {
    return this.#writes.commit({ session });
  }

  #firstRecord(
    { id, endpoint, enr }: Located,
    origin: NodeRecord['origin'],
    source?: Source,
  ): NodeRecord {
    const now = this.#parts.clock.now();
    const record: NodeRecord = {
      ...{ id, endpoint, origin },
      trust: source === undefined || enr !== undefined ? 'signed' : 'gossiped',
      ...(source && { relayedBy: source.ip }),
      ...(enr !== undefined && { enr: formatEnr(enr) }),
      status: 'discovered',
      firstSeen: now,
      ...{ visits: 0, failures: 0, dueAt: now },
    };
    this.funnel.add(record);
    this.#unvisited++;
    return record;
  }

  /** A node as a newer record of its own has it, if there is one; it is due at once then. */
  #renewed(key: string, record: NodeRecord): NodeRecord | undefined {
    const newer = this.#known.takeNewer(key);
    if (newer === undefined || newer.seq <= (sequenceOf(record.enr) ?? -1n)) return undefined;
    const endpoint = endpointOf(newer, record.endpoint);
    // A record may be wrong, and where the node has answered it may still be.
    this.#known.move(key, endpoint, record.lastSeen === undefined ? undefined : record.endpoint);
    return this.#dueNow(key, {
      ...record,
      endpoint,
      ...{ enr: formatEnr(newer), trust: 'signed', failures: 0 },
    });
  }

  /** A node that was not found is looked for at the next place that was named, if others alone say where it is. */
  #elsewhere(key: string, record: NodeRecord): NodeRecord {
    if (record.trust !== 'gossiped' || record.failures === 0) return record;
    const hint = this.#known.nextHint(key);
    if (hint === undefined) return record;
    const { endpoint, stated } = hint;
    const failures = record.failures - 1;
    return this.#dueNow(key, { ...record, endpoint, failures, ...(stated && { trust: 'signed' }) });
  }

  #dueNow(key: string, record: NodeRecord): NodeRecord {
    this.awaited.add(key);
    return { ...record, dueAt: this.#parts.clock.now() };
  }

  async #relocate({ key, id }: Named): Promise<void> {
    const { store } = this.#parts;
    if (!this.#known.begin(key)) return;
    // What is still to be written may be about this node.
    await this.#writes.commit({});
    const before = await store.get(id);
    if (before === undefined) return this.#known.forget(key);
    const isHinted = this.#known.hints(key).length > 0;
    const after =
      this.#renewed(key, before) ??
      (isHinted ? this.#dueNow(key, before) : this.#elsewhere(key, before));
    this.#done.delete(key);
    this.#known.end(key, after);
    this.funnel.replace(before, after);
    this.#commit({ nodes: [after] });
  }

  #commit(batch: CrawlBatch): void {
    const dues = batch.nodes?.map(({ dueAt }) => dueAt) ?? [];
    this.#nextDue = Math.min(this.#nextDue, ...dues);
    const isNews = dues.some((dueAt) => dueAt <= this.#parts.clock.now());
    this.#write(this.#writes.commit(batch), isNews);
  }

  #write(work: Promise<void>, isNews = false): void {
    const done = (): void => {
      this.#writing.delete(written);
      if (isNews || this.isSettled) this.onNews();
    };
    const written = work.catch((error: unknown) => this.onFailure(error)).then(done);
    this.#writing.add(written);
  }
}

/** Whether a visit has left the dial for later, and that is all that it has left. */
function isPostponed({ endpoint, status, error }: NodeRecord): boolean {
  return status === 'bonded' && endpoint.tcp > 0 && error === undefined;
}

/** Whether somebody with the node's key was at its place. */
function isThere({ steps }: Visit): boolean {
  return steps.some(({ step }) => step === 'bonded' || step === 'authenticated');
}

function isGone(record: NodeRecord, now: number): boolean {
  const { firstSeen, origin, failures, lastVisit = 0 } = record;
  if (origin === 'bootnode' || failures < forgetAfter) return false;
  // A list would name it again at once, and it would be as if it had never been visited.
  const { lastSeen = origin === 'dns' ? firstSeen : undefined } = record;
  return lastSeen === undefined ? lastVisit > 0 : now - lastSeen > forgetAge;
}
