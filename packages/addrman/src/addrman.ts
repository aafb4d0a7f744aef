import { normalizeIp } from '@devp2p/ip';
import { boolean, func, integer, type Rules } from '@devp2p/options';
import { createRandomSource, type RandomSource } from '@devp2p/random';
import { checkBook } from './check.ts';
import { check } from './check-options.ts';
import { type AddrManOptions, type Settings, withDefaults } from './options.ts';
import { parseNode, type Refusal } from './parse-node.ts';
import { type AddrSource, networkGroup, sourceKey } from './policy/group.ts';
import { SourceLimit } from './policy/source-limit.ts';
import { binary } from './snapshot/binary.ts';
import { encodeSnapshot } from './snapshot/snapshot.ts';
import { readBook } from './snapshot/snapshot-book.ts';
import { Book, maxReferences } from './table/book.ts';
import { isBeingTested, resolveCollision } from './table/collisions.ts';
import {
  type AddrEntry,
  type AddrNode,
  describe,
  type Entry,
  type KnownAddress,
  newEntry,
  type SignedRecord,
  setRecord,
} from './table/entry.ts';
import { answerLifetime, drawSample, maxSample, maxSamplePercent } from './table/sample.ts';
import { createDraw } from './table/select.ts';
import { type AddrManStats, newCounts } from './table/stats.ts';

/**
 * Most entries that wait for an occupied slot of the tried table (Bitcoin Core, `ADDRMAN_SET_TRIED_COLLISION_SIZE`).
 */
const maxCollisions = 10;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** A disconnection refreshes `lastSeen` only if it is older than this, in ms (Bitcoin Core). */
const seenInterval = 20 * minute;

/** Options of {@link AddrMan.select}. */
export interface SelectOptions {
  /** Select only from the new table: addresses never connected to, as for a feeler. @default false */
  readonly newOnly?: boolean | undefined;
  /** Further condition of the caller, such as "not connected already". @default accepts every entry */
  readonly filter?: ((entry: AddrEntry) => boolean) | undefined;
  /**
   * Number of draws, at least 1; the entry of the network group with the fewest entries is selected, because addresses
   * are cheap and networks are not. With 2, a group that is drawn with probability p is selected with p² if it is the
   * largest. @default 1
   */
  readonly draws?: number | undefined;
}

const selectRules: Rules<SelectOptions> = { newOnly: boolean, filter: func, draws: integer(1) };

/**
 * Address manager: stores addresses of other nodes and selects those to dial. Created by `createAddrMan` or
 * `openAddrMan`.
 *
 * All calls are synchronous. A call with an unknown id does nothing and returns `undefined` or `false`.
 */
export class AddrMan {
  readonly #settings: Settings;
  readonly #book: Book;
  readonly #random: RandomSource;
  readonly #sourceLimit: SourceLimit;
  readonly #counts = newCounts();
  readonly #localId: string | undefined;
  #answer: { nodes: readonly AddrNode[]; until: number } | undefined;

  /** @throws `invalid-option`, `corrupt-snapshot`, `newer-snapshot` */
  constructor(options: AddrManOptions = {}) {
    const settings = withDefaults(options);
    this.#settings = settings;
    this.#book = settings.snapshot
      ? readBook(settings.snapshot, settings, settings.clock.now())
      : new Book(settings.key ?? settings.random(32), settings);
    this.#random = createRandomSource(settings.random);
    this.#sourceLimit = new SourceLimit(settings);
    this.#localId = settings.localId && binary(settings.localId);
  }

  /** Number of nodes in both tables. */
  get size(): number {
    return this.#book.entries.length;
  }

