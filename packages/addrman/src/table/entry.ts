import { binary, bytesOf } from '../snapshot/binary.ts';

/** Address of a node. */
export interface NodeAddress {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  /** TCP port to dial, 1 to 65535; with the IP address it determines the bucket. */
  readonly tcp: number;
  /** UDP port of discovery, 0 for none. */
  readonly udp: number;
}

/** Signed node record. The bytes are opaque to this package. */
export interface SignedRecord {
  readonly seq: bigint;
  readonly bytes: Uint8Array;
}

/** A node as a source reports it. */
export interface AddrNode {
  /** The node's public key, 64 bytes. */
  readonly id: Uint8Array;
  /** If there is a record: the address in the record. */
  readonly address: NodeAddress;
  readonly record?: SignedRecord | undefined;
  /**
   * When the node was last online, in ms since the Unix epoch; a time more than 10 min in the future counts as 5 days
   * ago. @default now
   */
  readonly lastSeen?: number | undefined;
}

/** Entry of a node. Times are in ms since the Unix epoch, 0 for never. */
export interface AddrEntry {
  readonly id: Uint8Array;
  readonly address: NodeAddress;
  readonly record?: SignedRecord;
  /** Whether the entry is in the tried table (a connection succeeded); otherwise it is in the new table. */
  readonly tried: boolean;
  /** When the node was last reported or seen online. */
  readonly lastSeen: number;
  /** When the last dial began. */
  readonly lastTry: number;
  /** When the last dial succeeded and the node was found good. */
  readonly lastSuccess: number;
  /** Counted failures since the last success. */
  readonly attempts: number;
}

/** Stored form of a reported address, without a record: records are stored only once they are known to be useful. */
export type KnownAddress = Pick<Entry, 'id' | 'ip' | 'tcp' | 'udp' | 'lastSeen'>;

/** Stored form of an entry. Strings hold bytes, one per character. */
export interface Entry {
  readonly id: string;
  ip: string;
  tcp: number;
  udp: number;
  seq: bigint;
  /** Bytes of the record; empty without a record. */
  record: string;
  /** Key of the first source of this address (`sourceKey`). */
  source: string;
  lastSeen: number;
  lastTry: number;
  lastSuccess: number;
  /** When the last failure was counted. */
  lastCount: number;
  attempts: number;
  /** Slot of the tried table; −1 while the entry is in the new table. */
  triedSlot: number;
  /** Slots of the new table: at least one while the entry is not tried, otherwise none. */
  newSlots: readonly number[];
  /** Index in the list of all entries. */
  index: number;
  /** Next entry of the same network, for the limits. */
  nextInNetwork: Entry | undefined;
}

/**
 * Creates an entry without a slot and without history. A single object literal: V8 uses three times the memory for an
 * object that gets its properties one by one.
 */
export function newEntry({ id, ip, tcp, udp, lastSeen }: KnownAddress, source: string): Entry {
  return {
    id,
    ip,
    tcp,
    udp,
    seq: 0n,
    record: '',
    source,
    lastSeen,
    lastTry: 0,
    lastSuccess: 0,
    lastCount: 0,
    attempts: 0,
    triedSlot: -1,
    newSlots: [],
    index: -1,
    nextInNetwork: undefined,
  };
}

/** Stores a record in its entry. */
export function setRecord(entry: Entry, { seq, bytes }: SignedRecord): void {
  entry.seq = seq;
  entry.record = binary(bytes);
}

/** Longest record, in bytes: the limit for Ethereum node records (EIP-778). */
export const maxRecordLength = 300;

/** The bytes are created on access, since most callers do not read them. */
function describeRecord({ seq, record }: Entry): SignedRecord {
  return {
    seq,
    get bytes() {
      return bytesOf(record);
    },
  };
}

/** Returns the public form of an entry. */
export function describe(entry: Entry): AddrEntry {
  const { ip, tcp, udp, record, lastSeen, lastTry, lastSuccess, attempts } = entry;
  return {
    id: bytesOf(entry.id),
    address: { ip: bytesOf(ip), tcp, udp },
    ...(record === '' ? undefined : { record: describeRecord(entry) }),
    tried: entry.triedSlot >= 0,
    lastSeen,
    lastTry,
    lastSuccess,
    attempts,
  };
}
