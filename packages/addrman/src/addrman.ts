import { checkBook } from './check.ts';
import { type AddrManOptions, type Settings, withDefaults } from './options.ts';
import { parseNode, type Refusal } from './parse-node.ts';
import { type AddrSource, networkGroup, sourceKey } from './policy/group.ts';
import { normalizeIp } from './policy/routable.ts';
import { SourceLimit } from './policy/source-limit.ts';
import { Dice } from './random.ts';
import { binary } from './snapshot/binary.ts';
import { encodeSnapshot } from './snapshot/snapshot.ts';
import { readBook } from './snapshot/snapshot-book.ts';
import { Book, MAX_REFERENCES } from './table/book.ts';
import { underTest, verdict } from './table/collisions.ts';
import {
  type AddrEntry,
  type AddrNode,
  describe,
  type Entry,
  newEntry,
  type SignedRecord,
  setRecord,
  type Told,
} from './table/entry.ts';
import { answerLifetime, drawSample, MAX_SAMPLE, MAX_SAMPLE_PERCENT } from './table/sample.ts';
import { drawer } from './table/select.ts';
import { type AddrManStats, newCounts } from './table/stats.ts';

/** Tried entries whose place is asked for by another at a time (Bitcoin Core, `ADDRMAN_SET_TRIED_COLLISION_SIZE`). */
const MAX_COLLISIONS = 10;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A disconnection moves last-seen by no less. */
const SEEN_INTERVAL = 20 * MINUTE;

/** What {@link AddrMan.select} is to look for. */
export interface SelectOptions {
  /** Only among addresses that we have never connected to, as a feeler does. @default false */
  readonly newOnly?: boolean | undefined;
  /** What else the caller asks for, such as an address that is not connected already. @default anything */
  readonly filter?: ((entry: AddrEntry) => boolean) | undefined;
  /**
   * Of so many draws, the one whose network group has the fewest entries: addresses are cheap, networks are not. With 2,
   * the largest group, if it is drawn with the probability p, is selected with p². At least 1.
   * @default 1
   */
  readonly draws?: number | undefined;
}

/**
 * What is known of other nodes' addresses, and which of it to believe. Made with `createAddrMan` or `openAddrMan`.
 *
 * All calls are synchronous. A call about an id that is not known does nothing and gives `undefined` or `false`.
 */
