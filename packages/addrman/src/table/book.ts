import { type GroupMap, networkGroup, sourceGroup } from '../policy/group.ts';
import { type NetworkLimitOptions, NetworkLimits } from '../policy/network-limits.ts';
import { type Horizons, isTerrible } from '../policy/quality.ts';
import { Buckets, type Layout } from './bucket.ts';
import type { Entry } from './entry.ts';
import { SlotTable } from './table.ts';

/** Most slots of the new table that one entry can have (Bitcoin Core, `ADDRMAN_NEW_BUCKETS_PER_ADDRESS`). */
export const maxReferences = 8;

/** Settings of {@link Book}. */
export interface BookOptions extends Layout, Horizons, NetworkLimitOptions {
  readonly groupMap?: GroupMap | undefined;
}

/** Why there is no room for an address. */
export type NoRoom = 'slot-taken' | 'network-full';

/**
 * The entries and both tables, with the operations that keep them consistent. Deterministic; does not depend on the
 * source of a call.
 */
export class Book {
  readonly options: BookOptions;
  readonly buckets: Buckets;
  /** All entries, in no particular order. */
  readonly entries: Entry[] = [];
  readonly byId: Map<string, Entry> = new Map();
  readonly newTable: SlotTable;
  readonly triedTable: SlotTable;
  readonly limits: NetworkLimits;
  /** Number of entries by network group. */
  readonly #groups = new Map<string, number>();
  /** Entries that wait for an occupied slot of the tried table, the longest waiting first. */
  readonly collisions: Set<Entry> = new Set();
  /** Time of the last success of any node, in ms. The initial value is before any other time. */
  lastGood = 1;

  constructor(key: Uint8Array, options: BookOptions) {
    this.options = options;
    this.buckets = new Buckets(key, options);
    this.newTable = new SlotTable(options.newBuckets, options.bucketSize);
    this.triedTable = new SlotTable(options.triedBuckets, options.bucketSize);
    this.limits = new NetworkLimits(options);
  }

  /**
   * Returns the slot of the new table for an address from a source.
   *
   * @param source key of the source
   */
  newSlot(ip: string, tcp: number, source: string): number {
    const { groupMap } = this.options;
    const bucket = this.buckets.newBucket(networkGroup(ip, groupMap), sourceGroup(source, groupMap));
    return this.buckets.newSlot(bucket, ip, tcp);
  }

  /** Returns the only slot of the tried table that an entry can have. */
  triedSlot({ ip, tcp }: Entry): number {
    const bucket = this.buckets.triedBucket(networkGroup(ip, this.options.groupMap), ip, tcp);
    return this.buckets.triedSlot(bucket, ip, tcp);
  }

  /** Returns the number of entries in the network group of an entry. */
  groupSize({ ip }: Entry): number {
    return this.#groups.get(networkGroup(ip, this.options.groupMap)) ?? 0;
  }

  isTerrible(entry: Entry, now: number): boolean {
    return isTerrible(entry, now, this.options);
  }

  /** Adds a new entry to the new table. */
  insert(entry: Entry, now: number): NoRoom | undefined {
    const slot = this.newSlot(entry.ip, entry.tcp, entry.source);
    const noRoom = this.#makeRoom(slot, entry.ip, now);
    if (noRoom !== undefined) return noRoom;
    this.#add(entry);
    this.#addSlot(entry, slot);
    return undefined;
  }

  /** Gives an entry of the new table one more slot, for another source. */
  addReference(entry: Entry, source: string, now: number): boolean {
    const slot = this.newSlot(entry.ip, entry.tcp, source);
    const holder = this.newTable.get(slot);
    if (holder === entry) return false;
    if (holder) {
      if (!this.isTerrible(holder, now)) return false;
      this.#removeSlot(holder, slot);
    }
    this.#addSlot(entry, slot);
    return true;
  }

  /**
   * Moves an entry to another address. It returns to the new table without any history.
   *
   * @param source key of the source that reports the address
   */
  move(entry: Entry, address: Pick<Entry, 'ip' | 'tcp' | 'udp'>, source: string, now: number): NoRoom | undefined {
    const slot = this.newSlot(address.ip, address.tcp, source);
    const noRoom = this.#makeRoom(slot, address.ip, now, entry);
    if (noRoom !== undefined) return noRoom;
    this.#countOut(entry);
    this.collisions.delete(entry);
    if (entry.triedSlot >= 0) this.triedTable.clear(entry.triedSlot);
    for (const one of entry.newSlots) this.newTable.clear(one);
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
    this.#countIn(entry);
    this.#addSlot(entry, slot);
    return undefined;
  }

