import { crc32 } from 'node:zlib';
import { AddrManError } from '../error.ts';
import { isSourceKey } from '../policy/group.ts';
import type { NetworkLimitOptions } from '../policy/network-limits.ts';
import type { Layout } from '../table/bucket.ts';
import { type Entry, type KnownAddress, maxRecordLength, newEntry } from '../table/entry.ts';
import { ByteReader, ByteWriter, corrupt } from './snapshot-bytes.ts';

// Numbers are little-endian; u8+ and u16+ are a length followed by that number of bytes:
//
// magic 8 · format u32
// key 32 · layout 3 × u32 · limits 2 × u32 · group map u16+ · last good f64
// entries u32 × (id 64 · ip u8+ · tcp u16 · udp u16 · seq u64 · record u16+ · source u8+ · times 4 × f64 · attempts
// f64)
// new table u32 × (slot u32 · entry u32)
// tried table u32 × (slot u32 · entry u32)
// CRC-32 of all bytes before it
//
// Every later format keeps the first line and the last.

const magic = 'devp2pam';
const format = 1;
const magicLength = magic.length;
const checksumLength = 4;
const headerLength: number = magicLength + 4 + 32 + 5 * 4 + 2 + 8 + 4;
/** Length of an entry without address, record and source. */
const entryLength: number = 64 + 1 + 2 + 2 + 8 + 2 + 1 + 5 * 8;
const slotLength = 8;

/** Layout of a book. With another layout, the same entries have other slots. */
export interface SnapshotLayout extends Layout, NetworkLimitOptions {
  readonly groupMap?: { readonly id: string } | undefined;
}

/** Decoded snapshot. Whether each slot fits its entry is not checked. */
export interface Snapshot {
  readonly key: Uint8Array;
  /** @see fingerprint */
  readonly layout: string;
  readonly lastGood: number;
  /** Entries with their slots of both tables. */
  readonly entries: readonly Entry[];
}

/** The parts of a book that a snapshot contains. */
export interface SnapshotSource {
  readonly buckets: { readonly key: Uint8Array };
  readonly options: SnapshotLayout;
  readonly lastGood: number;
  readonly entries: readonly Entry[];
}

/** Returns a text that is equal for layouts in which entries have the same slots. */
export function fingerprint(layout: SnapshotLayout): string {
  return [...numbersOf(layout), layout.groupMap?.id ?? ''].join(' ');
}

/** Encodes a book. */
export function encodeSnapshot({ buckets, options, lastGood, entries }: SnapshotSource): Uint8Array {
  const groupMap = new TextEncoder().encode(options.groupMap?.id ?? '');
  const newSlots = tableOf(entries, (entry) => entry.newSlots);
  const triedSlots = tableOf(entries, ({ triedSlot }) => (triedSlot < 0 ? [] : [triedSlot]));
  const tables = 4 + slotLength * newSlots.length + 4 + slotLength * triedSlots.length;
  let size = headerLength + groupMap.length + tables + checksumLength;
  for (const { ip, record, source } of entries) {
    size += entryLength + ip.length + record.length + source.length;
  }
  const writer = new ByteWriter(size);
  writer.binary(magic);
  writer.uint(4, format);
  writer.raw(buckets.key);
  for (const number of numbersOf(options)) writer.uint(4, number);
  writer.uint(2, groupMap.length);
  writer.raw(groupMap);
  writer.float(lastGood);
  writer.uint(4, entries.length);
  for (const entry of entries) writeEntry(writer, entry);
  for (const table of [newSlots, triedSlots]) {
    writer.uint(4, table.length);
    for (const [slot, index] of table) {
      writer.uint(4, slot);
      writer.uint(4, index);
    }
  }
  writer.uint(4, crc32(writer.written));
  return writer.bytes;
}