  /** Current sizes, and counts since the start. */
  get stats(): AddrManStats {
    const { entries, triedTable, newTable, collisions } = this.#book;
    return {
      size: entries.length,
      new: entries.length - triedTable.used,
      tried: triedTable.used,
      newSlots: newTable.used,
      collisions: collisions.size,
      ...this.#counts,
      refused: { ...this.#counts.refused },
    };
  }

  /**
   * Adds nodes that a source reports. None of it is verified, so the nodes compete for the few slots that this source
   * has, and each node costs the source a token. For a known node `lastSeen` is refreshed and it may get a further
   * slot. It moves to another address only if it has signed that address, or if it was never reached at the present
   * one.
   *
   * @returns the number of nodes that were not known before
   */
  add(nodes: Iterable<AddrNode>, source: AddrSource): number {
    const { clock } = this.#settings;
    const now = clock.now();
    const from = sourceKey(source);
    const takeToken = this.#sourceLimit.open(source, clock.monotonic());
    let added = 0;
    for (const node of nodes) {
      const outcome = takeToken() ? this.#addOne(node, from, now) : 'rate-limited';
      if (outcome === 'added') added++;
      else if (outcome !== 'known') this.#counts.refused[outcome]++;
    }
    this.#counts.added += added;
    return added;
  }

  /** Records that a dial begins. Only the first failure after a success of any node is counted. */
  attempt(id: Uint8Array, { countFailure }: { countFailure: boolean }): boolean {
    const entry = this.#find(id);
    if (!entry) return false;
    const now = this.#settings.clock.now();
    entry.lastTry = now;
    if (countFailure && entry.lastCount < this.#book.lastGood) {
      entry.lastCount = now;
      entry.attempts++;
    }
    return true;
  }

  /**
   * Records that a node that we dialed is on the right chain. Not to be called for a node that dialed us.
   *
   * @returns whether the node has a slot of the tried table now; if not, another node holds the slot, and that node has
   * to be tested first: see {@link selectCollision}
   */
  good(id: Uint8Array): boolean {
    const entry = this.#find(id);
    if (!entry) return false;
    const now = this.#settings.clock.now();
    const book = this.#book;
    book.lastGood = now;
    entry.lastSuccess = now;
    entry.lastTry = now;
    entry.attempts = 0;
    if (entry.triedSlot >= 0) return true;
    const slot = book.triedSlot(entry);
    if (book.triedTable.get(slot) === undefined) {
      this.#promote(entry, slot);
      return true;
    }
    if (book.collisions.size < maxCollisions) book.collisions.add(entry);
    return false;
  }

  /** Records that a peer that was fully connected and behaved is disconnected. */
  connected(id: Uint8Array): boolean {
    const entry = this.#find(id);
    if (!entry) return false;
    const now = this.#settings.clock.now();
    if (now - entry.lastSeen > seenInterval) entry.lastSeen = now;
    return true;
  }

  /**
   * Selects an address to dial at random: from both tables with equal probability, and with lower probability the more
   * often and the more recently a dial failed. If a table has more than 4,096 slots in use, a filter that accepts
   * hardly any entry may find none although one exists.
   *
   * @throws AddrManError `invalid-option`
   */
  select(options: SelectOptions = {}): AddrEntry | undefined {
    check.options('select', options, selectRules);
    const { newOnly = false, filter, draws = 1 } = options;
    const book = this.#book;
    const accept = (entry: Entry) => filter === undefined || filter(describe(entry));
    const now = this.#settings.clock.now();
    const draw = createDraw(book, { now, random: this.#random, accept, newOnly });
    let chosen: Entry | undefined;
    for (let drawn = 0; drawn < draws; drawn++) {
      const entry = draw();
      if (entry === undefined) break;
      if (chosen === undefined || book.groupSize(entry) < book.groupSize(chosen)) chosen = entry;
    }
    return chosen && describe(chosen);
  }

  /** Resolves collisions: decides on tried slots that two nodes want, where that is possible now. */
  resolveCollisions(): void {
    const book = this.#book;
    const now = this.#settings.clock.now();
    for (const newcomer of book.collisions) {
      const slot = book.triedSlot(newcomer);
      const holder = book.triedTable.get(slot);
      const winner = holder ? resolveCollision(holder, newcomer, now) : newcomer;
      if (winner === newcomer) this.#promote(newcomer, slot);
      else if (winner === holder) book.collisions.delete(newcomer);
    }
  }

  /**
   * Returns the holder of a tried slot that another node wants, of the collision that has waited longest. It is the
   * next address for a feeler, whose result is recorded with `attempt` and `good`. If the node is connected, call
   * `good` instead of dialing it.
   */
  selectCollision(): AddrEntry | undefined {
    this.resolveCollisions();
    const book = this.#book;
    const now = this.#settings.clock.now();
    for (const newcomer of book.collisions) {
      const holder = book.triedTable.get(book.triedSlot(newcomer));
      if (holder && !isBeingTested(holder, now)) return describe(holder);
    }
    return undefined;
  }

  /**
   * Returns a random sample of the nodes that are worth keeping.
   *
   * @param limit most nodes. @default 1000
   * @param percent largest share of all nodes, in percent. @default 23
   */
  sample(limit: number = maxSample, percent: number = maxSamplePercent): AddrEntry[] {
    const now = this.#settings.clock.now();
    const accept = (entry: Entry) => !this.#book.isTerrible(entry, now);
    return drawSample(this.#book.entries, limit, percent, this.#random, accept).map(describe);
  }

  /**
   * Returns a sample for other nodes. All of them get the same one for 21 to 27 hours, so that repeated requests
   * neither extract the whole address book nor reveal our activity.
   */
  answer(): readonly AddrNode[] {
    const now = this.#settings.clock.monotonic();
    if (this.#answer && now < this.#answer.until) return this.#answer.nodes;
    const nodes = this.sample().map(({ id, address, record, lastSeen }) => ({
      id,
      address,
      record,
      lastSeen,
    }));
    if (nodes.length > 0) this.#answer = { nodes, until: now + answerLifetime(this.#random) };
    return nodes;
  }

  /** Returns the entry of a node. */
  get(id: Uint8Array): AddrEntry | undefined {
    const entry = this.#find(id);
    return entry && describe(entry);
  }

  /** Returns all entries, in no particular order. */
  *entries(): Generator<AddrEntry, void, undefined> {
    for (const entry of this.#book.entries.slice()) yield describe(entry);
  }

  /**
   * Returns the network group of an address of 4 or 16 bytes, from the group map if there is one: an opaque string that
   * is equal for all addresses of the group. At most one outbound connection per group limits the influence of one
   * operator.
   */
  group(ip: Uint8Array): string {
    return networkGroup(binary(normalizeIp(ip)), this.#settings.groupMap);
  }

  /** Encodes the address book for the option `snapshot`. The bytes contain the secret key. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.#book);
  }

  /**
   * Verifies that entries, tables, limits and counts are consistent. Costs one hash per slot; for tests and diagnosis.
   *
   * @throws AddrManError `inconsistent`, which no added node and no snapshot can cause
   */
  check(): void {
    checkBook(this.#book);
  }

  #find(id: Uint8Array): Entry | undefined {
    return this.#book.byId.get(binary(id));
  }

  #promote(entry: Entry, slot: number): void {
    this.#book.promote(entry, slot);
    this.#counts.promoted++;
  }

  #addOne(node: AddrNode, source: string, now: number): Refusal | 'added' | 'known' {
    const parsed = parseNode(node, now);
    if (parsed === undefined) return 'malformed';
    if (parsed.id === this.#localId) return 'self';
    if (!this.#settings.isRoutable(parsed.ipBytes)) return 'unroutable';
    const known = this.#book.byId.get(parsed.id);
    if (!known) return this.#addNew(parsed, node, source, now);

    const { record } = node;
    const newer = record && (known.record === '' || record.seq > known.seq) ? record : undefined;
    if (newer && !this.#isGenuine(node.id, newer)) return 'invalid-record';
    if (parsed.ip === known.ip && parsed.tcp === known.tcp) {
      if (newer) setRecord(known, newer);
      if (newer || known.record === '') known.udp = parsed.udp || known.udp;
      this.#see(known, parsed.lastSeen, now);
      this.#addReference(known, source, now);
      return 'known';
    }
    // Without the second case, the first source that names an id could keep the node itself out.
    const unproven = known.record === '' && known.lastSuccess === 0;
    if (!newer && !(unproven && this.#book.isTerrible(known, now))) return 'other-address';
    const noRoom = this.#book.move(known, parsed, source, now);
    if (noRoom !== undefined) return noRoom;
    if (newer) setRecord(known, newer);
    known.lastSeen = parsed.lastSeen;
    return 'known';
  }

  #addNew(address: KnownAddress, { id, record }: AddrNode, source: string, now: number): Refusal | 'added' {
    // Looking for a slot is cheaper than verifying a signature, but verification comes first: otherwise a forged record
    // could evict another entry.
    if (record && !this.#isGenuine(id, record)) return 'invalid-record';
    const entry = newEntry(address, source);
    const noRoom = this.#book.insert(entry, now);
    if (noRoom !== undefined) return noRoom;
    if (record) setRecord(entry, record);
    return 'added';
  }

  /** The n-th reference succeeds with probability 1/2ⁿ, so that repetition has a diminishing effect. */
  #addReference(entry: Entry, source: string, now: number): void {
    const references = entry.newSlots.length;
    if (entry.triedSlot >= 0 || references >= maxReferences) return;
    if (this.#random.below(2 ** references) === 0) this.#book.addReference(entry, source, now);
  }

  #see(entry: Entry, seen: number, now: number): void {
    const interval = now - seen < day ? hour : day;
    if (entry.lastSeen < seen - interval) entry.lastSeen = seen;
  }

  #isGenuine(id: Uint8Array, record: SignedRecord): boolean {
    return this.#settings.verifyRecord?.(id, record) ?? true;
  }
}

/**
 * Creates an address manager in memory: empty, or restored from the option `snapshot`.
 *
 * @throws AddrManError `invalid-option`, `corrupt-snapshot`, `newer-snapshot`
 */
export function createAddrMan(options: AddrManOptions = {}): AddrMan {
  return new AddrMan(options);
}
