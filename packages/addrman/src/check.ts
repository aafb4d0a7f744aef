import { AddrManError } from './error.ts';
import { isSourceKey, networkGroup } from './policy/group.ts';
import { type Book, maxReferences } from './table/book.ts';
import type { Entry } from './table/entry.ts';

/** Verifies every invariant of a book. @throws AddrManError `inconsistent` */
export function checkBook(book: Book): void {
  expect(book.byId.size === book.entries.length, 'number of entries and number of ids differ');
  for (const [index, entry] of book.entries.entries()) {
    expect(entry.index === index, 'index of an entry is wrong');
    expect(book.byId.get(entry.id) === entry, 'id of an entry is not in the index');
    checkFields(entry);
    checkSlots(book, entry);
    checkLimits(book, entry);
  }
  checkGroups(book);
  checkTables(book);
  expect(Number.isSafeInteger(book.lastGood) && book.lastGood > 0, 'time is out of range');
  for (const entry of book.collisions) {
    expect(book.byId.get(entry.id) === entry, 'removed entry waits for a tried slot');
    expect(entry.triedSlot < 0, 'entry waits for a tried slot and has one');
  }
}

function checkFields(entry: Entry): void {
  expect(entry.id.length === 64, 'id is not 64 bytes');
  expect(entry.ip.length === 4 || entry.ip.length === 16, 'IP address is not 4 or 16 bytes');
  expect(isWhole(entry.tcp, 1, 65_535) && isWhole(entry.udp, 0, 65_535), 'port is out of range');
  expect(isSourceKey(entry.source), 'invalid source');
  const { lastSeen, lastTry, lastSuccess, lastCount, attempts } = entry;
  for (const time of [lastSeen, lastTry, lastSuccess, lastCount]) {
    expect(isWhole(time, 0, Number.MAX_SAFE_INTEGER), 'time is out of range');
  }
  expect(isWhole(attempts, 0, Number.MAX_SAFE_INTEGER), 'failure count is out of range');
}

function checkSlots(book: Book, entry: Entry): void {
  const { ip, tcp, triedSlot, newSlots } = entry;
  if (triedSlot >= 0) {
    expect(newSlots.length === 0, 'entry is in both tables');
    expect(book.triedTable.get(triedSlot) === entry, 'tried slot does not hold its entry');
    expect(book.triedSlot(entry) === triedSlot, 'entry is in the wrong tried slot');
    return;
  }
  expect(newSlots.length >= 1, 'entry is in no table');
  expect(newSlots.length <= maxReferences, `entry has more than ${maxReferences} slots`);
  expect(new Set(newSlots).size === newSlots.length, 'entry has a slot twice');
  for (const slot of newSlots) {
    expect(book.newTable.get(slot) === entry, 'new slot does not hold its entry');
    const bucket = Math.floor(slot / book.options.bucketSize);
    expect(book.buckets.newSlot(bucket, ip, tcp) === slot, 'entry is in the wrong position of its bucket');
  }
}

function checkGroups(book: Book): void {
  const sizes = new Map<string, number>();
  const groupOf = ({ ip }: Entry): string => networkGroup(ip, book.options.groupMap);
  for (const entry of book.entries) {
    sizes.set(groupOf(entry), (sizes.get(groupOf(entry)) ?? 0) + 1);
  }
  for (const entry of book.entries) {
    expect(book.groupSize(entry) === sizes.get(groupOf(entry)), 'size of a network group is wrong');
  }
}

function checkLimits({ limits, options }: Book, entry: Entry): void {
  if (!limits.counts(entry.ip)) return;
  const network = limits.entries(entry.ip);
  expect(network.includes(entry), 'entry is missing in its network');
  expect(network.length <= options.maxPerNetwork, `network has more than ${options.maxPerNetwork} entries`);
  const same = network.filter(({ ip }) => ip === entry.ip);
  expect(same.length <= options.maxPerIp, `IP address has more than ${options.maxPerIp} entries`);
}

function checkTables({ newTable, triedTable, entries }: Book): void {
  const all = new Set(entries);
  for (const table of [newTable, triedTable]) {
    const buckets = new Set<number>();
    let used = 0;
    for (let slot = 0; slot < table.capacity; slot++) {
      const entry = table.get(slot);
      if (!entry) continue;
      used++;
      buckets.add(Math.floor(slot / table.bucketSize));
      expect(all.has(entry), 'slot holds a removed entry');
      const slots = table === triedTable ? [entry.triedSlot] : entry.newSlots;
      expect(slots.includes(slot), 'slot is missing in its entry');
    }
    expect(table.used === used, 'number of used slots is wrong');
    expect(table.bucketsInUse === buckets.size, 'number of used buckets is wrong');
  }
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function expect(condition: boolean, message: string): void {
  if (!condition) throw new AddrManError('inconsistent', message);
}