/**
 * Decodes a snapshot and verifies its checksum.
 *
 * @throws AddrManError `corrupt-snapshot` or `newer-snapshot`
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const end = bytes.length - checksumLength;
  if (end < magicLength + 4) throw corrupt(`only ${bytes.length} bytes`);
  const reader = new ByteReader(bytes.subarray(0, end));
  if (reader.binary(magicLength) !== magic) throw corrupt('wrong magic bytes');
  if (new ByteReader(bytes.subarray(end)).uint(4) !== crc32(bytes.subarray(0, end))) {
    throw corrupt('wrong checksum');
  }
  const found = reader.uint(4);
  if (found > format) {
    const message = `address snapshot has format ${found}; this version reads up to ${format}`;
    throw new AddrManError('newer-snapshot', message);
  }
  const key = reader.raw(32).slice();
  const numbers = Array.from({ length: 5 }, () => reader.uint(4));
  const groupMap = new TextDecoder().decode(reader.raw(reader.uint(2)));
  const lastGood = reader.float();
  const entries: Entry[] = [];
  const count = reader.uint(4);
  if (count > reader.left / entryLength) throw corrupt(`${count} entries do not fit into ${reader.left} bytes`);
  for (let i = 0; i < count; i++) entries.push(readEntry(reader));
  readTable(reader, entries, (entry, slot) => {
    entry.newSlots = entry.newSlots.concat(slot);
  });
  readTable(reader, entries, (entry, slot) => {
    if (entry.triedSlot >= 0) throw corrupt('entry has two tried slots');
    entry.triedSlot = slot;
  });
  if (reader.left > 0) throw corrupt(`${reader.left} bytes after the end`);
  return { key, layout: [...numbers, groupMap].join(' '), lastGood, entries };
}

function numbersOf(layout: SnapshotLayout): number[] {
  const { newBuckets, triedBuckets, bucketSize, maxPerNetwork, maxPerIp } = layout;
  return [newBuckets, triedBuckets, bucketSize, maxPerNetwork, maxPerIp];
}

function tableOf(
  entries: readonly Entry[],
  slotsOf: (entry: Entry) => readonly number[],
): (readonly [slot: number, index: number])[] {
  return entries.flatMap((entry, index) => slotsOf(entry).map((slot) => [slot, index] as const));
}

function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.binary(entry.id);
  writer.uint(1, entry.ip.length);
  writer.binary(entry.ip);
  writer.uint(2, entry.tcp);
  writer.uint(2, entry.udp);
  writer.uint64(entry.seq);
  writer.uint(2, entry.record.length);
  writer.binary(entry.record);
  writer.uint(1, entry.source.length);
  writer.binary(entry.source);
  writer.float(entry.lastSeen);
  writer.float(entry.lastTry);
  writer.float(entry.lastSuccess);
  writer.float(entry.lastCount);
  writer.float(entry.attempts);
}

function readEntry(reader: ByteReader): Entry {
  const address: KnownAddress = {
    id: reader.binary(64),
    ip: reader.binary(reader.uint(1)),
    tcp: reader.uint(2),
    udp: reader.uint(2),
    lastSeen: 0,
  };
  const seq = reader.uint64();
  const record = reader.binary(Math.min(reader.uint(2), maxRecordLength + 1));
  const entry = newEntry(address, reader.binary(reader.uint(1)));
  entry.seq = seq;
  entry.record = record;
  entry.lastSeen = reader.float();
  entry.lastTry = reader.float();
  entry.lastSuccess = reader.float();
  entry.lastCount = reader.float();
  entry.attempts = reader.float();
  if (entry.ip.length !== 4 && entry.ip.length !== 16) throw corrupt('IP address is not 4 or 16 bytes');
  if (entry.record.length > maxRecordLength) throw corrupt(`record is longer than ${maxRecordLength} bytes`);
  if (!isSourceKey(entry.source)) throw corrupt('invalid source');
  return entry;
}

function readTable(reader: ByteReader, entries: readonly Entry[], assign: (entry: Entry, slot: number) => void): void {
  const count = reader.uint(4);
  for (let i = 0; i < count; i++) {
    const slot = reader.uint(4);
    const entry = entries[reader.uint(4)];
    if (entry === undefined) throw corrupt('slot refers to a missing entry');
    assign(entry, slot);
  }
}