  /**
   * Moves an entry from the new table to its slot of the tried table. A present holder of the slot returns to the new
   * table.
   */
  promote(entry: Entry, slot: number): void {
    this.collisions.delete(entry);
    for (const one of entry.newSlots) this.newTable.clear(one);
    entry.newSlots = [];
    const holder = this.triedTable.get(slot);
    if (holder) this.#demote(holder);
    this.triedTable.put(slot, entry);
    entry.triedSlot = slot;
  }

  /** Removes an entry and all its slots. */
  remove(entry: Entry): void {
    if (entry.triedSlot >= 0) this.triedTable.clear(entry.triedSlot);
    for (const slot of entry.newSlots) this.newTable.clear(slot);
    entry.triedSlot = -1;
    entry.newSlots = [];
    this.#evict(entry);
  }

  /** Restores an entry of a snapshot in its slots, which are free; there is at least one. */
  restore(entry: Entry): void {
    this.#add(entry);
    if (entry.triedSlot >= 0) this.triedTable.put(entry.triedSlot, entry);
    for (const slot of entry.newSlots) this.newTable.put(slot, entry);
  }

  /** Restores an entry of a snapshot with another layout: in its table if there is room, otherwise in the new table. */
  relocate(entry: Entry, now: number): void {
    const wasTried = entry.triedSlot >= 0;
    entry.triedSlot = -1;
    entry.newSlots = [];
    if (wasTried && this.limits.room(entry.ip) === true) {
      const slot = this.triedSlot(entry);
      if (this.triedTable.get(slot) === undefined) {
        entry.triedSlot = slot;
        this.restore(entry);
        return;
      }
    }
    this.insert(entry, now);
  }

  /** Makes room for an address that has no other slot: in a slot of the new table, and in its network. */
  #makeRoom(slot: number, ip: string, now: number, moving?: Entry): NoRoom | undefined {
    const holder = this.newTable.get(slot);
    const yields =
      holder === undefined || holder === moving || holder.newSlots.length > 1 || this.isTerrible(holder, now);
    if (!yields) return 'slot-taken';
    const room = this.limits.room(ip, moving);
    if (room !== true) {
      const worst = room.find((entry) => this.isTerrible(entry, now));
      if (worst === undefined) return 'network-full';
      this.remove(worst);
    }
    // Read again: the holder from above may have been removed.
    const left = this.newTable.get(slot);
    if (left !== undefined && left !== moving) this.#removeSlot(left, slot);
    return undefined;
  }

  /** Returns an entry to the new table, where it replaces the present holder of its slot. */
  #demote(entry: Entry): void {
    this.triedTable.clear(entry.triedSlot);
    entry.triedSlot = -1;
    const slot = this.newSlot(entry.ip, entry.tcp, entry.source);
    const holder = this.newTable.get(slot);
    if (holder) this.#removeSlot(holder, slot);
    this.#addSlot(entry, slot);
  }

  #addSlot(entry: Entry, slot: number): void {
    this.newTable.put(slot, entry);
    entry.newSlots = entry.newSlots.concat(slot);
  }

  #removeSlot(entry: Entry, slot: number): void {
    this.newTable.clear(slot);
    entry.newSlots = entry.newSlots.filter((one) => one !== slot);
    if (entry.newSlots.length === 0) this.#evict(entry);
  }

  #add(entry: Entry): void {
    entry.index = this.entries.push(entry) - 1;
    this.byId.set(entry.id, entry);
    this.#countIn(entry);
  }

  #countIn(entry: Entry): void {
    this.limits.add(entry);
    const group = networkGroup(entry.ip, this.options.groupMap);
    this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
  }

  #countOut(entry: Entry): void {
    this.limits.remove(entry);
    const group = networkGroup(entry.ip, this.options.groupMap);
    const left = (this.#groups.get(group) ?? 0) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }

  /** Removes an entry that has no slot left. */
  #evict(entry: Entry): void {
    this.byId.delete(entry.id);
    this.collisions.delete(entry);
    this.#countOut(entry);
    const last = this.entries.pop();
    if (last === undefined || last === entry) return;
    this.entries[entry.index] = last;
    last.index = entry.index;
  }
}
