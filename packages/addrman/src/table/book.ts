import { type GroupMap, networkGroup, sourceGroup } from '../policy/group.ts';
import { type NetworkLimitOptions, NetworkLimits } from '../policy/network-limits.ts';
import { type Horizons, isTerrible } from '../policy/quality.ts';
import { Buckets, type Layout } from './bucket.ts';
import type { Entry } from './entry.ts';
import { SlotTable } from './table.ts';

/** Slots of the new table that one entry can have (Bitcoin Core, `ADDRMAN_NEW_BUCKETS_PER_ADDRESS`). */
export const MAX_REFERENCES = 8;

/** What a {@link Book} is made with. */
export interface BookOptions extends Layout, Horizons, NetworkLimitOptions {
  readonly groupMap?: GroupMap | undefined;
}

/** Why an address found no room. */
export type NoRoom = 'slot-taken' | 'network-full';

/** The entries and the two tables, and the moves that keep them in step. Knows neither randomness nor who asks. */
export class Book {
  readonly options: BookOptions;
  readonly buckets: Buckets;
  /** All entries, in no order. */
  readonly entries: Entry[] = [];
  readonly byId: Map<string, Entry> = new Map();
  readonly fresh: SlotTable;
  readonly tried: SlotTable;
  readonly limits: NetworkLimits;
  /** How many entries each network group has. */
  readonly #groups = new Map<string, number>();
  /** Entries that want a tried slot which another one has; the longest waiting first. */
  readonly collisions: Set<Entry> = new Set();
  /** When anybody was last found good. From the start, that is before anything else. */
  lastGood = 1;

  constructor(key: Uint8Array, options: BookOptions) {
    this.options = options;
    this.buckets = new Buckets(key, options);
    this.fresh = new SlotTable(options.newBuckets, options.bucketSize);
    this.tried = new SlotTable(options.triedBuckets, options.bucketSize);
    this.limits = new NetworkLimits(options);
  }

  /** The slot of the new table for an address that a source (its key) tells of. */
  newSlot(ip: string, tcp: number, source: string): number {
    const { groupMap } = this.options;
    const bucket = this.buckets.newBucket(
      networkGroup(ip, groupMap),
      sourceGroup(source, groupMap),
    );
    return this.buckets.newSlot(bucket, ip, tcp);
  }

  /** The one slot of the tried table that an entry can have. */
  triedSlot({ ip, tcp }: Entry): number {
    const bucket = this.buckets.triedBucket(networkGroup(ip, this.options.groupMap), ip, tcp);
    return this.buckets.triedSlot(bucket, ip, tcp);
  }

  /** How many entries there are in the network group of one. */
  groupSize({ ip }: Entry): number {
    return this.#groups.get(networkGroup(ip, this.options.groupMap)) ?? 0;
  }

  isTerrible(entry: Entry, now: number): boolean {
    return isTerrible(entry, now, this.options);
  }

  /** Takes a new entry into the book and the new table. */
  insert(entry: Entry, now: number): NoRoom | undefined {
    const slot = this.newSlot(entry.ip, entry.tcp, entry.source);
    const noRoom = this.#makeRoom(slot, entry.ip, now);
    if (noRoom !== undefined) return noRoom;
    this.#enlist(entry);
    this.#refer(entry, slot);
    return undefined;
  }

  /** Gives an entry of the new table one slot more, by another source. */
  addReference(entry: Entry, source: string, now: number): boolean {
    const slot = this.newSlot(entry.ip, entry.tcp, source);
    const holder = this.fresh.get(slot);
    if (holder === entry) return false;
    if (holder) {
      if (!this.isTerrible(holder, now)) return false;
      this.#dropReference(holder, slot);
    }
    this.#refer(entry, slot);
    return true;
  }

  /** Gives an entry another address, about which nothing is known: it is new again. `source` says so. */
  move(
    entry: Entry,
    address: Pick<Entry, 'ip' | 'tcp' | 'udp'>,
    source: string,
    now: number,
  ): NoRoom | undefined {
    const slot = this.newSlot(address.ip, address.tcp, source);
    const noRoom = this.#makeRoom(slot, address.ip, now, entry);
    if (noRoom !== undefined) return noRoom;
    this.#uncount(entry);
    this.collisions.delete(entry);
    if (entry.triedSlot >= 0) this.tried.clear(entry.triedSlot);
    for (const one of entry.newSlots) this.fresh.clear(one);
    entry.ip = address.ip;
    entry.tcp = address.tcp;
    entry.udp = address.udp;
    entry.source = source;
    entry.lastTry = 0;
    entry.lastSuccess = 0;
    entry.lastCount = 0;
    entry.attempts = 0;
    entry.triedSlot = -1;
    entry.newSlots = [];
    this.#count(entry);
    this.#refer(entry, slot);
    return undefined;
  }

