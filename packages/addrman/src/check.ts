import { AddrManError } from './error.ts';
import { isSourceKey, networkGroup } from './policy/group.ts';
import { type Book, MAX_REFERENCES } from './table/book.ts';
import type { Entry } from './table/entry.ts';

/** Verifies everything that has to hold of a book between two calls. @throws `inconsistent` */
export function checkBook(book: Book): void {
  expect(book.byId.size === book.entries.length, 'entries and ids differ in number');
  for (const [index, entry] of book.entries.entries()) {
    expect(entry.index === index, 'an entry is not where it says');
    expect(book.byId.get(entry.id) === entry, 'an entry is not found by its id');
    checkFields(entry);
    checkSlots(book, entry);
    checkLimits(book, entry);
  }
  checkGroups(book);
  checkTables(book);
  expect(Number.isSafeInteger(book.lastGood) && book.lastGood > 0, 'a time is out of range');
  for (const entry of book.collisions) {
    expect(book.byId.get(entry.id) === entry, 'an entry that is gone waits for a tried slot');
    expect(entry.triedSlot < 0, 'an entry waits for a tried slot and has one');
  }
}

function checkFields(entry: Entry): void {
  expect(entry.id.length === 64, 'an id has not 64 bytes');
  expect(entry.ip.length === 4 || entry.ip.length === 16, 'an address is none');
  expect(isWhole(entry.tcp, 1, 65_535) && isWhole(entry.udp, 0, 65_535), 'a port is none');
  expect(isSourceKey(entry.source), 'a source is none');
  const { lastSeen, lastTry, lastSuccess, lastCount, attempts } = entry;
  for (const time of [lastSeen, lastTry, lastSuccess, lastCount]) {
    expect(isWhole(time, 0, Number.MAX_SAFE_INTEGER), 'a time is out of range');
  }
  expect(isWhole(attempts, 0, Number.MAX_SAFE_INTEGER), 'a count is out of range');
}

function checkSlots(book: Book, entry: Entry): void {
  const { ip, tcp, triedSlot, newSlots } = entry;
  if (triedSlot >= 0) {
    expect(newSlots.length === 0, 'an entry is in both tables');
    expect(book.tried.get(triedSlot) === entry, 'an entry has lost its tried slot');
    expect(book.triedSlot(entry) === triedSlot, 'an entry is in the wrong tried slot');
    return;
  }
  expect(newSlots.length >= 1, 'an entry is in no table');
  expect(newSlots.length <= MAX_REFERENCES, 'an entry has too many slots');
  expect(new Set(newSlots).size === newSlots.length, 'an entry has a slot twice');
  for (const slot of newSlots) {
    expect(book.fresh.get(slot) === entry, 'an entry has lost a new slot');
    const bucket = Math.floor(slot / book.options.bucketSize);
    expect(book.buckets.newSlot(bucket, ip, tcp) === slot, 'an entry is in the wrong position');
  }
}

function checkGroups(book: Book): void {
  const sizes = new Map<string, number>();
  const groupOf = ({ ip }: Entry): string => networkGroup(ip, book.options.groupMap);
  for (const entry of book.entries) {
    sizes.set(groupOf(entry), (sizes.get(groupOf(entry)) ?? 0) + 1);
  }
  for (const entry of book.entries) {
    expect(book.groupSize(entry) === sizes.get(groupOf(entry)), 'a group is miscounted');
  }
}

function checkLimits({ limits, options }: Book, entry: Entry): void {
  if (!limits.counts(entry.ip)) return;
  const network = limits.entries(entry.ip);
  expect(network.includes(entry), 'an entry is missing in its network');
  expect(network.length <= options.maxPerNetwork, 'a network has too many entries');
  const same = network.filter(({ ip }) => ip === entry.ip);
  expect(same.length <= options.maxPerIp, 'an IP address has too many entries');
}

function checkTables({ fresh, tried, entries }: Book): void {
  const all = new Set(entries);
  for (const table of [fresh, tried]) {
    const buckets = new Set<number>();
    let used = 0;
    for (let slot = 0; slot < table.capacity; slot++) {
      const entry = table.get(slot);
      if (!entry) continue;
      used++;
      buckets.add(Math.floor(slot / table.bucketSize));
      expect(all.has(entry), 'a slot has an entry that is gone');
      const claimed = table === tried ? [entry.triedSlot] : entry.newSlots;
      expect(claimed.includes(slot), 'a slot has an entry that does not know');
    }
    expect(table.used === used, 'a table has lost count of its slots');
    expect(table.bucketsInUse === buckets.size, 'a table has lost count of its buckets');
  }
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new AddrManError('inconsistent', otherwise);
}
