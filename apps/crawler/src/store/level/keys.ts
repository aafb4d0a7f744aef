/** A range of keys, from `gte` up to but not including `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** First byte of the keys of each kind of record. A value must not be reused with another meaning. */
const kinds = {
  /** name and format of the database */
  about: 0x00,
  /** id → node */
  node: 0x01,
  /** due time ‖ id → empty */
  due: 0x02,
  /** id ‖ time → visit */
  visit: 0x03,
  /** id → ids of its neighbors */
  neighbors: 0x04,
  /** start → session */
  session: 0x05,
  /** time ‖ start of the session → rollup */
  rollup: 0x06,
} as const;

type Kind = keyof typeof kinds;

/** Builds a key. Times take 8 bytes, big-endian, so that the order of keys is the order of times. */
export function key(kind: Kind, ...parts: readonly (Uint8Array | number)[]): Uint8Array {
  let length = 1;
  for (const part of parts) length += typeof part === 'number' ? 8 : part.length;
  const bytes = new Uint8Array(length);
  bytes[0] = kinds[kind];
  let at = 1;
  for (const part of parts) {
    const piece = typeof part === 'number' ? timeBytes(part) : part;
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Returns the range of all keys of a kind, or of those with a prefix. */
export function keysOf(kind: Kind, prefix: Uint8Array = new Uint8Array(0)): KeyRange {
  const gte = key(kind, prefix);
  const lt = gte.slice();
  // The first key after all keys with this prefix.
  let at = lt.length - 1;
  while (lt[at] === 0xff) at--;
  lt[at] = (lt[at] ?? 0) + 1;
  return { gte, lt: lt.subarray(0, at + 1) };
}

/** Reads the time at an offset of a key or value. */
export function timeAt(bytes: Uint8Array, offset: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset));
}

/** Encodes milliseconds since the epoch in 8 bytes. Fractions are rounded, negative times become 0. */
export function timeBytes(milliseconds: number): Uint8Array {
  const whole = Math.min(Math.max(0, Math.round(milliseconds)), Number.MAX_SAFE_INTEGER);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(whole));
  return bytes;
}
