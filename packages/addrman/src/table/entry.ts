import { binary, bytesOf } from '../snapshot/binary.ts';

/** Where a node can be reached. */
export interface NodeAddress {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  /** Port that is dialled, 1 to 65535; with the IP, it decides on the bucket. */
  readonly tcp: number;
  /** Port for discovery, 0 for none. */
  readonly udp: number;
}

/** What a node has signed about itself. The bytes are opaque here. */
export interface SignedRecord {
  readonly seq: bigint;
  readonly bytes: Uint8Array;
}

/** What somebody tells us about a node. */
export interface AddrNode {
  /** The node's public key, 64 bytes. */
  readonly id: Uint8Array;
  /** With a record: the address that the record states. */
  readonly address: NodeAddress;
  readonly record?: SignedRecord | undefined;
  /** When the node was last known to be online, ms since the Unix epoch; more than 10 min ahead counts as 5 days ago. @default now */
  readonly lastSeen?: number | undefined;
}

/** What is known about a node. Times are in ms since the Unix epoch, 0 for never. */
export interface AddrEntry {
  readonly id: Uint8Array;
  readonly address: NodeAddress;
  readonly record?: SignedRecord;
  /** Whether it is in the table of addresses that we have connected to; otherwise in that of new ones. */
  readonly tried: boolean;
  /** When it was last said or known to be online. */
  readonly lastSeen: number;
  /** When we last began to dial it. */
  readonly lastTry: number;
  /** When we were last connected to it, by our own doing, and found it good. */
  readonly lastSuccess: number;
  /** Failures since then that count. */
  readonly attempts: number;
}

/** What somebody tells of a node, as it is kept; the record is kept only when it has proved to be of use. */
export type Told = Pick<Entry, 'id' | 'ip' | 'tcp' | 'udp' | 'lastSeen'>;

/** An entry as it is kept. Strings are bytes, one a character. */
export interface Entry {
  readonly id: string;
  ip: string;
  tcp: number;
  udp: number;
  seq: bigint;
  /** Empty: there is none. */
  record: string;
  /** Who told us first of this address (`sourceKey`). */
  source: string;
  lastSeen: number;
  lastTry: number;
  lastSuccess: number;
  /** When a failure was last counted. */
  lastCount: number;
  attempts: number;
  /** Its slot in the tried table; −1 while it is in the new one. */
  triedSlot: number;
  /** Its slots in the new table: at least one while it is not tried, and none while it is. */
  newSlots: readonly number[];
  /** Its place in the list of all entries. */
  index: number;
  /** The next entry of the same network, for the limits. */
  neighbour: Entry | undefined;
}

/**
 * An entry without a slot, of which no more is known than what was told. One literal, for V8 takes three times the
 * memory for an object that is pieced together.
 */
export function newEntry({ id, ip, tcp, udp, lastSeen }: Told, source: string): Entry {
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
    neighbour: undefined,
  };
}

/** Keeps a record with its entry. */
export function setRecord(entry: Entry, { seq, bytes }: SignedRecord): void {
  entry.seq = seq;
  entry.record = binary(bytes);
}

/** The longest record that is kept: that of Ethereum's node records (EIP-778). */
export const MAX_RECORD_LENGTH = 300;

/** Its bytes are made when they are asked for: most of those who look at an entry do not. */
function describeRecord({ seq, record }: Entry): SignedRecord {
  return {
    seq,
    get bytes() {
      return bytesOf(record);
    },
  };
}

/** An entry as the outside sees it. */
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