export class AddrMan {
  readonly #settings: Settings;
  readonly #book: Book;
  readonly #dice: Dice;
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
    this.#dice = new Dice(settings.random);
    this.#sourceLimit = new SourceLimit(settings);
    this.#localId = settings.localId && binary(settings.localId);
  }

  /** Nodes in both tables. */
  get size(): number {
    return this.#book.entries.length;
  }

  /** Counts since the start, and sizes now. */
  get stats(): AddrManStats {
    const { entries, tried, fresh, collisions } = this.#book;
    return {
      size: entries.length,
      new: entries.length - tried.used,
      tried: tried.used,
      newSlots: fresh.used,
      collisions: collisions.size,
      ...this.#counts,
      refused: { ...this.#counts.refused },
    };
  }

  /**
   * Takes in what a source tells. Nothing of it is known to be true, so it competes for the few places that this source
   * has; each node costs the source a token. A node that is known already is seen anew, may get a further place, and
   * moves to another address only if it has signed that itself, or if nobody has ever reached it at its present one.
   *
   * @returns how many nodes were not known before.
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

  /** To be told when a dial begins. A failure counts once for each time that anybody was reached since the last one. */
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
   * To be told when a node that we dialled has proved to be on the right chain, and for no node that dialled us.
   *
   * @returns whether the node has a place among the tried ones now. If not, somebody else has it, and whether that one
   * is still there has to be tested first: see {@link selectCollision}.
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
    if (book.tried.get(slot) === undefined) {
      this.#promote(entry, slot);
      return true;
    }
    if (book.collisions.size < MAX_COLLISIONS) book.collisions.add(entry);
    return false;
  }

  /** To be told when a peer that was fully connected and behaved is disconnected. */
  connected(id: Uint8Array): boolean {
    const entry = this.#find(id);
    if (!entry) return false;
    const now = this.#settings.clock.now();
    if (now - entry.lastSeen > SEEN_INTERVAL) entry.lastSeen = now;
    return true;
  }

  /**
   * An address to dial, at random: from either table alike, and the less likely the more often and the more recently it
   * was dialled in vain. Where a table has more than 4,096 slots in use, a filter that hardly anything passes may find
   * nothing although there is something.
   */
  select({ newOnly = false, filter, draws = 1 }: SelectOptions = {}): AddrEntry | undefined {
    const book = this.#book;
    const accept = (entry: Entry) => filter === undefined || filter(describe(entry));
    const now = this.#settings.clock.now();
    const draw = drawer(book, { now, dice: this.#dice, accept, newOnly });
    let chosen: Entry | undefined;
    for (let drawn = 0; drawn < draws; drawn++) {
      const entry = draw();
      if (entry === undefined) break;
      if (chosen === undefined || book.groupSize(entry) < book.groupSize(chosen)) chosen = entry;
    }
    return chosen && describe(chosen);
  }

  /** Decides on tried places that two nodes want, as far as that can be decided now. */
  resolveCollisions(): void {
    const book = this.#book;
    const now = this.#settings.clock.now();
    for (const newcomer of book.collisions) {
      const slot = book.triedSlot(newcomer);
      const holder = book.tried.get(slot);
      const winner = holder ? verdict(holder, newcomer, now) : newcomer;
      if (winner === newcomer) this.#promote(newcomer, slot);
      else if (winner === holder) book.collisions.delete(newcomer);
    }
  }

  /**
   * The holder of a tried place that another node wants, the longest wanted first, to be dialled by the next feeler:
   * `attempt` and `good` tell how it went. If we are connected to it, say `good` instead of dialling.
   */
  selectCollision(): AddrEntry | undefined {
    this.resolveCollisions();
    const book = this.#book;
    const now = this.#settings.clock.now();
    for (const newcomer of book.collisions) {
      const holder = book.tried.get(book.triedSlot(newcomer));
      if (holder && !underTest(holder, now)) return describe(holder);
    }
    return undefined;
  }

  /**
   * Random nodes that are worth knowing.
   *
   * @param limit - at most so many. @default 1000
   * @param percent - and at most this share of all. @default 23
   */
  sample(limit: number = MAX_SAMPLE, percent: number = MAX_SAMPLE_PERCENT): AddrEntry[] {
    const now = this.#settings.clock.now();
    const accept = (entry: Entry) => !this.#book.isTerrible(entry, now);
    return drawSample(this.#book.entries, limit, percent, this.#dice, accept).map(describe);
  }

  /**
   * A sample for outsiders: for a day or so they all get the same one, so that nobody can draw the whole book out of us
   * or learn from its changes what we do.
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
    if (nodes.length > 0) this.#answer = { nodes, until: now + answerLifetime(this.#dice) };
    return nodes;
  }

  /** What is known of a node. */
  get(id: Uint8Array): AddrEntry | undefined {
    const entry = this.#find(id);
    return entry && describe(entry);
  }

  /** Everything that is known, in no order. */
  *entries(): Generator<AddrEntry, void, undefined> {
    for (const entry of this.#book.entries.slice()) yield describe(entry);
  }

  /**
   * The group that an address of 4 or 16 bytes belongs to, by the group map if there is one: the same string for all
   * addresses of it, and of no other meaning. One outbound connection in each is what keeps us off one operator's hook.
   */
  group(ip: Uint8Array): string {
    return networkGroup(binary(normalizeIp(ip)), this.#settings.groupMap);
  }

  /** All that is to survive a restart, for the option `snapshot`. Whoever has it knows the secret key. */
  snapshot(): Uint8Array {
    return encodeSnapshot(this.#book);
  }

  /**
   * Verifies that entries, tables, limits and counts agree. Costs a hash per slot; for tests and for the curious.
   *
   * @throws `inconsistent`, which nothing that is told or loaded can bring about.
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
    const told = parseNode(node, now);
    if (told === undefined) return 'malformed';
    if (told.id === this.#localId) return 'self';
    if (!this.#settings.isRoutable(told.ipBytes)) return 'unroutable';
    const known = this.#book.byId.get(told.id);
    if (!known) return this.#addNew(told, node, source, now);

    const { record } = node;
    const news = record && (known.record === '' || record.seq > known.seq) ? record : undefined;
    if (news && !this.#isGenuine(node.id, news)) return 'invalid-record';
    if (told.ip === known.ip && told.tcp === known.tcp) {
      if (news) setRecord(known, news);
      if (news || known.record === '') known.udp = told.udp || known.udp;
      this.#see(known, told.lastSeen, now);
      this.#addReference(known, source, now);
      return 'known';
    }
    // Without the second case, whoever names an id first could keep the node itself out.
    const unproven = known.record === '' && known.lastSuccess === 0;
    if (!news && !(unproven && this.#book.isTerrible(known, now))) return 'other-address';
    const noRoom = this.#book.move(known, told, source, now);
    if (noRoom !== undefined) return noRoom;
    if (news) setRecord(known, news);
    known.lastSeen = told.lastSeen;
    return 'known';
  }

  #addNew(told: Told, { id, record }: AddrNode, source: string, now: number): Refusal | 'added' {
    // A place is cheaper to look for than a signature to verify, but then it would be a forger who pushes others out.
    if (record && !this.#isGenuine(id, record)) return 'invalid-record';
    const entry = newEntry(told, source);
    const noRoom = this.#book.insert(entry, now);
    if (noRoom !== undefined) return noRoom;
    if (record) setRecord(entry, record);
    return 'added';
  }

  /** The n-th reference succeeds once in 2ⁿ times, so that shouting louder pays off less and less. */
  #addReference(entry: Entry, source: string, now: number): void {
    const references = entry.newSlots.length;
    if (entry.triedSlot >= 0 || references >= MAX_REFERENCES) return;
    if (this.#dice.below(2 ** references) === 0) this.#book.addReference(entry, source, now);
  }

  #see(entry: Entry, seen: number, now: number): void {
    const interval = now - seen < DAY ? HOUR : DAY;
    if (entry.lastSeen < seen - interval) entry.lastSeen = seen;
  }

  #isGenuine(id: Uint8Array, record: SignedRecord): boolean {
    return this.#settings.verifyRecord?.(id, record) ?? true;
  }
}

/**
 * An address manager that is empty or, with the option `snapshot`, as it was when that was taken.
 *
 * @throws `invalid-option`, `corrupt-snapshot`, `newer-snapshot`
 */
export function createAddrMan(options: AddrManOptions = {}): AddrMan {
  return new AddrMan(options);
}