  /** Moves an entry from the new table to its slot in the tried one; who has that is new again. */
  promote(entry: Entry, slot: number): void {
    this.collisions.delete(entry);
    for (const one of entry.newSlots) this.fresh.clear(one);
    entry.newSlots = [];
    const holder = this.tried.get(slot);
    if (holder) this.#demote(holder);
    this.tried.put(slot, entry);
    entry.triedSlot = slot;
  }

  /** Takes an entry out altogether. */
  remove(entry: Entry): void {
    if (entry.triedSlot >= 0) this.tried.clear(entry.triedSlot);
    for (const slot of entry.newSlots) this.fresh.clear(slot);
    entry.triedSlot = -1;
    entry.newSlots = [];
    this.#strike(entry);
  }

  /** Puts an entry of a snapshot where it was. The slots are free, and there is at least one. */
  restore(entry: Entry): void {
    this.#enlist(entry);
    if (entry.triedSlot >= 0) this.tried.put(entry.triedSlot, entry);
    for (const slot of entry.newSlots) this.fresh.put(slot, entry);
  }

  /** Puts an entry of a snapshot into the table that it was in or, if there is no room, where there is. */
  rehome(entry: Entry, now: number): void {
    const wasTried = entry.triedSlot >= 0;
    entry.triedSlot = -1;
    entry.newSlots = [];
    if (wasTried && this.limits.room(entry.ip) === true) {
      const slot = this.triedSlot(entry);
      if (this.tried.get(slot) === undefined) {
        entry.triedSlot = slot;
        this.restore(entry);
        return;
      }
    }
    this.insert(entry, now);
  }

  /** Frees a slot of the new table, and a place in the network, for an address that has no other. */
  #makeRoom(slot: number, ip: string, now: number, moving?: Entry): NoRoom | undefined {
    const holder = this.fresh.get(slot);
    const yields =
      holder === undefined ||
      holder === moving ||
      holder.newSlots.length > 1 ||
      this.isTerrible(holder, now);
    if (!yields) return 'slot-taken';
    const room = this.limits.room(ip, moving);
    if (room !== true) {
      const worst = room.find((entry) => this.isTerrible(entry, now));
      if (worst === undefined) return 'network-full';
      this.remove(worst);
    }
    // Not the one from before: that may just have been removed.
    const left = this.fresh.get(slot);
    if (left !== undefined && left !== moving) this.#dropReference(left, slot);
    return undefined;
  }

  /** Back to the new table, at the expense of whoever has the slot there. */
  #demote(entry: Entry): void {
    this.tried.clear(entry.triedSlot);
    entry.triedSlot = -1;
    const slot = this.newSlot(entry.ip, entry.tcp, entry.source);
    const holder = this.fresh.get(slot);
    if (holder) this.#dropReference(holder, slot);
    this.#refer(entry, slot);
  }

  #refer(entry: Entry, slot: number): void {
    this.fresh.put(slot, entry);
    entry.newSlots = entry.newSlots.concat(slot);
  }

  #dropReference(entry: Entry, slot: number): void {
    this.fresh.clear(slot);
    entry.newSlots = entry.newSlots.filter((one) => one !== slot);
    if (entry.newSlots.length === 0) this.#strike(entry);
  }

  #enlist(entry: Entry): void {
    entry.index = this.entries.push(entry) - 1;
    this.byId.set(entry.id, entry);
    this.#count(entry);
  }

  #count(entry: Entry): void {
    this.limits.add(entry);
    const group = networkGroup(entry.ip, this.options.groupMap);
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
  }

  #uncount(entry: Entry): void {
    this.limits.remove(entry);
    const group = networkGroup(entry.ip, this.options.groupMap);
    const left = (this.#groups.get(group) ?? 0) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }

  /** An entry without a slot is none. */
  #strike(entry: Entry): void {
    this.byId.delete(entry.id);
    this.collisions.delete(entry);
    this.#uncount(entry);
    const last = this.entries.pop();
    if (last === undefined || last === entry) return;
    this.entries[entry.index] = last;
    last.index = entry.index;
  }
}
