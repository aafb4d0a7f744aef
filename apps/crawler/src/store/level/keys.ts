/** A range of keys: from the first on, and without the last. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** First byte of the keys of each kind of records: never to be given another meaning. */
const kinds = {
  /** What this database is. */
  about: 0x00,
  /** id → node */
  node: 0x01,
  /** due time ‖ id → nothing */
  due: 0x02,
  /** id ‖ time → visit */
  visit: 0x03,
  /** id → ids of those it named */
  neighbours: 0x04,
  /** start → session */
  session: 0x05,
  /** time ‖ start of the session → rollup */
  rollup: 0x06,
} as const;

type Kind = keyof typeof kinds;

/** A key: ids as they are, times in 8 bytes so that keys are in the order of time. */
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

/** All keys of a kind, or those that begin with an id. */
export function keysOf(kind: Kind, id: Uint8Array = new Uint8Array(0)): KeyRange {
  const gte = key(kind, id);
  const lt = gte.slice();
  // The first key after all that begin with these bytes.
  let at = lt.length - 1;
  while (lt[at] === 0xff) at--;
  lt[at] = (lt[at] ?? 0) + 1;
  return { gte, lt: lt.subarray(0, at + 1) };
}

/** The time that stands at `offset` in a key or value. */
export function timeAt(bytes: Uint8Array, offset: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset));
}

/** Milliseconds as 8 bytes. Times are whole and not before the epoch; others become the nearest that is. */
export function timeBytes(milliseconds: number): Uint8Array {
  const whole = Math.min(Math.max(0, Math.round(milliseconds)), Number.MAX_SAFE_INTEGER);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(whole));
  return bytes;
}
